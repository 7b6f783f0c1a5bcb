/**
 * A chain of Roughtime questions: each nonce is made from the response before, so that nobody can have given a later answer before
 * an earlier one was there. Two answers whose times contradict that order convict one of the two servers.
 * Source: RFC 10049 "Measurement Sequence" (nonce = H(response ‖ rand); answer i before answer j requires
 * MIDP_i − RADI_i <= MIDP_j + RADI_j).
 *
 * Pure state. A chain proves an order, not which of two servers lies; that takes a third, or the reader's own clock. A server
 * that is fast shows only when another one is asked after it: sequences are therefore asked twice, or without end.
 */
import { hexOf, NS_PER_DAY } from '../base/index.ts'
import { roughtimeHash } from './roughtime-merkle.ts'

/** Links kept: with a few servers, the last several rounds. A report is as long at most. */
export const ROUGHTIME_LINKS_MAX = 32
/** Pairs of servers whose contradiction is remembered, and for how long the same pair is not told again. */
export const ROUGHTIME_TOLD_MAX = 256
export const ROUGHTIME_TOLD_NS = NS_PER_DAY

/** Bytes of the value that is hashed with a response. */
export const ROUGHTIME_RAND_BYTES = 32

/** One question and its valid answer. */
export interface RoughtimeLink {
  /** The server's long-term key, 32 bytes. */
  readonly publicKey: Uint8Array
  /** What made the nonce with the response before; nothing for the first. */
  readonly rand: Uint8Array | undefined
  readonly request: Uint8Array
  readonly response: Uint8Array
  readonly midpointUnixNs: bigint
  readonly radiusNs: bigint
}

export interface RoughtimeChain {
  /** In the order of their coming, at most `ROUGHTIME_LINKS_MAX`. */
  readonly links: readonly RoughtimeLink[]
  /** Contradictions told: which pair, and the local counter then. */
  readonly told: readonly { readonly pair: string; readonly localNs: bigint }[]
}

export const ROUGHTIME_CHAIN: RoughtimeChain = { links: [], told: [] }

/** The nonce that follows a response: SHA-512(response ‖ rand), its first 32 bytes (the classic form takes all 64). */
export const roughtimeChainedNonce = (response: Uint8Array, rand: Uint8Array, nonceBytes: number): Uint8Array =>
  roughtimeHash(nonceBytes, response, rand)

/** What two answers say of the time. */
interface Said {
  readonly midpointUnixNs: bigint
  readonly radiusNs: bigint
}

/** Does a later answer end before an earlier one begins? */
export const roughtimeContradicts = (earlier: Said, later: Said): boolean =>
  earlier.midpointUnixNs - earlier.radiusNs > later.midpointUnixNs + later.radiusNs

const pairOf = (earlier: RoughtimeLink, later: RoughtimeLink): string =>
  `${hexOf(earlier.publicKey)} ${hexOf(later.publicKey)}`

/** Where a chain goes on, and where it roughtimeContradicts itself: the links from the contradicted answer to the newest. */
export interface RoughtimeStep {
  readonly chain: RoughtimeChain
  readonly contradiction: readonly RoughtimeLink[] | undefined
}

/**
 * Appends an answer that came at `localNs`. The shortest contradiction that ends in it is told, unless the same two servers were
 * told of within a day.
 */
export const extendChain = (chain: RoughtimeChain, link: RoughtimeLink, localNs: bigint): RoughtimeStep => {
  const links = [...chain.links, link].slice(-ROUGHTIME_LINKS_MAX)
  const told = chain.told.filter((entry) => localNs - entry.localNs < ROUGHTIME_TOLD_NS)
  const isNews = (earlier: RoughtimeLink): boolean => {
    const pair = pairOf(earlier, link)
    return roughtimeContradicts(earlier, link) && told.every((entry) => entry.pair !== pair)
  }
  const from = links.slice(0, -1).findLastIndex(isNews)
  const earlier = links[from]
  if (earlier === undefined) return { chain: { links, told }, contradiction: undefined }
  const pair = pairOf(earlier, link)
  return {
    chain: { links, told: [...told, { pair, localNs }].slice(-ROUGHTIME_TOLD_MAX) },
    contradiction: links.slice(from),
  }
}
