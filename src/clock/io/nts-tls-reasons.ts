/**
 * What TLS failures mean in key establishment: Node's and OpenSSL's error codes, each as one of our reasons.
 * Source: Node's documentation of `tls` ("X509 certificate error codes") and `errors` (ERR_SSL_…, from OpenSSL's reason strings).
 */
import { codeOf } from '../../crypto/io/disk.ts'

/** Why no TLS connection of the right kind came about, or it ended too soon. */
export const NTS_TLS_REASONS = [
  'nts-ke-timeout',
  'nts-ke-network',
  'nts-ke-no-address',
  'nts-ke-closed',
  'nts-unknown-ca',
  'nts-certificate-expired',
  'nts-certificate-not-yet-valid',
  'nts-wrong-name',
  'nts-certificate-refused',
  'nts-alpn-refused',
  'nts-tls-version',
  'nts-tls-failed',
] as const
export type NtsTlsReason = (typeof NTS_TLS_REASONS)[number]

const REASONS: Readonly<Record<string, NtsTlsReason>> = {
  ENOTFOUND: 'nts-ke-no-address',
  EAI_AGAIN: 'nts-ke-no-address',
  ECONNRESET: 'nts-ke-closed',
  EPIPE: 'nts-ke-closed',
  UNABLE_TO_GET_ISSUER_CERT: 'nts-unknown-ca',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'nts-unknown-ca',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'nts-unknown-ca',
  SELF_SIGNED_CERT_IN_CHAIN: 'nts-unknown-ca',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'nts-unknown-ca',
  CERT_UNTRUSTED: 'nts-unknown-ca',
  CERT_HAS_EXPIRED: 'nts-certificate-expired',
  CERT_NOT_YET_VALID: 'nts-certificate-not-yet-valid',
  ERR_TLS_CERT_ALTNAME_INVALID: 'nts-wrong-name',
  ERR_TLS_CERT_ALTNAME_FORMAT: 'nts-wrong-name',
  HOSTNAME_MISMATCH: 'nts-wrong-name',
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'nts-alpn-refused',
  ERR_SSL_NO_APPLICATION_PROTOCOL: 'nts-alpn-refused',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'nts-tls-version',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'nts-tls-version',
  ERR_SSL_WRONG_SSL_VERSION: 'nts-tls-version',
  ERR_SSL_VERSION_TOO_LOW: 'nts-tls-version',
}

/** Certificate errors that have no line of their own: a bad signature, a wrong purpose, a revoked one, a chain too long. */
const CERTIFICATE =
  /^(?:CERT_|CRL_|INVALID_(?:CA|PURPOSE)|PATH_LENGTH|UNABLE_TO_(?:DECRYPT|DECODE)|ERROR_IN_CERT|ERR_SSL_.*CERT|EE_KEY|CA_)/

/** The reason that an error of a socket means. Plain sockets' errors (refused, unroutable) are the network's. */
export const tlsReason = (error: unknown): NtsTlsReason => {
  const code = codeOf(error)
  if (Object.hasOwn(REASONS, code)) return REASONS[code] ?? 'nts-tls-failed'
  if (CERTIFICATE.test(code)) return 'nts-certificate-refused'
  return /^(?:ERR_SSL|ERR_TLS|EPROTO)/.test(code) ? 'nts-tls-failed' : 'nts-ke-network'
}
