/**
 * What a peer's version and features mean for this node, in plain words: for the command line and the dashboard. Pure. What the
 * peer said has been admitted before (`greeting.ts`): printable ASCII of bounded length.
 */
import { NS_PER_SEC } from '../../base/index.ts'
import { isFeature, missingFeatures } from './features.ts'
import type { RememberedRefusal } from './greeting-refusals.ts'
import type { AgreedPeer } from './greetings.ts'

export interface PeerVersionView {
  readonly own: { readonly version: string; readonly features: readonly string[] }
  /** What the peer said of itself on the connection that it has. */
  readonly said: { readonly version: string; readonly features: readonly string[] } | undefined
  readonly agreed: AgreedPeer | undefined
  /** The last refusal; undefined where none is remembered or there is agreement. */
  readonly refusal:
    | (Pick<RememberedRefusal, 'reason' | 'by' | 'text' | 'times'> & { readonly pausedForNs: bigint })
    | undefined
  readonly isConnected: boolean
}

/** One sentence each. */
export const explainPeerVersion = (view: PeerVersionView): readonly string[] => {
  if (view.agreed !== undefined) return [agreement(view.agreed, view.own), ...unused(view)]
  if (view.refusal !== undefined) return [refusalOf(view.refusal), ...after(view.refusal)]
  return [view.isConnected ? 'It is connected and has not greeted.' : 'It has not greeted since this node was started.']
}

const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`

const agreement = ({ version, spoken, features }: AgreedPeer, own: PeerVersionView['own']): string => {
  const versions =
    version === own.version
      ? `It speaks ${version}, as this node does`
      : `It speaks ${version} and this node ${own.version}: between them it is ${spoken}`
  return `${versions}, ${features.length === 0 ? 'with no feature that both have' : `with ${listed(features)}`}.`
}

const unused = ({ said, own }: PeerVersionView): readonly string[] => {
  const more = missingFeatures(said?.features ?? [], own.features)
  const known = more.filter(isFeature)
  const unknown = more.filter((name) => !isFeature(name))
  const lacking = missingFeatures(own.features, said?.features ?? [])
  return [
    ...(known.length === 0 ? [] : [`It has ${listed(known)}, which this node has not.`]),
    ...(unknown.length === 0
      ? []
      : [`It says ${listed(unknown)}, which this node does not know: a newer version may.`]),
    ...(lacking.length === 0 ? [] : [`It does not have ${listed(lacking)}, which this node has.`]),
  ]
}

const refusalOf = ({ reason, by, text }: NonNullable<PeerVersionView['refusal']>): string => {
  if (reason === 'no-greeting') return 'It did not greet within 5 s and was closed: is it a node of this kind?'
  if (reason === 'bad-greeting') return 'What it sent was no greeting, and it was closed.'
  return by === 'own' ? `This node told it: "${text}"` : `It told this node: "${text}"`
}

const after = ({ times, pausedForNs }: NonNullable<PeerVersionView['refusal']>): readonly string[] => [
  ...(times > 1 ? [`So it went ${times} times in a row.`] : []),
  pausedForNs === 0n
    ? 'It may be dialled again.'
    : `It is not dialled for another ${(pausedForNs + NS_PER_SEC - 1n) / NS_PER_SEC} s; if it comes by itself, it is asked again.`,
]
