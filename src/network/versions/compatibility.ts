/**
 * Who can talk to whom: a table of rules, asked in order; the first that is broken is the reason. Every rule looks at both
 * sides alike, so that two nodes with this table come to one finding, whoever asks. The same table stands in
 * docs/spec/network.md (N-91).
 */
import { equalBytes, hexOf } from '../../base/index.ts'
import { missingFeatures, sharedFeatures } from './features.ts'
import type { Feature } from './features.ts'
import { compareVersions, isSameLine } from './protocol-version.ts'
import type { ProtocolVersion } from './protocol-version.ts'

/** What a node says of itself that decides whether another can talk to it. */
export interface Speaker {
  /** SHA3-256 of the genesis, 32 bytes. */
  readonly networkId: Uint8Array
  readonly version: ProtocolVersion
  /** The oldest version that it understands; not above `version`. */
  readonly oldestSpoken: ProtocolVersion
  readonly features: readonly string[]
  /** Features without which it talks to nobody; a part of `features`. */
  readonly required: readonly string[]
}

/** Why two nodes do not talk. */
export const INCOMPATIBILITY_REASONS = [
  'other-network',
  'incompatible-version',
  'version-too-old',
  'missing-feature',
] as const
export type IncompatibilityReason = (typeof INCOMPATIBILITY_REASONS)[number]

export interface CompatibilityRule {
  readonly reason: IncompatibilityReason
  /** Is it broken between these two? The same with the two exchanged. */
  readonly isBroken: (one: Speaker, other: Speaker) => boolean
  /** What `speaker` says to `listener` where it is broken: both facts, and who must do what. One line of ASCII. */
  readonly sentence: (speaker: Speaker, listener: Speaker) => string
}

export const versionText = ({ major, minor, patch }: ProtocolVersion): string => `${major}.${minor}.${patch}`

const isTooOldFor = ({ version }: Speaker, { oldestSpoken }: Speaker): boolean =>
  compareVersions(version, oldestSpoken) < 0

/** Names of features shown in one sentence. */
const NAMES_SHOWN_MAX = 3

const listed = (names: readonly string[]): string => {
  const shown = names.slice(0, NAMES_SHOWN_MAX).join(', ')
  return names.length > NAMES_SHOWN_MAX ? `${shown} and ${names.length - NAMES_SHOWN_MAX} more` : shown
}

const tagOf = ({ networkId }: Speaker): string => hexOf(networkId.subarray(0, 4))

export const COMPATIBILITY_RULES: readonly CompatibilityRule[] = [
  {
    reason: 'other-network',
    isBroken: (one, other) => !equalBytes(one.networkId, other.networkId),
    sentence: (speaker, listener) =>
      `This node belongs to network ${tagOf(speaker)}; yours to ${tagOf(listener)}: ` +
      'to join this one, start yours with its genesis file.',
  },
  {
    reason: 'incompatible-version',
    isBroken: (one, other) => !isSameLine(one.version, other.version),
    sentence: (speaker, listener) => {
      const both = `This node speaks ${versionText(speaker.version)}; yours speaks ${versionText(listener.version)}`
      return compareVersions(listener.version, speaker.version) < 0
        ? `${both}, which it does not understand: upgrade yours.`
        : `${both}, which is too new for it: its operator must upgrade this node.`
    },
  },
  {
    reason: 'version-too-old',
    isBroken: (one, other) => isTooOldFor(one, other) || isTooOldFor(other, one),
    sentence: (speaker, listener) =>
      isTooOldFor(listener, speaker)
        ? `This node speaks ${versionText(speaker.version)} and understands back to ${versionText(speaker.oldestSpoken)}; ` +
          `yours is ${versionText(listener.version)}: upgrade it.`
        : `This node speaks ${versionText(speaker.version)}; yours understands back to ` +
          `${versionText(listener.oldestSpoken)}: its operator must upgrade this node.`,
  },
  {
    reason: 'missing-feature',
    isBroken: (one, other) =>
      missingFeatures(one.required, other.features).length > 0 ||
      missingFeatures(other.required, one.features).length > 0,
    sentence: (speaker, listener) => {
      const missing = missingFeatures(speaker.required, listener.features)
      return missing.length > 0
        ? `This node requires ${listed(missing)}, which yours does not have: upgrade it, or switch that on.`
        : `Yours requires ${listed(missingFeatures(listener.required, speaker.features))}, which this node does not have: ` +
            'its operator must upgrade it, or switch that on.'
    },
  },
]

export type Compatibility =
  | {
      readonly isCompatible: true
      /** What both have and this program knows. */
      readonly features: readonly Feature[]
      /** The older of the two versions: what is said between them is of that one. */
      readonly spoken: string
    }
  | { readonly isCompatible: false; readonly reason: IncompatibilityReason; readonly text: string }

/** What `own` finds of `theirs`; `text` is what to tell them. */
export const compatibilityOf = (own: Speaker, theirs: Speaker): Compatibility => {
  const broken = COMPATIBILITY_RULES.find(({ isBroken }) => isBroken(own, theirs))
  if (broken !== undefined) return { isCompatible: false, reason: broken.reason, text: broken.sentence(own, theirs) }
  const older = compareVersions(own.version, theirs.version) <= 0 ? own : theirs
  return {
    isCompatible: true,
    features: sharedFeatures(own.features, theirs.features),
    spoken: versionText(older.version),
  }
}
