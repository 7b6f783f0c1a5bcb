/**
 * What is asked of offline stamps when their node is back: the drawing was stamped; each stamp has the next unused vector, follows the one
 * before, claims no time before it, none after the vectors expired, and none more exactly than the drift allows; and on return the
 * clock still agrees with the network. What then holds by a quorum's word is two-sided: after the drawing, before the return.
 *
 * Source: seed 003 §6, §9; DESIGN §5.2. Rules P-79 to P-83 in docs/spec/proofs.md. Pure: what checks a stamp's proof is passed in, since stamps stand
 * above this room.
 */
import { accept, equalBytes, meets, reject } from '../base/index.ts'
import type { Admission, Tai, TimeInterval } from '../base/index.ts'
import { ed25519Verifier } from '../crypto/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { widthMin } from './offline-clock.ts'
import { NO_STAMP, openOfflineStamp, openReturn } from './offline-stamp.ts'
import type { SealedOfflineStamp, SealedReturn } from './offline-stamp.ts'
import { openVectors, vectorValue } from './offline-vectors.ts'
import type { SealedVectors } from './offline-vectors.ts'

/** What a quorum vouches for of something that was stamped. */
export interface StampedTime {
  /** Undefined where no beacon was mixed in. */
  readonly notBefore: Tai | undefined
  readonly notAfter: Tai
  /** Id of the block that has the stamp, 32 bytes. */
  readonly block: Uint8Array
}

/** Checks that SHA3-256 `imprint` was stamped, by a proof's bytes. */
export type StampCheck = (imprint: Uint8Array, proof: Uint8Array) => Admission<StampedTime>

/** Everything about one drawing, as it is handed in and kept: bytes of anybody. */
export interface OfflineRecord {
  readonly vectors: Uint8Array
  /** Proof of the drawing's stamp. */
  readonly drawing: Uint8Array
  /** In their order, from the first. */
  readonly stamps: readonly Uint8Array[]
  /** Undefined before the return. */
  readonly returned: { readonly bytes: Uint8Array; readonly proof: Uint8Array } | undefined
}

export const OFFLINE_LINKS = ['vectors', 'drawing', 'stamps', 'return'] as const
export type OfflineLink = (typeof OFFLINE_LINKS)[number]

/** Why a record does not hold. Of bytes and stamps, the reasons of those who open them come along. */
export const OFFLINE_REASONS = [
  'offline-wrong-network',
  'offline-wrong-drawing',
  'offline-not-next',
  'offline-wrong-vector',
  'offline-expired',
  'offline-backwards',
  'offline-too-exact',
  'offline-wrong-count',
  'offline-drift',
] as const
export type OfflineReason = (typeof OFFLINE_REASONS)[number]

export interface CheckedOfflineStamp extends SealedOfflineStamp {
  /** By a quorum's word, as soon as the node has returned: not before the drawing's block, not after the return's. */
  readonly notBefore: Tai
  readonly notAfter: Tai | undefined
}

export interface CheckedOffline {
  readonly vectors: SealedVectors
  readonly drawing: StampedTime
  readonly stamps: readonly CheckedOfflineStamp[]
  readonly returned: (SealedReturn & { readonly stamped: StampedTime }) | undefined
}

/** A refusal says at which link, and which of the stamps (from 0) it was. */
export type OfflineAdmission =
  | { readonly verdict: 'accept'; readonly value: CheckedOffline }
  | { readonly verdict: 'reject' | 'ignore'; readonly reason: string; readonly link: OfflineLink; readonly at?: number }

export interface OfflineContext {
  readonly networkId: Uint8Array
  readonly checkStamp: StampCheck
  readonly verifier?: Verifier
}

const refusal = (
  link: OfflineLink,
  { verdict, reason }: { readonly verdict: 'reject' | 'ignore'; readonly reason: string },
  at?: number,
): OfflineAdmission => ({ verdict, reason, link, ...(at === undefined ? {} : { at }) })

/** Checks a record whole, link after link. A long one takes seconds: see `offlineChecking`. */
export const checkOffline = (record: OfflineRecord, context: OfflineContext): OfflineAdmission => {
  const checking = offlineChecking(record, context)
  for (;;) {
    const { done, value } = checking.next()
    if (done === true) return value
  }
}

/** As `checkOffline`, stopping before each of the stamps, of which each costs a signature: for who has other things to do. */
export function* offlineChecking(
  record: OfflineRecord,
  context: OfflineContext,
): Generator<undefined, OfflineAdmission, undefined> {
  const { verifier = ed25519Verifier, networkId, checkStamp } = context
  const opened = openVectors(record.vectors, verifier)
  if (opened.verdict !== 'accept') return refusal('vectors', opened)
  const vectors = opened.value
  if (!equalBytes(vectors.vectors.networkId, networkId)) return refusal('vectors', reject('offline-wrong-network'))
  const drawing = checkStamp(vectors.id, record.drawing)
  if (drawing.verdict !== 'accept') return refusal('drawing', drawing)
  if (!isClockRight(vectors.vectors.drawn, drawing.value)) return refusal('drawing', reject('offline-drift'))

  const stamps: SealedOfflineStamp[] = []
  for (const [at, bytes] of record.stamps.entries()) {
    yield
    const stamp = openOfflineStamp(bytes, vectors.vectors.node, verifier)
    if (stamp.verdict !== 'accept') return refusal('stamps', stamp, at)
    const fault = stampFault(stamp.value, { vectors, block: drawing.value.block, before: stamps.at(-1), at })
    if (fault !== undefined) return refusal('stamps', reject(fault), at)
    stamps.push(stamp.value)
  }
  const returned = checkReturn(record, { networkId, vectors, stamps }, { checkStamp, verifier })
  if (returned.verdict !== 'accept') return refusal('return', returned)
  const notAfter = returned.value?.stamped.notAfter
  const notBefore = drawing.value.notBefore ?? 0n
  return accept({
    vectors,
    drawing: drawing.value,
    stamps: stamps.map((stamp) => ({ ...stamp, notBefore, notAfter })),
    returned: returned.value,
  })
}

interface StampPlace {
  readonly vectors: SealedVectors
  readonly block: Uint8Array
  readonly before: SealedOfflineStamp | undefined
  readonly at: number
}

/** P-80, P-81. */
const stampFault = (sealed: SealedOfflineStamp, place: StampPlace): OfflineReason | undefined => {
  const { stamp } = sealed
  const { vectors, block, before, at } = place
  const { id } = vectors
  if (!equalBytes(stamp.vectors, id)) return 'offline-wrong-drawing'
  if (stamp.index !== at || !equalBytes(stamp.previous, before?.digest ?? NO_STAMP)) return 'offline-not-next'
  if (at >= vectors.vectors.count || !equalBytes(stamp.value, vectorValue({ id, block, index: at })))
    return 'offline-wrong-vector'
  const { reading } = stamp
  if (reading.latest > vectors.vectors.expires) return 'offline-expired'
  const last = before?.stamp.reading ?? vectors.vectors.drawn
  if (reading.earliest < last.earliest || reading.latest < last.latest) return 'offline-backwards'
  return reading.latest - reading.earliest < widthMin(vectors.vectors, reading) ? 'offline-too-exact' : undefined
}

interface ReturnPlace {
  readonly networkId: Uint8Array
  readonly vectors: SealedVectors
  readonly stamps: readonly SealedOfflineStamp[]
}

/** P-82 but for the return's own stamp: why a signed return is not that of these stamps, or undefined. */
export const returnFault = (
  { returned }: SealedReturn,
  { networkId, vectors, stamps }: ReturnPlace,
): OfflineReason | undefined => {
  const { count, last, reading } = returned
  if (!equalBytes(returned.networkId, networkId)) return 'offline-wrong-network'
  if (!equalBytes(returned.vectors, vectors.id)) return 'offline-wrong-drawing'
  if (count !== stamps.length || !equalBytes(last, stamps.at(-1)?.digest ?? NO_STAMP)) return 'offline-wrong-count'
  const newest = stamps.at(-1)?.stamp.reading ?? vectors.vectors.drawn
  if (reading.earliest < newest.earliest || reading.latest < newest.latest) return 'offline-backwards'
  return reading.latest - reading.earliest < widthMin(vectors.vectors, reading) ? 'offline-too-exact' : undefined
}

/** P-82. */
const checkReturn = (
  { returned }: OfflineRecord,
  place: ReturnPlace,
  { checkStamp, verifier }: { readonly checkStamp: StampCheck; readonly verifier: Verifier },
): Admission<CheckedOffline['returned']> => {
  if (returned === undefined) return accept(undefined)
  const opened = openReturn(returned.bytes, place.vectors.vectors.node, verifier)
  if (opened.verdict !== 'accept') return opened
  const fault = returnFault(opened.value, place)
  if (fault !== undefined) return reject(fault)
  const stamped = checkStamp(opened.value.digest, returned.proof)
  if (stamped.verdict !== 'accept') return stamped
  if (!isClockRight(opened.value.returned.reading, stamped.value)) return reject('offline-drift')
  return accept({ ...opened.value, stamped: stamped.value })
}

/**
 * May what a clock read, and then was stamped, be true? The clock was read after the beacon was known, and before the stamp (P-78). Without a
 * beacon only one side can be asked.
 */
const isClockRight = (reading: TimeInterval, { notBefore, notAfter }: StampedTime): boolean =>
  notBefore === undefined
    ? reading.earliest <= notAfter
    : meets({ lo: reading.earliest, hi: reading.latest }, { lo: notBefore, hi: notAfter })
