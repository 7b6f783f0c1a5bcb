/**
 * Features: what a node can do beyond what its version says that all can. The names here are all that this program knows; a
 * node says those that it has. What others say and this program does not know is kept as text and not used, so that
 * new nodes can meet old ones. Rules: docs/spec/network.md N-92, N-93.
 *
 * A name's meaning never changes: what would change it gets a new name, with a number at the end (`compression-2`).
 */

export const FEATURES = [
  'compression',
  'hole-punching',
  'peer-exchange',
  'quic',
  'relay',
  'sealed-messages',
  'zk-proofs',
] as const
export type Feature = (typeof FEATURES)[number]

/** What a node has that says the name, for people. */
export const FEATURE_MEANINGS: Readonly<Record<Feature, string>> = {
  compression: 'serves each larger request/response protocol in a compressed form too',
  'hole-punching': 'makes direct connections through address translators, with the help of a relay',
  'peer-exchange': 'answers who asks it for peer records',
  quic: 'can be connected by QUIC as well as TCP',
  relay: 'carries connections for peers that cannot be dialled',
  'sealed-messages': 'opens messages that are encrypted to its key',
  'zk-proofs': 'checks the zero-knowledge proofs of registers',
}

/** Features that one node may say, and characters of a name. */
export const FEATURES_SAID_MAX = 32
export const FEATURE_LENGTH_MAX = 32

const NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/

/** Could this be a feature's name, of this version or of a later one? */
export const isFeatureName = (text: string): boolean => text.length <= FEATURE_LENGTH_MAX && NAME.test(text)

/** A name that this program knows. */
export const isFeature = (name: string): name is Feature => FEATURES.some((feature) => feature === name)

/** What both have and this program knows, in the order of FEATURES. */
export const sharedFeatures = (own: readonly string[], theirs: readonly string[]): readonly Feature[] =>
  FEATURES.filter((feature) => own.includes(feature) && theirs.includes(feature))

/** What of `wanted` is not in `had`. */
export const missingFeatures = (wanted: readonly string[], had: readonly string[]): readonly string[] =>
  wanted.filter((name) => !had.includes(name))
