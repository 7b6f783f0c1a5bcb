/**
 * What is asked of a time-stamping authority: TimeStampReq (RFC 3161 §2.4.1), written by who asks and read by who answers; and why an
 * authority refuses (PKIFailureInfo).
 */
import { accept, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { BerReader } from './rfc3161-ber.ts'
import { TAG, integer, object, objectIdOf, sequence, tagged } from './rfc3161-der.ts'
import { hasNoParameter, readAlgorithm } from './rfc3161-names.ts'
import { IMPRINT_IDS } from './rfc3161-oids.ts'
import { encodeImprint } from './rfc3161-tst-info.ts'
import type { MessageImprint } from './rfc3161-tst-info.ts'

/** Longest request, bytes. */
export const TS_REQUEST_BYTES_MAX = 4096
/** Longest nonce, bytes: what is echoed is no place to keep things. */
export const NONCE_BYTES_MAX = 64

export interface TsRequest {
  readonly imprint: MessageImprint
  /** Undefined: the authority's own. */
  readonly policy: string | undefined
  /** Contents of its INTEGER. */
  readonly nonce: Uint8Array | undefined
  /** Is the authority's certificate to come with the token? */
  readonly wantsCertificate: boolean
}

/** Why a request gets no token, each with its bit in PKIFailureInfo (RFC 3161 §2.4.2). */
export const TS_REFUSALS = {
  'tsa-bad-algorithm': { bit: 0, text: 'the hash must be SHA-256, SHA-384 or SHA-512, without parameters' },
  'tsa-bad-request': { bit: 2, text: 'the request’s version is not 1' },
  'tsa-bad-data-format': { bit: 5, text: 'the request is malformed, or its imprint is not as long as the hash' },
  'tsa-time-not-available': { bit: 14, text: 'the clock is not good enough at present' },
  'tsa-unaccepted-policy': { bit: 15, text: 'tokens are not given under that policy' },
  'tsa-unaccepted-extension': { bit: 16, text: 'extensions are not known here' },
  'tsa-system-failure': { bit: 25, text: 'the authority failed; its log says why' },
} as const
export const TS_REQUEST_REASONS = [
  'tsa-bad-algorithm',
  'tsa-bad-request',
  'tsa-bad-data-format',
  'tsa-time-not-available',
  'tsa-unaccepted-policy',
  'tsa-unaccepted-extension',
  'tsa-system-failure',
] as const
export type TsRequestReason = (typeof TS_REQUEST_REASONS)[number]

const IMPRINT_LENGTHS: ReadonlyMap<string, number> = new Map([
  [IMPRINT_IDS['sha-256'], 32],
  [IMPRINT_IDS['sha-384'], 48],
  [IMPRINT_IDS['sha-512'], 64],
])

interface Read extends TsRequest {
  readonly isVersion1: boolean
  readonly isPlain: boolean
  readonly hasExtensions: boolean
}

const read = (bytes: Uint8Array): Read | undefined => {
  const reader = new BerReader(bytes)
  const request = reader.sequence((fields): Read => {
    const version = fields.primitive(TAG.integer)
    const message = fields.sequence((parts) => ({
      algorithm: readAlgorithm(parts),
      imprint: parts.primitive(TAG.octets),
    }))
    const policy = fields.optionalPrimitive(TAG.object)
    const nonce = fields.optionalPrimitive(TAG.integer)
    const wantsCertificate = (fields.optionalPrimitive(TAG.boolean)?.[0] ?? 0) !== 0
    const extensions = fields.optionalListOf('sequence', (item) => item.any(), { context: 0 })
    return {
      imprint: { algorithm: message.algorithm.id, imprint: message.imprint },
      policy: policy === undefined ? undefined : objectIdOf(policy),
      nonce,
      wantsCertificate,
      isVersion1: version.length === 1 && version[0] === 1,
      isPlain: hasNoParameter(message.algorithm),
      hasExtensions: extensions !== undefined,
    }
  })
  return reader.isBad || reader.at !== bytes.length ? undefined : request
}

/** A request of anybody. `policies` are those under which tokens are given. Never throws. */
export const readRequest = (bytes: Uint8Array, policies: readonly string[]): Admission<TsRequest, TsRequestReason> => {
  const request = bytes.length > TS_REQUEST_BYTES_MAX ? undefined : read(bytes)
  if (request === undefined) return reject('tsa-bad-data-format')
  const { imprint, policy, nonce, wantsCertificate } = request
  if (!request.isVersion1) return reject('tsa-bad-request')
  const length = IMPRINT_LENGTHS.get(imprint.algorithm)
  if (length === undefined || !request.isPlain) return reject('tsa-bad-algorithm')
  if (imprint.imprint.length !== length || (nonce?.length ?? 0) > NONCE_BYTES_MAX) return reject('tsa-bad-data-format')
  if (policy !== undefined && !policies.includes(policy)) return reject('tsa-unaccepted-policy')
  return request.hasExtensions
    ? reject('tsa-unaccepted-extension')
    : accept({ imprint, policy, nonce, wantsCertificate })
}

/** DER of a request; a certificate that is not wanted is not spoken of, as DER leaves out what is default. */
export const encodeRequest = ({ imprint, policy, nonce, wantsCertificate }: TsRequest): Uint8Array =>
  sequence(
    integer(1),
    encodeImprint(imprint),
    ...(policy === undefined ? [] : [object(policy)]),
    ...(nonce === undefined ? [] : [tagged(TAG.integer, nonce)]),
    ...(wantsCertificate ? [tagged(TAG.boolean, Uint8Array.of(0xff))] : []),
  )
