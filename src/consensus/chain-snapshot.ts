/**
 * The state of the chain as bytes, and as one digest. Both are put together from the same parts, of which those that a block
 * did not change are not encoded again: a member, a line of the docket, a validator set is encoded once in its life.
 *
 * The digest is what the next header names; the bytes also hold the pending block, whose id is in the digest. Rules B-76 to B-78 in
 * docs/spec/consensus.md. Not promised: that bytes which decode are a state of the chain; the root says so.
 */
import { PPB_ONE, accept, equalBytes, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { bytes, decodeData, encodeArrayOf, encodeData, int64, list, text, tuple, uint, word } from '../codec/index.ts'
import type { Field } from '../codec/index.ts'
import { domainDigest, nodeIdText } from '../crypto/index.ts'
import { encodeDocket, readDocket } from '../validation/index.ts'
import type { Docket } from '../validation/index.ts'
import { openBlock } from './block-bytes.ts'
import type { Block } from './block.ts'
import { docketOptions, validatorsAmong, voicesOf } from './chain-state.ts'
import type { ChainGenesis, ChainMember, ChainState, MemberRole } from './chain-state.ts'
import { blockIdField, booleanField, digestField, keyField, taiField } from './consensus-fields.ts'
import { compareKeys } from './member-index.ts'
import { PUNISHED_MAX } from './offences.ts'
import type { BlockTime } from './tally.ts'
import { encodeValidators, validatorsField } from './validators-bytes.ts'
import { VALIDATORS_MAX } from './validators.ts'
import type { BlockId, ValidatorSet } from './validators.ts'

export const STATE_DOMAIN = 'truechimer/chain-state/1'
/** Largest encoded state, bytes. One of 100 members has some 60 KB beside its block. */
export const SNAPSHOT_BYTES_MAX = 4_194_304
/** An evidence's key has at most 180 characters. */
const EVIDENCE_KEY_MAX = 200

export const SNAPSHOT_REASONS = ['malformed-snapshot', 'wrong-network'] as const
export type SnapshotReason = (typeof SNAPSHOT_REASONS)[number]

const ROLES = ['candidate', 'validator', 'leaving'] as const satisfies readonly MemberRole[]
const shareField = int64({ min: 0n, max: PPB_ONE })
const amountField = int64({ min: 0n })

type MemberData = Omit<ChainMember, 'id'>
const memberField: Field<MemberData> = tuple<MemberData>({
  key: keyField,
  role: word(ROLES),
  stake: amountField,
  reputation: shareField,
  integrity: shareField,
  weight: amountField,
  since: uint(),
  placedSlots: uint(),
  accuracySum: amountField,
  falseSlots: uint(),
  judgedSlots: uint(),
  absentSlots: uint(),
  inRangeSlots: uint(),
  sequence: uint(),
})
const timeField: Field<BlockTime> = tuple<BlockTime>({ earliest: taiField, latest: taiField, timestamp: taiField })

interface Head {
  readonly networkId: Uint8Array
  readonly height: number
  readonly blockId: BlockId
  readonly time: BlockTime
  readonly epoch: number
  readonly emergency: boolean
}
const headField = tuple<Head>({
  networkId: digestField,
  height: uint(),
  blockId: blockIdField,
  time: timeField,
  epoch: uint(),
  emergency: booleanField,
})
interface Punishment {
  readonly key: string
  readonly height: number
}
const punishedField = list(tuple<Punishment>({ key: text(EVIDENCE_KEY_MAX), height: uint() }), PUNISHED_MAX)
const membersField = list(memberField, VALIDATORS_MAX)

const memberParts = new WeakMap<ChainMember, Uint8Array>()
const validatorParts = new WeakMap<ValidatorSet, Uint8Array>()
const docketParts = new WeakMap<Docket, Uint8Array>()
const punishedParts = new WeakMap<ChainState['punished'], Uint8Array>()

/** What `make` gives for `key`, made once: nothing that a state holds is changed in place. */
const kept = <K extends object>(shelf: WeakMap<K, Uint8Array>, key: K, make: (key: K) => Uint8Array): Uint8Array => {
  const known = shelf.get(key)
  if (known !== undefined) return known
  const made = make(key)
  shelf.set(key, made)
  return made
}

const NONE: readonly Uint8Array[] = []

/** Head, members, validators of the newest block, docket, punishments: everything but the pending block's bytes. */
const partsOf = (state: ChainState): readonly Uint8Array[] => [
  encodeData(headField.write({ ...state, networkId: state.genesis.networkId })),
  encodeArrayOf(state.members.map((member) => kept(memberParts, member, encodeMember))),
  kept(validatorParts, state.lastValidators, encodeValidators),
  encodeArrayOf(state.docket === undefined ? NONE : [kept(docketParts, state.docket, encodeDocket)]),
  kept(punishedParts, state.punished, encodePunished),
]

const encodeMember = (member: ChainMember): Uint8Array => encodeData(memberField.write(member))

const encodePunished = (punished: ChainState['punished']): Uint8Array =>
  encodeData(punishedField.write([...punished].map(([key, height]) => ({ key, height }))))

const roots = new WeakMap<ChainState, Uint8Array>()

/** Digest of a whole state, 32 bytes; kept with the state. */
export const stateRoot = (state: ChainState): Uint8Array =>
  kept(roots, state, () => domainDigest(STATE_DOMAIN, encodeArrayOf(partsOf(state))))

/** The whole state as bytes, the pending block included. */
export const encodeState = (state: ChainState): Uint8Array =>
  encodeArrayOf([...partsOf(state), encodeData(state.pending?.bytes ?? new Uint8Array(0))])

/** A state from bytes of anybody: well-formed. Whether it is the chain's, its root says. */
export const decodeState = (given: Uint8Array, genesis: ChainGenesis): Admission<ChainState, SnapshotReason> => {
  const data = decodeData(given, SNAPSHOT_BYTES_MAX)
  if (data.verdict !== 'accept' || !Array.isArray(data.value) || data.value.length !== 6)
    return reject('malformed-snapshot')
  const [head, ...rest]: readonly unknown[] = data.value
  const read = headField.read(head)
  if (read === undefined) return reject('malformed-snapshot')
  if (!equalBytes(read.networkId, genesis.networkId)) return reject('wrong-network')
  const state = readParts(read, rest, genesis)
  return state === undefined ? reject('malformed-snapshot') : accept(state)
}

const readParts = (head: Head, rest: readonly unknown[], genesis: ChainGenesis): ChainState | undefined => {
  const members = membersField.read(rest[0])?.map((member): ChainMember => ({ id: nodeIdText(member.key), ...member }))
  const lastValidators = validatorsField.read(rest[1])
  const punished = punishedField.read(rest[3])
  if (members === undefined || lastValidators === undefined || punished === undefined) return undefined
  if (!areMembersSound(members)) return undefined
  const docket = readDocketPart(rest[2], members, genesis)
  const pending = readPending(rest[4], genesis)
  if (docket === 'malformed' || pending === 'malformed') return undefined
  if (!isWhole(head, { docket, pending })) return undefined
  const validators = validatorsAmong(members)
  const { height, blockId, time, epoch, emergency } = head
  return {
    genesis,
    height,
    blockId,
    time,
    epoch,
    emergency,
    pending,
    members,
    docket,
    lastValidators: isSameSet(lastValidators, validators) ? validators : lastValidators,
    validators,
    punished: new Map(punished.map(({ key, height: at }) => [key, at])),
  }
}

const readDocketPart = (
  data: unknown,
  members: readonly ChainMember[],
  genesis: ChainGenesis,
): Docket | undefined | 'malformed' => {
  if (!Array.isArray(data) || data.length > 1) return 'malformed'
  if (data.length === 0) return undefined
  const [docket]: readonly unknown[] = data
  return readDocket(docket, { ...docketOptions(genesis), members: voicesOf(members) }) ?? 'malformed'
}

const readPending = (data: unknown, genesis: ChainGenesis): Block | undefined | 'malformed' => {
  const { blockBytesMax: bytesMax } = genesis.parameters
  const read = bytes(bytesMax).read(data)
  if (read === undefined) return 'malformed'
  if (read.length === 0) return undefined
  const opened = openBlock(read, { networkId: genesis.networkId, bytesMax })
  return opened.verdict === 'accept' ? opened.value : 'malformed'
}

interface Parts {
  readonly docket: Docket | undefined
  readonly pending: Block | undefined
}

/** Is there a pending block from height 1 on, the one that the head names, and a docket from height 2 on? */
const isWhole = ({ height, blockId }: Head, { docket, pending }: Parts): boolean =>
  (pending === undefined) === (height === 0) &&
  (pending === undefined || (pending.id === blockId && pending.header.height === height)) &&
  (docket === undefined) === height <= 1

/** In the order of their keys, nobody twice, no count above what it counts, and somebody with weight. */
const areMembersSound = (members: readonly ChainMember[]): boolean =>
  members.every(isMemberSound) &&
  members.some(({ weight }) => weight > 0n) &&
  members.every(({ key }, i) => {
    const before = members[i - 1]?.key
    return before === undefined || compareKeys(before, key) < 0
  })

const isMemberSound = (member: ChainMember): boolean => {
  const { placedSlots, absentSlots, falseSlots, judgedSlots, accuracySum, weight, role } = member
  if (role === 'candidate' && weight > 0n) return false
  return (
    placedSlots + absentSlots <= judgedSlots &&
    falseSlots <= judgedSlots &&
    accuracySum <= BigInt(placedSlots) * PPB_ONE &&
    weight <= PPB_ONE
  )
}

const isSameSet = (a: ValidatorSet, b: ValidatorSet): boolean =>
  a.size === b.size && a.list.every(({ id, weight }, i) => b.at(i)?.id === id && b.at(i)?.weight === weight)
