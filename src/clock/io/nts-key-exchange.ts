/**
 * NTS key establishment, the client's end: one TLS 1.3 connection in which keys and cookies are agreed, and which is closed
 * with that. Source: RFC 8915 §3, §4. What the records mean is judged in clock/nts-ke.ts; here are TLS and its failures.
 *
 * The certificate is checked by TLS against the host's clock, since there is no other yet: a host whose clock is years off sees good
 * certificates as expired, or expired ones as good (docs/spec/sources.md S-103). No session is resumed and no early data sent,
 * so two connections have nothing in common but the address.
 */
import { isIP } from 'node:net'
import { connect, createSecureContext, getCACertificates } from 'node:tls'
import type { SecureContext, TLSSocket } from 'node:tls'
import { NS_PER_SEC } from '../../base/index.ts'
import type { Time } from '../../base/index.ts'
import { NTS_KEY_BYTES } from '../nts-aead.ts'
import type { NtsKeys } from '../nts-fields.ts'
import { exporterContext, judgeKeAnswer, KE_REQUEST, NTS_EXPORTER_LABEL, NTS_KE_ALPN } from '../nts-ke.ts'
import type { KeAgreement, NtsKeAnswerReason } from '../nts-ke.ts'
import { KeReader } from '../nts-ke-records.ts'
import { tlsReason } from './nts-tls-reasons.ts'
import type { NtsTlsReason } from './nts-tls-reasons.ts'

/** From the first packet to the last record, name look-up and all, ns. */
export const NTS_KE_TIMEOUT_NS = 5n * NS_PER_SEC

export interface KeQuestion {
  /** A name or a literal address; the certificate must be its. */
  readonly host: string
  readonly port: number
  /** Made by `rootsContext`. */
  readonly roots: SecureContext
  readonly timeoutNs: bigint
  /** Ends it: the outcome is then `aborted`. */
  readonly signal: AbortSignal
}

/** Why no keys were agreed on. */
export type NtsKeReason = NtsKeAnswerReason | NtsTlsReason

export type KeOutcome =
  | {
      readonly type: 'agreed'
      readonly agreement: KeAgreement
      readonly keys: NtsKeys
      /** The literal address that was spoken to. */
      readonly address: string
    }
  | { readonly type: 'failed'; readonly reason: NtsKeReason }
  | { readonly type: 'aborted' }

/** Contexts by the list of extra certificates: to read the platform's some 140 roots takes 13 ms, too long for each source anew. */
const CONTEXTS = new WeakMap<readonly string[], SecureContext>()

/** Whom to trust: the platform's roots, and `extra` certificates (PEM). Made once for all that hand in the same list. */
export const rootsContext = (extra: readonly string[]): SecureContext => {
  const known = CONTEXTS.get(extra)
  if (known !== undefined) return known
  const made = createSecureContext({ minVersion: 'TLSv1.3', ca: [...getCACertificates('default'), ...extra] })
  CONTEXTS.set(extra, made)
  return made
}

const open = ({ host, port, roots }: KeQuestion): TLSSocket =>
  connect({
    host,
    port,
    // A literal address may not stand in the TLS extension; the certificate is then checked against `host`.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    secureContext: roots,
    minVersion: 'TLSv1.3',
    ALPNProtocols: [NTS_KE_ALPN],
  })

/** The keys that both ends of a connection draw from it (RFC 8915 §5.1). */
export const exportedKeys = (socket: TLSSocket): NtsKeys => {
  const exported = (direction: 'c2s' | 's2c'): Uint8Array => {
    const context = Buffer.from(exporterContext(direction))
    return Uint8Array.from(socket.exportKeyingMaterial(NTS_KEY_BYTES, NTS_EXPORTER_LABEL, context))
  }
  return { c2s: exported('c2s'), s2c: exported('s2c') }
}

/** Agrees on keys once. Always settles, at the latest after `timeoutNs`, with the connection closed and no timer left. */
export const exchangeKeys = (time: Time, question: KeQuestion): Promise<KeOutcome> => {
  const { promise, resolve } = Promise.withResolvers<KeOutcome>()
  const { signal, timeoutNs } = question
  const reader = new KeReader()
  let isSettled = false
  const settle = (outcome: KeOutcome): void => {
    if (isSettled) return
    isSettled = true
    cancel()
    signal.removeEventListener('abort', onAbort)
    if (socket.closed) return resolve(outcome)
    socket.once('close', () => resolve(outcome))
    socket.destroy()
  }
  const fail = (reason: NtsKeReason): void => settle({ type: 'failed', reason })
  const onAbort = (): void => settle({ type: 'aborted' })
  const cancel = time.schedule(timeoutNs, () => fail('nts-ke-timeout'))
  const socket = open(question)
  socket.on('error', (error) => fail(tlsReason(error)))
  socket.on('end', () => fail('nts-ke-closed'))
  socket.on('close', () => fail('nts-ke-closed'))
  socket.once('secureConnect', () => {
    if (isSettled) return
    if (socket.alpnProtocol !== NTS_KE_ALPN) fail('nts-alpn-refused')
    else socket.write(KE_REQUEST)
  })
  socket.on('data', (bytes: Uint8Array) => {
    if (isSettled) return
    const reading = reader.push(bytes)
    if (reading.type === 'bad') fail(reading.reason)
    if (reading.type === 'whole') settle(concluded(socket, judgeKeAnswer(reading.records)))
  })
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  return promise
}

const concluded = (socket: TLSSocket, admission: ReturnType<typeof judgeKeAnswer>): KeOutcome => {
  if (admission.verdict !== 'accept') return { type: 'failed', reason: admission.reason }
  return {
    type: 'agreed',
    agreement: admission.value,
    keys: exportedKeys(socket),
    address: socket.remoteAddress ?? '',
  }
}
