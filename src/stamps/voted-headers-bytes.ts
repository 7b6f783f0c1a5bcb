/**
 * Voted headers as bytes: T-14 to T-17 in docs/spec/stamps.md. Reading asks for shape and limits. That there is one spelling is seen by
 * whoever reads the whole: it writes what it has read, and compares.
 */
import { TAI_MAX, joinBytes } from '../base/index.ts'
import { bytes, fixedBytes, int64, list, tuple, uint } from '../codec/index.ts'
import type { Field } from '../codec/index.ts'
import { BLOCK_AVAILABILITY_MAX, ROUND_MAX, VALIDATORS_MAX } from '../consensus/index.ts'
import type { BlockTime } from '../consensus/index.ts'
import { DIGEST_BYTES, PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from '../crypto/index.ts'
import { bitsOf, fieldOfPlaces, packBits, placesOfField, unpackBits } from './bits.ts'
import { BRIDGE_BYTES_MAX, MARK_BYTES, STAMP_HEADERS_MAX } from './voted-headers.ts'
import type { CompactHeader, NamedKey, NamedValidator, VotedHeaders } from './voted-headers.ts'

/** Of places among the genesis' keys. */
const PLACES_MAX = 1024
const COMMITMENT_BYTES = 48
const FLAGS = { emergency: 1, transactionsRoot: 2, weightsRoot: 4 } as const

/** Pieces of one length that stand one after the other; undefined where there is a rest. */
export const piecesOf = (joined: Uint8Array, length: number): readonly Uint8Array[] | undefined =>
  joined.length % length === 0
    ? Array.from({ length: joined.length / length }, (_, i) => joined.subarray(i * length, (i + 1) * length))
    : undefined

/** So many pieces of one length at most, joined. */
export const joined = (length: number, countMax: number): Field<readonly Uint8Array[]> => {
  const field = bytes(length * countMax)
  return {
    write: (pieces) => field.write(joinBytes(...pieces)),
    read: (data) => {
      const read = field.read(data)
      return read === undefined ? undefined : piecesOf(read, length)
    },
  }
}

const place = uint({ max: PLACES_MAX - 1 })
const wholeKey = fixedBytes(PUBLIC_KEY_BYTES)
export const namedKeyField: Field<NamedKey> = {
  write: (named) => named,
  read: (data) => (typeof data === 'number' ? place.read(data) : wholeKey.read(data)),
}

/** A difference of two instants, either way. */
export const differenceField: Field<bigint> = int64({ min: -TAI_MAX, max: TAI_MAX })
/** From an instant to a later one. */
export const lengthField: Field<bigint> = int64({ min: 0n, max: TAI_MAX })

export const isTai = (instant: bigint): boolean => instant >= 0n && instant <= TAI_MAX

interface WrittenHeader {
  readonly round: number
  /** Since the header before; of the first, since the epoch. */
  readonly earliest: bigint
  readonly toTimestamp: bigint
  readonly toLatest: bigint
  readonly roots: readonly Uint8Array[]
  readonly availability: readonly Uint8Array[]
  readonly flags: number
  readonly proposer: NamedKey
}
const headersField = list<WrittenHeader>(
  tuple<WrittenHeader>({
    round: uint({ max: ROUND_MAX }),
    earliest: lengthField,
    toTimestamp: lengthField,
    toLatest: lengthField,
    roots: joined(DIGEST_BYTES, 5),
    availability: joined(COMMITMENT_BYTES, BLOCK_AVAILABILITY_MAX),
    flags: uint({ max: 7 }),
    proposer: namedKeyField,
  }),
  STAMP_HEADERS_MAX,
)

const writeHeader = (header: CompactHeader, before: bigint): WrittenHeader => {
  const { time, commitRoot, evidenceRoot, stateRoot, transactionsRoot, weightsRoot } = header
  const perhaps = [transactionsRoot, weightsRoot].filter((root) => root !== null)
  return {
    round: header.round,
    earliest: time.earliest - before,
    toTimestamp: time.timestamp - time.earliest,
    toLatest: time.latest - time.timestamp,
    roots: [commitRoot, evidenceRoot, stateRoot, ...perhaps],
    availability: header.availability,
    flags:
      (header.emergency ? FLAGS.emergency : 0) +
      (transactionsRoot === null ? 0 : FLAGS.transactionsRoot) +
      (weightsRoot === null ? 0 : FLAGS.weightsRoot),
    proposer: header.proposer,
  }
}

const readHeader = (written: WrittenHeader, before: bigint): CompactHeader | undefined => {
  const { round, flags, availability, proposer, roots } = written
  const earliest = before + written.earliest
  const timestamp = earliest + written.toTimestamp
  const time: BlockTime = { earliest, timestamp, latest: timestamp + written.toLatest }
  const [commitRoot, evidenceRoot, stateRoot, ...perhaps] = roots
  if (commitRoot === undefined || evidenceRoot === undefined || stateRoot === undefined || !isTai(time.latest))
    return undefined
  const transactionsRoot = (flags & FLAGS.transactionsRoot) === 0 ? null : perhaps.shift()
  const weightsRoot = (flags & FLAGS.weightsRoot) === 0 ? null : perhaps.shift()
  if (transactionsRoot === undefined || weightsRoot === undefined || perhaps.length > 0) return undefined
  const emergency = (flags & FLAGS.emergency) !== 0
  return {
    round,
    time,
    commitRoot,
    evidenceRoot,
    stateRoot,
    transactionsRoot,
    weightsRoot,
    availability,
    emergency,
    proposer,
  }
}

const readHeaders = (written: readonly WrittenHeader[]): readonly CompactHeader[] | undefined => {
  const headers: CompactHeader[] = []
  for (const one of written) {
    const header = readHeader(one, headers.at(-1)?.time.earliest ?? 0n)
    if (header === undefined) return undefined
    headers.push(header)
  }
  return headers.length > 0 ? headers : undefined
}

interface WrittenValidators {
  /** Places among the genesis' keys. */
  readonly places: Uint8Array
  readonly keys: readonly Uint8Array[]
  /** The least weight, and by how much each is above it, packed. */
  readonly weightLeast: bigint
  readonly bits: number
  readonly above: Uint8Array
}
const validatorsField = tuple<WrittenValidators>({
  places: bytes(PLACES_MAX / 8),
  keys: joined(PUBLIC_KEY_BYTES, VALIDATORS_MAX),
  weightLeast: int64({ min: 1n }),
  bits: uint({ max: 63 }),
  above: bytes(8 * VALIDATORS_MAX),
})

const writeValidators = (validators: readonly NamedValidator[]): WrittenValidators => {
  const weightLeast = validators.reduce((least, { weight }) => (weight < least ? weight : least), TAI_MAX)
  const above = validators.map(({ weight }) => weight - weightLeast)
  const bits = bitsOf(above)
  const names = validators.map(({ key }) => key)
  return {
    places: fieldOfPlaces(names.filter((name) => typeof name === 'number')),
    keys: names.filter((name) => typeof name !== 'number'),
    weightLeast,
    bits,
    above: packBits(above, bits),
  }
}

const readValidators = (written: WrittenValidators): readonly NamedValidator[] | undefined => {
  const { places, keys, weightLeast, bits, above } = written
  const names: readonly NamedKey[] = [...placesOfField(places), ...keys]
  if (names.length < 1 || names.length > VALIDATORS_MAX || above.length !== Math.ceil((names.length * bits) / 8))
    return undefined
  const weights = unpackBits(above, { count: names.length, bits }).map((more) => weightLeast + more)
  if (weights.some((weight) => weight > TAI_MAX)) return undefined
  return names.map((key, i) => ({ key, weight: weights[i] ?? 0n }))
}

interface WrittenVotes {
  readonly round: number
  readonly voters: Uint8Array
  readonly signatures: readonly Uint8Array[]
}
const votesField = tuple<WrittenVotes>({
  round: uint({ max: ROUND_MAX }),
  voters: bytes(VALIDATORS_MAX / 8),
  signatures: joined(SIGNATURE_BYTES, VALIDATORS_MAX),
})

const readVotes = ({ round, voters, signatures }: WrittenVotes, size: number): VotedHeaders['votes'] | undefined => {
  const places = placesOfField(voters)
  if (places.length !== signatures.length || (places.at(-1) ?? 0) >= size) return undefined
  return { round, signatures: signatures.map((signature, i) => ({ index: places[i] ?? 0, signature })) }
}

interface Written {
  readonly height: number
  readonly parent: Uint8Array
  readonly headers: readonly WrittenHeader[]
  readonly validators: WrittenValidators
  readonly votes: WrittenVotes
  readonly bridge: Uint8Array
  readonly marks: readonly Uint8Array[]
}
const writtenField = tuple<Written>({
  height: uint({ min: 1, max: Number.MAX_SAFE_INTEGER - STAMP_HEADERS_MAX }),
  parent: fixedBytes(DIGEST_BYTES),
  headers: headersField,
  validators: validatorsField,
  votes: votesField,
  bridge: bytes(BRIDGE_BYTES_MAX),
  marks: joined(MARK_BYTES, 2),
})

/** As a part of a proof or of evidence. */
export const votedHeadersField: Field<VotedHeaders> = {
  write: ({ height, parent, headers, validators, votes, bridge, marks }) =>
    writtenField.write({
      height,
      parent,
      headers: headers.map((header, i) => writeHeader(header, headers[i - 1]?.time.earliest ?? 0n)),
      validators: writeValidators(validators),
      votes: {
        round: votes.round,
        voters: fieldOfPlaces(votes.signatures.map(({ index }) => index)),
        signatures: votes.signatures.map(({ signature }) => signature),
      },
      bridge,
      marks: [marks.weightsRoot, marks.block],
    }),
  read: (data) => {
    const written = writtenField.read(data)
    if (written === undefined) return undefined
    const { height, parent, bridge, marks } = written
    const [weightsMark, blockMark, ...others] = marks
    const headers = readHeaders(written.headers)
    const validators = readValidators(written.validators)
    const votes = validators === undefined ? undefined : readVotes(written.votes, validators.length)
    if (headers === undefined || validators === undefined || votes === undefined) return undefined
    if (
      headers.at(-1)?.weightsRoot !== null ||
      weightsMark === undefined ||
      blockMark === undefined ||
      others.length > 0
    )
      return undefined
    return { height, parent, headers, validators, votes, bridge, marks: { weightsRoot: weightsMark, block: blockMark } }
  },
}
