/**
 * The forms of Roughtime that are spoken: the RFC's, those of the drafts that servers still answer in, and the unframed one from
 * before the IETF's work. They differ in few things, all of them in the table below; everything else is shared.
 *
 * Source: RFC 10049 (read as draft-ietf-ntp-roughtime-19), drafts -11, -13, -14 and -15 in the working group's repository, and for
 * what drafts -08, -11 and the classic form are in practice Cloudflare's implementation, whose vectors are tests.
 * Rules: docs/spec/sources.md, section Roughtime.
 */
import { NS_PER_SEC, NS_PER_US } from '../base/index.ts'

/** Version numbers of one list that are read (RFC 10049 "VER"). */
export const ROUGHTIME_VERSIONS_MAX = 32

export interface RoughtimeDialect {
  readonly name: 'rfc' | 'draft-12' | 'draft-11' | 'draft-08' | 'classic'
  /** In the VER tag; the classic form has none. */
  readonly version: number | undefined
  /** Bytes of nonces, digests and Merkle nodes: SHA-512, cut to so many. */
  readonly digestBytes: 32 | 64
  /** What a leaf of the Merkle tree is: the whole request packet, or its nonce. */
  readonly leaf: 'packet' | 'nonce'
  /** Must a response say TYPE 1? Elsewhere it may, and must not say anything else. */
  readonly needsType: boolean
  /** Is the response's version under the signature (in SREP), in the open, or nowhere? */
  readonly versionIn: 'signed' | 'open' | 'nowhere'
  /** What MIDP, RADI, MINT and MAXT count, ns. */
  readonly unitNs: bigint
  /** Smallest radius that a server may state, in units. */
  readonly radiusMin: bigint
  /** In front of DELE under its signature. */
  readonly delegationContext: Uint8Array
  /**
   * Drafts up to -15 wrote the order of two nodes down both ways; both are accepted there. Every server at hand hashes the
   * left one first, and so do we.
   */
  readonly acceptsReversedNodes: boolean
}

const context = (text: string): Uint8Array => new TextEncoder().encode(`${text}\0`)

/** In front of SREP under its signature, in every form. */
export const RESPONSE_CONTEXT: Uint8Array = context('RoughTime v1 response signature')
const DELEGATION_CONTEXT = context('RoughTime v1 delegation signature')
const DELEGATION_CONTEXT_OLD = context('RoughTime v1 delegation signature--')

/** RFC 10049, version 1. */
const RFC: RoughtimeDialect = {
  name: 'rfc',
  version: 1,
  digestBytes: 32,
  leaf: 'packet',
  needsType: true,
  versionIn: 'signed',
  unitNs: NS_PER_SEC,
  radiusMin: 1n,
  delegationContext: DELEGATION_CONTEXT,
  acceptsReversedNodes: false,
}

/** Drafts -12 to -19 share a number. */
const DRAFT_12: RoughtimeDialect = {
  ...RFC,
  name: 'draft-12',
  version: 0x80_00_00_0c,
  needsType: false,
  acceptsReversedNodes: true,
}

/** Draft -11: "the value of the RADI tag MUST be at least 3 seconds". */
const DRAFT_11: RoughtimeDialect = {
  ...DRAFT_12,
  name: 'draft-11',
  version: 0x80_00_00_0b,
  leaf: 'nonce',
  versionIn: 'open',
  radiusMin: 3n,
  delegationContext: DELEGATION_CONTEXT_OLD,
}

const DRAFT_08: RoughtimeDialect = { ...DRAFT_11, name: 'draft-08', version: 0x80_00_00_08, radiusMin: 1n }

/** As Google published it in 2016: no frame, no version, microseconds, whole SHA-512. */
export const CLASSIC: RoughtimeDialect = {
  ...DRAFT_08,
  name: 'classic',
  version: undefined,
  digestBytes: 64,
  versionIn: 'nowhere',
  unitNs: NS_PER_US,
}

/** The framed forms, the best one first. */
export const ROUGHTIME_FRAMED_DIALECTS: readonly RoughtimeDialect[] = [RFC, DRAFT_12, DRAFT_11, DRAFT_08]

/** Numbers of the framed forms, ascending as the standard wants them listed. */
export const ROUGHTIME_FRAMED_VERSIONS: readonly number[] = ROUGHTIME_FRAMED_DIALECTS.flatMap(
  ({ version }) => version ?? [],
).sort((a, b) => a - b)

/** The form of a version number, or undefined where it is not spoken here. */
export const roughtimeDialectOf = (version: number): RoughtimeDialect | undefined =>
  ROUGHTIME_FRAMED_DIALECTS.find((dialect) => dialect.version === version)
