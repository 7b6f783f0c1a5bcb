/** What tests of offline stamps share: a drawing, stamps that follow it, a return, and a check of stamps by a table. */
import { NS_PER_HOUR, NS_PER_SEC, hexOf, joinBytes, reject } from '../base/index.ts'
import type { TimeInterval } from '../base/index.ts'
import { NO_STAMP, drawVectors, readingAfter, signOfflineStamp, signReturn, vectorValue } from './index.ts'
import type {
  OfflineRecord,
  OfflineStampBody,
  OfflineReturnBody,
  OfflineVectorsBody,
  SealedOfflineStamp,
  SealedVectors,
  StampCheck,
  StampedTime,
} from './index.ts'
import { NETWORK, TAI, signerOf } from './proofs.test-suite.ts'

export const NODE = signerOf(7)
/** What the block of the drawing is called. */
export const DRAWING_BLOCK = new Uint8Array(32).fill(0xd1)
/** Half width of the reading when the vectors were drawn. */
const HALF_NS = 5_000_000n
export const DRAWN: TimeInterval = { earliest: TAI - HALF_NS, latest: TAI + HALF_NS }
/** 20 ppm: a quartz. */
export const DRIFT_PPB = 20_000

/** Stamps stand in a table: a proof is `imprint ‖ notBefore ‖ notAfter` as text, and true where the imprint is the one asked for. */
export const proofOfStamp = (imprint: Uint8Array, stamped: Omit<StampedTime, 'block'>): Uint8Array =>
  joinBytes(imprint, new TextEncoder().encode(`${stamped.notBefore ?? ''},${stamped.notAfter}`))

export const tableCheck: StampCheck = (imprint, proof) => {
  if (hexOf(proof.subarray(0, imprint.length)) !== hexOf(imprint)) return reject('stamp-wrong-imprint')
  const [before = '', after = ''] = new TextDecoder().decode(proof.subarray(imprint.length)).split(',')
  const notBefore = before === '' ? undefined : BigInt(before)
  return { verdict: 'accept', value: { notBefore, notAfter: BigInt(after), block: DRAWING_BLOCK } }
}

export const draw = (given: Partial<OfflineVectorsBody> = {}): Promise<SealedVectors> =>
  drawVectors(NODE, {
    networkId: NETWORK,
    count: 8,
    expires: TAI + 12n * NS_PER_HOUR,
    drawn: DRAWN,
    driftPpb: DRIFT_PPB,
    ...given,
  })

/** The next stamp after `before`, `elapsedNs` after the drawing, with what is given changed. */
export const stampAfter = (
  vectors: SealedVectors,
  before: SealedOfflineStamp | undefined,
  elapsedNs: bigint,
  given: Partial<OfflineStampBody> = {},
): Promise<SealedOfflineStamp> => {
  const index = before === undefined ? 0 : before.stamp.index + 1
  return signOfflineStamp(NODE, {
    vectors: vectors.id,
    index,
    value: vectorValue({ id: vectors.id, block: DRAWING_BLOCK, index }),
    previous: before?.digest ?? NO_STAMP,
    algorithm: 'sha-256',
    imprint: new Uint8Array(32).fill(index),
    reading: readingAfter(vectors.vectors, elapsedNs),
    ...given,
  })
}

/** A record of `count` stamps, one an hour, and the return an hour after the last. */
export const recordOf = async (
  count: number,
  given: {
    readonly vectors?: Partial<OfflineVectorsBody>
    readonly returned?: Partial<OfflineReturnBody>
    readonly stamp?: (at: number) => Partial<OfflineStampBody>
    /** When the return was stamped by the network's time, after the drawing. */
    readonly returnedNs?: bigint
  } = {},
): Promise<OfflineRecord> => {
  const vectors = await draw(given.vectors)
  const stamps: SealedOfflineStamp[] = []
  for (let at = 0; at < count; at += 1)
    stamps.push(await stampAfter(vectors, stamps.at(-1), BigInt(at + 1) * NS_PER_HOUR, given.stamp?.(at)))
  const backNs = BigInt(count + 1) * NS_PER_HOUR
  const returned = await signReturn(NODE, {
    networkId: NETWORK,
    vectors: vectors.id,
    count,
    last: stamps.at(-1)?.digest ?? NO_STAMP,
    reading: readingAfter(vectors.vectors, backNs),
    ...given.returned,
  })
  const at = TAI + (given.returnedNs ?? backNs)
  return {
    vectors: vectors.bytes,
    drawing: proofOfStamp(vectors.id, { notBefore: TAI - NS_PER_SEC, notAfter: TAI + 2n * NS_PER_SEC }),
    stamps: stamps.map(({ bytes }) => bytes),
    returned: {
      bytes: returned.bytes,
      proof: proofOfStamp(returned.digest, { notBefore: at - NS_PER_SEC, notAfter: at + 2n * NS_PER_SEC }),
    },
  }
}
