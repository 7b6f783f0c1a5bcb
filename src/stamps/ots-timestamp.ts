/**
 * OpenTimestamps' trees of operations: read, joined and written as its own library writes them. A tree says how a message leads, by appending
 * and hashing, to messages that somebody attests.
 *
 * Source: the file format as python-opentimestamps has it (core/timestamp.py, op.py, notary.py, serialize.py). Rules T-75 to T-77 in
 * docs/spec/stamps.md. Nothing is hashed here, and no attestation of others is checked.
 */
import assert from 'node:assert/strict'
import { accept, hexOf, joinBytes, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'

/** Longest tree, bytes: what its clients read from a calendar. */
export const OTS_BYTES_MAX = 10_000
/** Deepest tree; the original goes down 256. */
const OTS_DEPTH_MAX = 200
const ARGUMENT_BYTES_MAX = 4096
const PAYLOAD_BYTES_MAX = 8192
const TAG_BYTES = 8
/** An attestation follows; more than one thing follows. */
const ATTESTATION = 0x00
const FORK = 0xff

/** Operations that have no argument, and those that have one. */
export const OTS_OPS = {
  sha1: 0x02,
  ripemd160: 0x03,
  sha256: 0x08,
  keccak256: 0x67,
  append: 0xf0,
  prepend: 0xf1,
  reverse: 0xf2,
  hexlify: 0xf3,
} as const
const UNARY: readonly number[] = [0x02, 0x03, 0x08, 0x67, 0xf2, 0xf3]
const BINARY: readonly number[] = [OTS_OPS.append, OTS_OPS.prepend]

/** "Ask there": a calendar has the message and will have more. */
export const OTS_PENDING_TAG = '83dfe30d2ef90c8e'
/** Longest address of a calendar, characters, and which it may have. */
export const OTS_URI_LENGTH_MAX = 1000
const URI = /^[A-Za-z0-9\-._/:]+$/

export interface OtsAttestation {
  /** 8 bytes, in hexadecimal. */
  readonly tag: string
  readonly payload: Uint8Array
}

export interface OtsBranch {
  readonly op: number
  /** Of `append` and `prepend`, 1 to 4,096 bytes; empty for all others. */
  readonly argument: Uint8Array
  readonly next: OtsTimestamp
}

/** Without an attestation or a branch it is none. */
export interface OtsTimestamp {
  readonly attestations: readonly OtsAttestation[]
  readonly branches: readonly OtsBranch[]
}

/** May a calendar be called so? */
export const isOtsUri = (uri: string): boolean => uri.length <= OTS_URI_LENGTH_MAX && URI.test(uri)

export const otsPending = (uri: string): OtsAttestation => {
  assert(isOtsUri(uri))
  const bytes = new TextEncoder().encode(uri)
  return { tag: OTS_PENDING_TAG, payload: joinBytes(varuint(bytes.length), bytes) }
}

/** Where a pending attestation says to ask; undefined of others and of what is malformed. */
export const otsPendingUri = ({ tag, payload }: OtsAttestation): string | undefined => {
  if (tag !== OTS_PENDING_TAG) return undefined
  const reader = new Reader(payload)
  const uri = String.fromCharCode(...(reader.sized(OTS_URI_LENGTH_MAX) ?? []))
  return reader.isAtEnd && isOtsUri(uri) ? uri : undefined
}

/** Seven bits a byte, least significant first. */
const varuint = (value: number): Uint8Array => {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push((rest % 128) + (rest >= 128 ? 128 : 0))
    if (rest < 128) return Uint8Array.from(bytes)
  }
}

const compareBytes = (a: Uint8Array, b: Uint8Array): number => {
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

const compareText = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

/** The original orders addresses as text and everything unknown as bytes. */
const compareAttestations = (a: OtsAttestation, b: OtsAttestation): number => {
  if (a.tag !== b.tag) return compareText(a.tag, b.tag)
  return compareText(otsPendingUri(a) ?? '', otsPendingUri(b) ?? '') || compareBytes(a.payload, b.payload)
}
const compareBranches = (a: OtsBranch, b: OtsBranch): number => a.op - b.op || compareBytes(a.argument, b.argument)

const encodeAttestation = ({ tag, payload }: OtsAttestation): Uint8Array => {
  const bytes = Uint8Array.from(tag.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))
  assert(bytes.length === TAG_BYTES && payload.length <= PAYLOAD_BYTES_MAX)
  return joinBytes(Uint8Array.of(ATTESTATION), bytes, varuint(payload.length), payload)
}

const encodeBranch = ({ op, argument, next }: OtsBranch): Uint8Array => {
  const sized = BINARY.includes(op) ? joinBytes(varuint(argument.length), argument) : argument
  return joinBytes(Uint8Array.of(op), sized, encodeOts(next))
}

/** Attestations before operations, both in order; before all but the last thing stands 0xff. */
export const encodeOts = ({ attestations, branches }: OtsTimestamp): Uint8Array => {
  const things = [
    ...attestations.toSorted(compareAttestations).map(encodeAttestation),
    ...branches.toSorted(compareBranches).map(encodeBranch),
  ]
  assert(things.length > 0)
  return joinBytes(...things.flatMap((thing, i) => (i === things.length - 1 ? [thing] : [Uint8Array.of(FORK), thing])))
}

/** Trees of one message as one: what is in both is in it once. */
export const joinOts = (trees: readonly OtsTimestamp[]): OtsTimestamp => {
  const attestations = new Map<string, OtsAttestation>()
  const branches = new Map<string, OtsBranch>()
  for (const attestation of trees.flatMap((tree) => tree.attestations))
    attestations.set(`${attestation.tag} ${hexOf(attestation.payload)}`, attestation)
  for (const branch of trees.flatMap((tree) => tree.branches)) {
    const name = `${branch.op} ${hexOf(branch.argument)}`
    const known = branches.get(name)
    branches.set(name, { ...branch, next: joinOts(known === undefined ? [branch.next] : [known.next, branch.next]) })
  }
  return { attestations: [...attestations.values()], branches: [...branches.values()] }
}

export const OTS_REASONS = ['malformed-ots', 'ots-too-large', 'ots-unknown-operation'] as const
export type OtsReason = (typeof OTS_REASONS)[number]

/** A tree of anybody, whole. Never throws. */
export const openOts = (bytes: Uint8Array): Admission<OtsTimestamp, OtsReason> => {
  if (bytes.length > OTS_BYTES_MAX) return reject('ots-too-large')
  const reader = new Reader(bytes)
  const tree = openTree(reader, OTS_DEPTH_MAX)
  if (tree.verdict !== 'accept') return tree
  return reader.isAtEnd ? accept(joinOts([tree.value])) : reject('malformed-ots')
}

const openTree = (reader: Reader, depthLeft: number): Admission<OtsTimestamp, OtsReason> => {
  if (depthLeft === 0) return reject('ots-too-large')
  const attestations: OtsAttestation[] = []
  const branches: OtsBranch[] = []
  for (;;) {
    const first = reader.byte()
    const hasMore = first === FORK
    const kind = hasMore ? reader.byte() : first
    const thing = kind === ATTESTATION ? openAttestation(reader) : openBranch(reader, kind, depthLeft)
    if (thing.verdict !== 'accept') return thing
    if ('op' in thing.value) branches.push(thing.value)
    else attestations.push(thing.value)
    if (!hasMore) return accept({ attestations, branches })
  }
}

const openAttestation = (reader: Reader): Admission<OtsAttestation, OtsReason> => {
  const tag = reader.take(TAG_BYTES)
  const payload = reader.sized(PAYLOAD_BYTES_MAX)
  return tag === undefined || payload === undefined ? reject('malformed-ots') : accept({ tag: hexOf(tag), payload })
}

const openBranch = (reader: Reader, op: number | undefined, depthLeft: number): Admission<OtsBranch, OtsReason> => {
  if (op === undefined) return reject('malformed-ots')
  const isBinary = BINARY.includes(op)
  if (!isBinary && !UNARY.includes(op)) return reject('ots-unknown-operation')
  const argument = isBinary ? reader.sized(ARGUMENT_BYTES_MAX) : new Uint8Array(0)
  if (argument === undefined || (isBinary && argument.length === 0)) return reject('malformed-ots')
  const next = openTree(reader, depthLeft - 1)
  return next.verdict === 'accept' ? accept({ op, argument, next: next.value }) : next
}

/** Bytes from the first to the last. */
class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  byte(): number | undefined {
    const byte = this.#bytes[this.#at]
    if (byte !== undefined) this.#at += 1
    return byte
  }

  take(length: number): Uint8Array | undefined {
    if (this.#at + length > this.#bytes.length) return undefined
    this.#at += length
    return this.#bytes.slice(this.#at - length, this.#at)
  }

  /** Behind its length, which is written in as few bytes as may be. */
  sized(lengthMax: number): Uint8Array | undefined {
    let [length, scale] = [0, 1]
    for (let count = 1; ; count += 1) {
      const byte = this.byte()
      if (byte === undefined || count > 3) return undefined
      length += (byte % 128) * scale
      scale *= 128
      if (byte >= 128) continue
      return (byte === 0 && count > 1) || length > lengthMax ? undefined : this.take(length)
    }
  }
}
