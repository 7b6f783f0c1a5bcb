/**
 * The fields that consensus' shapes share, with their limits: docs/spec/consensus.md B-1. On the wire a block's id is 32 bytes and none
 * where no block is meant; inside the program it is text, because it is a key of maps.
 */
import { TAI_MAX, equalBytes, hexOf } from '../base/index.ts'
import type { TimeInterval } from '../base/index.ts'
import { fixedBytes, int64, tuple, uint } from '../codec/index.ts'
import type { Field } from '../codec/index.ts'
import { bytesOfBlockId } from './validators.ts'
import type { BlockId } from './validators.ts'

/** Rounds of one height at most: with waits that grow, some decades of them. */
export const ROUND_MAX = 65_535

export const digestField: Field<Uint8Array> = fixedBytes(32)
export const keyField: Field<Uint8Array> = fixedBytes(32)
export const signatureField: Field<Uint8Array> = fixedBytes(64)
export const heightField: Field<number> = uint({ min: 1 })
export const roundField: Field<number> = uint({ max: ROUND_MAX })
/** A round, or -1. */
export const validRoundField: Field<number> = uint({ min: -1, max: ROUND_MAX - 1 })
export const taiField: Field<bigint> = int64({ min: 0n, max: TAI_MAX })

const NO_BYTES = new Uint8Array(0)

/** The block that was named last, both ways: votes come by the dozen, and nearly all name one block. Its text is then one string, which is compared at a glance. */
let newest: { readonly id: BlockId; readonly bytes: Uint8Array } = { id: '', bytes: NO_BYTES }

/** What stands for a block in bytes: its id, or no bytes where none is meant. To be read, not to be written to. */
export const blockBytes = (block: BlockId | null): Uint8Array => {
  if (block === null) return NO_BYTES
  if (block !== newest.id) newest = { id: block, bytes: bytesOfBlockId(block) }
  return newest.bytes
}

const idOfBytes = (bytes: Uint8Array): BlockId => {
  if (!equalBytes(bytes, newest.bytes)) newest = { id: hexOf(bytes), bytes }
  return newest.id
}

export const blockIdField: Field<BlockId> = {
  write: bytesOfBlockId,
  read: (data) => (data instanceof Uint8Array && data.length === 32 ? idOfBytes(data) : undefined),
}

export const blockOrNoneField: Field<BlockId | null> = {
  write: blockBytes,
  read: (data) => (data instanceof Uint8Array && data.length === 0 ? null : blockIdField.read(data)),
}

const rawInterval: Field<TimeInterval> = tuple<TimeInterval>({ earliest: taiField, latest: taiField })

/** Two instants, the first not after the second: a reversed interval is no interval. */
export const intervalField: Field<TimeInterval> = {
  write: ({ earliest, latest }) => [earliest, latest],
  read: (data) => {
    const read = rawInterval.read(data)
    return read !== undefined && read.earliest <= read.latest ? read : undefined
  },
}

/** True or false. */
export const booleanField: Field<boolean> = {
  write: (value) => value,
  read: (data) => (typeof data === 'boolean' ? data : undefined),
}
