/**
 * A validator set as bytes: key and weight of each, in the set's order. Ids are not written, since a key tells its id. What the
 * bytes are worth, the root of the set says (`weightsRoot`).
 */
import { accept, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { codecOf, fixedBytes, int64, list, tuple } from '../codec/index.ts'
import type { CodecReason, Field } from '../codec/index.ts'
import { PUBLIC_KEY_BYTES, nodeIdText } from '../crypto/index.ts'
import { VALIDATORS_MAX, ValidatorSet } from './validators.ts'
import type { Validator } from './validators.ts'

type Written = Pick<Validator, 'key' | 'weight'>

/** A key, a weight of at most nine bytes, and what CBOR puts around them. */
const VALIDATOR_BYTES_MAX = 45
export const VALIDATORS_BYTES_MAX = 8 + VALIDATORS_MAX * VALIDATOR_BYTES_MAX

const written = list<Written>(
  tuple<Written>({ key: fixedBytes(PUBLIC_KEY_BYTES), weight: int64({ min: 1n }) }),
  VALIDATORS_MAX,
)

/** Keys rise, so that a set has one spelling and nobody is in it twice. */
const isRising = (validators: readonly Written[]): boolean =>
  validators.every(({ key }, i) => {
    const before = validators[i - 1]?.key
    return before === undefined || isBefore(before, key)
  })

const isBefore = (a: Uint8Array, b: Uint8Array): boolean => {
  const at = a.findIndex((byte, i) => byte !== b[i])
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0)
}

/** As part of a larger thing. */
export const validatorsField: Field<ValidatorSet> = {
  write: ({ list: validators }) => written.write(validators),
  read: (data) => {
    const read = written.read(data)
    if (read === undefined || !isRising(read)) return undefined
    return new ValidatorSet(read.map(({ key, weight }) => ({ id: nodeIdText(key), key, weight })))
  },
}

const codec = codecOf(validatorsField, VALIDATORS_BYTES_MAX)

export const encodeValidators = (validators: ValidatorSet): Uint8Array => codec.encode(validators)

/** A set from bytes of anybody. `malformed-validators`: they are none. */
export const openValidators = (bytes: Uint8Array): Admission<ValidatorSet, 'malformed-validators'> => {
  const opened: Admission<ValidatorSet, CodecReason> = codec.decode(bytes)
  return opened.verdict === 'accept' ? accept(opened.value) : reject('malformed-validators')
}
