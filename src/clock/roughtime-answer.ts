/**
 * A Roughtime server's answers: a batch of requests becomes one Merkle tree, one signed statement of time, and a response for each.
 * Source: RFC 10049 "Responses" and "The Merkle Tree"; older forms by roughtime-dialect.ts.
 *
 * Pure: the time and the signing are handed in. No response is longer than the request that it answers: with at most
 * `ROUGHTIME_BATCH_MAX` requests in a tree the longest has 808 bytes, and no request under 1,024 is read.
 */
import assert from 'node:assert/strict'
import { NS_PER_SEC, floorDiv, max } from '../base/index.ts'
import type { Tai } from '../base/index.ts'
import { LEAP_TABLE } from './leap-seconds.ts'
import type { LeapTable } from './leap-seconds.ts'
import { ROUGHTIME_FRAMED_VERSIONS, RESPONSE_CONTEXT } from './roughtime-dialect.ts'
import type { RoughtimeDialect } from './roughtime-dialect.ts'
import { pathBytesOf, roughtimeTree, writePath } from './roughtime-merkle.ts'
import {
  bytesOfUint32,
  bytesOfUint64,
  decodePacket,
  encodeMessage,
  frameMessage,
  ROUGHTIME_TAG,
} from './roughtime-message.ts'
import type { RoughtimeRequest } from './roughtime-request.ts'
import { taiSpanOfUnixNs, unixFromTai } from './time-scales.ts'

/** Requests under one signature, at most. */
export const ROUGHTIME_BATCH_MAX = 128

const T = ROUGHTIME_TAG
const RADIUS_MAX = 2n ** 32n - 1n

/** MIDP and RADI in a dialect's units. */
export interface RoughtimeStatement {
  readonly midpoint: bigint
  readonly radius: bigint
}

/** A clock's best instant and its bound, TAI. */
export interface RoughtimeSpan {
  readonly tai: Tai
  readonly earliest: Tai
  readonly latest: Tai
}

/**
 * The time as a dialect writes it. Every instant of `span` lies inside (midpoint − radius, midpoint + radius), however its reader
 * takes the Unix times around a leap second; near one, and past the end of the leap-second table, the radius is larger by a second
 * or two. Nothing where the time cannot be written so.
 */
export const roughtimeStatement = (
  span: RoughtimeSpan,
  dialect: RoughtimeDialect,
  leapTable: LeapTable = LEAP_TABLE,
): RoughtimeStatement | undefined => {
  const { unitNs, radiusMin } = dialect
  const midpoint = floorDiv(unixFromTai(span.tai, leapTable).unixNs + unitNs / 2n, unitNs)
  const middle = taiSpanOfUnixNs(midpoint * unitNs, leapTable)
  const farthestNs = max(middle.hi - span.earliest, span.latest - middle.lo)
  let radius = max(farthestNs / unitNs + 1n, radiusMin)
  const isInside = (): boolean =>
    taiSpanOfUnixNs((midpoint - radius) * unitNs, leapTable).hi < span.earliest &&
    taiSpanOfUnixNs((midpoint + radius) * unitNs, leapTable).lo > span.latest
  while (radius <= RADIUS_MAX && !isInside()) radius += NS_PER_SEC / unitNs
  return midpoint >= 0n && radius <= RADIUS_MAX ? { midpoint, radius } : undefined
}

/** Who may sign, and when, in Unix ns. */
export interface RoughtimeDelegation {
  /** 32 bytes. */
  readonly delegate: Uint8Array
  readonly fromUnixNs: bigint
  readonly untilUnixNs: bigint
}

/** Ed25519 over the bytes as they stand. */
export type RoughtimeSigner = (message: Uint8Array) => Uint8Array

/** CERT: the long-term key's word that a delegate may sign. `signer` signs with the long-term key. */
export const roughtimeCertificate = (
  { delegate, fromUnixNs, untilUnixNs }: RoughtimeDelegation,
  dialect: RoughtimeDialect,
  signer: RoughtimeSigner,
): Uint8Array => {
  const dele = encodeMessage(
    new Map([
      [T.PUBK, delegate],
      [T.MINT, bytesOfUint64(fromUnixNs / dialect.unitNs)],
      [T.MAXT, bytesOfUint64(untilUnixNs / dialect.unitNs)],
    ]),
  )
  return encodeMessage(
    new Map([
      [T.SIG, signer(joined(dialect.delegationContext, dele))],
      [T.DELE, dele],
    ]),
  )
}

const joined = (context: Uint8Array, bytes: Uint8Array): Uint8Array => {
  const message = new Uint8Array(context.length + bytes.length)
  message.set(context)
  message.set(bytes, context.length)
  return message
}

/** SREP: what is signed. */
const statementBytes = (
  { midpoint, radius }: RoughtimeStatement,
  dialect: RoughtimeDialect,
  root: Uint8Array,
): Uint8Array => {
  const srep = new Map<number, Uint8Array>([
    [T.RADI, bytesOfUint32(Number(radius))],
    [T.MIDP, bytesOfUint64(midpoint)],
    [T.ROOT, root],
  ])
  if (dialect.versionIn === 'signed') {
    srep.set(T.VER, bytesOfUint32(dialect.version ?? 0))
    srep.set(T.VERS, bytesOfUint32(...ROUGHTIME_FRAMED_VERSIONS))
  }
  return encodeMessage(srep)
}

export interface RoughtimeBatch {
  readonly dialect: RoughtimeDialect
  /** 1 to `ROUGHTIME_BATCH_MAX`, all of this dialect. */
  readonly requests: readonly RoughtimeRequest[]
  readonly statement: RoughtimeStatement
  /** `roughtimeCertificate` in this dialect. */
  readonly certificate: Uint8Array
  /** Signs with the delegate's key. Called once. */
  readonly signer: RoughtimeSigner
}

const RESPONSE_TYPE = bytesOfUint32(1)

/** A response of the batch with zeros where one differs from another: they share all else, and the layout too. */
const blankResponse = (
  { dialect, certificate }: RoughtimeBatch,
  parts: { readonly srep: Uint8Array; readonly signature: Uint8Array; readonly pathBytes: number },
): Uint8Array => {
  const message = new Map<number, Uint8Array>([
    [T.SIG, parts.signature],
    [T.PATH, new Uint8Array(parts.pathBytes)],
    [T.SREP, parts.srep],
    [T.CERT, certificate],
    [T.INDX, bytesOfUint32(0)],
  ])
  if (dialect.versionIn === 'nowhere') return encodeMessage(message)
  message.set(T.NONC, new Uint8Array(dialect.digestBytes))
  if (dialect.versionIn === 'open') message.set(T.VER, bytesOfUint32(dialect.version ?? 0))
  else message.set(T.TYPE, RESPONSE_TYPE)
  return frameMessage(encodeMessage(message))
}

/** Where a tag's value begins in a packet of ours, or undefined where it has no such tag. */
const placeOf = (packet: Uint8Array, tag: number): number | undefined => {
  const decoded = decodePacket(packet)
  assert(decoded.verdict === 'accept')
  const value = decoded.value.get(tag)
  return value === undefined ? undefined : value.byteOffset - packet.byteOffset
}

/** The responses to a batch, in the requests' order. */
export const answerRoughtimeBatch = (batch: RoughtimeBatch): readonly Uint8Array[] => {
  const { dialect, requests, statement, signer } = batch
  assert(requests.length >= 1 && requests.length <= ROUGHTIME_BATCH_MAX)
  const leaves = requests.map(({ packet, nonce }) => (dialect.leaf === 'packet' ? packet : nonce))
  const tree = roughtimeTree(leaves, dialect.digestBytes)
  const srep = statementBytes(statement, dialect, tree.root)
  const signature = signer(joined(RESPONSE_CONTEXT, srep))
  const blank = blankResponse(batch, { srep, signature, pathBytes: pathBytesOf(tree) })
  const [nonceAt, pathAt, indexAt] = [T.NONC, T.PATH, T.INDX].map((tag) => placeOf(blank, tag))
  return requests.map(({ nonce, packet }, index) => {
    const response = blank.slice()
    if (nonceAt !== undefined) response.set(nonce, nonceAt)
    writePath(tree, index, response.subarray(pathAt))
    response.set(bytesOfUint32(index), indexAt)
    assert(response.length <= packet.length, 'a response is never longer than its request')
    return response
  })
}
