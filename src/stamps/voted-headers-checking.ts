/**
 * What voted headers are worth: their validators are those that they name, the headers follow one another, a quorum voted for the last of
 * them, and more than a third of what is trusted stands among the voters. Rules T-22 to T-26 in docs/spec/stamps.md.
 *
 * Roots that are worked out make the last header's id; so whatever is changed changes what was voted for. The marks only say where to look.
 */
import { accept, equalBytes, hexOf } from '../base/index.ts'
import {
  LightClient,
  ValidatorSet,
  blockIdOf,
  bytesOfBlockId,
  openLightProof,
  votePart,
  weightsRoot,
} from '../consensus/index.ts'
import type { BlockId, Header, LightTrust } from '../consensus/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { refuse } from './stamp-words.ts'
import type { Attested, StampAdmission } from './stamp-words.ts'
import { isRisingKeys, keyNamed } from './stamp-trust.ts'
import type { StampTrust } from './stamp-trust.ts'
import type { CompactHeader, VotedHeaders } from './voted-headers.ts'

/** Does a root begin with its mark? */
export const isMarked = (root: Uint8Array, mark: Uint8Array): boolean => equalBytes(root.subarray(0, mark.length), mark)

export interface WholeHeaders {
  readonly headers: readonly Header[]
  /** Of each header. */
  readonly ids: readonly BlockId[]
  readonly last: Header
  readonly lastId: BlockId
  readonly validators: ValidatorSet
}

/** The validators as a set; undefined where a name is of nobody or stands in another order or way than it should. */
const setOf = ({ validators }: VotedHeaders, genesisKeys: readonly Uint8Array[]): ValidatorSet | undefined => {
  const named = validators.map(({ key, weight }) => ({ name: key, key: keyNamed(genesisKeys, key), weight }))
  const list = named.flatMap(({ key, weight }) => (key === undefined ? [] : [{ id: '', key, weight }]))
  const places = validators.findIndex(({ key }) => typeof key !== 'number')
  const apart = places < 0 ? list.length : places
  const isOrdered =
    isRisingKeys(list.slice(0, apart).map(({ key }) => key)) && isRisingKeys(list.slice(apart).map(({ key }) => key))
  if (list.length !== validators.length || !isOrdered || list.some(({ weight }) => weight <= 0n)) return undefined
  // Places rise, keys rise, and no key that has a place is named by itself: nobody is in it twice.
  return new ValidatorSet(list)
}

interface Expanding {
  readonly networkId: Uint8Array
  readonly genesisKeys: readonly Uint8Array[]
  readonly root: Uint8Array
  /** Of the header at a place, where it is worked out. */
  readonly transactionsRoot: (place: number) => Uint8Array | undefined
}

const expanded = (
  compact: CompactHeader,
  at: { readonly height: number; readonly parent: BlockId; readonly place: number },
  { networkId, genesisKeys, root, transactionsRoot: workedOut }: Expanding,
): Header | undefined => {
  const { transactionsRoot: stated, weightsRoot: own, proposer: named, ...rest } = compact
  const proposer = keyNamed(genesisKeys, named)
  const transactionsRoot = stated ?? workedOut(at.place)
  // One spelling: a root that is that of the validators is left out.
  const isSpelt = own === null || !equalBytes(own, root)
  if (proposer === undefined || transactionsRoot === undefined || !isSpelt) return undefined
  return {
    ...rest,
    networkId,
    height: at.height,
    parent: at.parent,
    transactionsRoot,
    weightsRoot: own ?? root,
    proposer,
  }
}

/** The headers whole, and who voted on the last; `weights` or `headers` where they do not fit one another. Looks at no signature. */
export const wholeHeaders = (
  voted: VotedHeaders,
  context: Pick<StampTrust, 'networkId' | 'genesisKeys'> & Pick<Expanding, 'transactionsRoot'>,
): StampAdmission<WholeHeaders> => {
  const { height, parent, marks } = voted
  const validators = setOf(voted, context.genesisKeys)
  const root = validators === undefined ? undefined : weightsRoot(validators)
  if (validators === undefined || root === undefined || !isMarked(root, marks.weightsRoot))
    return refuse('weights', 'stamp-wrong-validators')
  const headers: Header[] = []
  const ids: BlockId[] = []
  for (const [place, compact] of voted.headers.entries()) {
    const at = { height: height + place, parent: ids.at(-1) ?? hexOf(parent), place }
    const header = expanded(compact, at, { ...context, root })
    if (header === undefined) return refuse('headers', 'stamp-wrong-headers')
    headers.push(header)
    ids.push(blockIdOf(header))
  }
  const [last, lastId] = [headers.at(-1), ids.at(-1)]
  if (last === undefined || lastId === undefined || !isMarked(bytesOfBlockId(lastId), marks.block))
    return refuse('headers', 'stamp-wrong-headers')
  return accept({ headers, ids, last, lastId, validators })
}

/** Are the precommits true, of different validators, and a quorum? The weight is asked first, since signatures cost. */
export const checkedVotes = (
  { votes }: VotedHeaders,
  { last, lastId, validators }: WholeHeaders,
  { trust, verifier }: { readonly trust: StampTrust; readonly verifier: Verifier },
): StampAdmission<Attested> => {
  const { round, signatures } = votes
  const voters = signatures.map(({ index }) => validators.at(index)).filter((voter) => voter !== undefined)
  const isRising = signatures.every(({ index }, i) => index > (signatures[i - 1]?.index ?? -1))
  if (voters.length !== signatures.length || !isRising) return refuse('votes', 'stamp-wrong-vote')
  const weight = voters.reduce((sum, voter) => sum + voter.weight, 0n)
  if (!validators.isQuorum(weight)) return refuse('votes', 'stamp-too-few-votes')
  const { networkId, height } = last
  const part = votePart({ networkId, height, round, kind: 'precommit', block: lastId, validRound: -1 })
  const isTrue = signatures.every(({ signature }, i) => {
    const publicKey = voters[i]?.key
    return publicKey !== undefined && verifier.verify({ publicKey, ...part, signature })
  })
  if (!isTrue) return refuse('votes', 'stamp-wrong-vote')
  const names = voters.map(({ key }) => nameOf(trust, key))
  return accept({ count: voters.length, of: validators.size, weight, total: validators.total, names })
}

/** As the trust calls a key, or the id that it makes. */
export const nameOf = ({ names }: StampTrust, key: Uint8Array): string => names?.get(hexOf(key)) ?? nodeIdText(key)

/** Is what is trusted old enough to vouch for these headers and young enough to be trusted, and is enough of it among the voters? */
export const checkedTrust = (
  voted: VotedHeaders,
  whole: WholeHeaders,
  { trust, verifier }: { readonly trust: StampTrust; readonly verifier: Verifier },
): StampAdmission<null> => {
  const { light, asOf, period } = trust
  if (light.height > whole.last.height) return refuse('trust', 'stamp-before-checkpoint')
  if (period !== undefined && asOf !== undefined && period.now.latest - asOf > period.periodNs)
    return refuse('trust', 'stamp-trust-expired')
  const reached = voted.bridge.length === 0 ? light : bridged(voted.bridge, light, verifier)
  if (reached === undefined || reached.height > whole.last.height) return refuse('trust', 'stamp-wrong-bridge')
  if (![light, reached].every((place) => isOn(voted, whole, place))) return refuse('trust', 'stamp-other-chain')
  const { validators } = reached
  if (validators === undefined) return refuse('trust', 'stamp-too-little-trusted')
  const weight = voted.votes.signatures.reduce((sum, { index }) => {
    const key = whole.validators.at(index)?.key
    const place = key === undefined ? undefined : validators.indexOf(key)
    return sum + (place === undefined ? 0n : (validators.at(place)?.weight ?? 0n))
  }, 0n)
  return validators.isOverThird(weight) ? accept(null) : refuse('trust', 'stamp-too-little-trusted')
}

/** Where a bridge leads to, if it holds. */
const bridged = (bridge: Uint8Array, trust: LightTrust, verifier: Verifier): LightTrust | undefined => {
  const opened = openLightProof(bridge)
  if (opened.verdict !== 'accept') return undefined
  const verified = new LightClient({ trust, verifier }).verify(opened.value)
  return verified.verdict === 'accept' ? verified.value.trust : undefined
}

/** Where the headers come to the height of a block that is believed, is it that block? */
const isOn = ({ height, parent }: VotedHeaders, { ids }: WholeHeaders, { height: at, block }: LightTrust): boolean => {
  if (at < height - 1) return true
  return block === (at === height - 1 ? hexOf(parent) : ids[at - height])
}
