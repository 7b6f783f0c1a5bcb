/**
 * The NTS key establishment server: TLS 1.3 on a port of its own, one request and one answer a connection, closed with that. Source:
 * RFC 8915 §4. What the records mean is judged in clock/nts-ke.ts. Rules: docs/spec/sources.md S-111 to S-115.
 *
 * A connection costs a handshake, so they are bounded: so many at once, so often from one address (an IPv6 /64 counts as one) and
 * from all of them, and five seconds for all of it. No early data is read.
 *
 * Does not promise to notice a renewed certificate before the node starts again.
 */
import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { Server as TlsServer, TLSSocket } from 'node:tls'
import { ChimerError, NS_PER_MS, NS_PER_SEC } from '../base/index.ts'
import type { Time } from '../base/index.ts'
import { judgeKeRequest, keAgreement, KeReader, keRefusal, NTS_COOKIES_MAX, NTS_KE_ALPN } from '../clock/index.ts'
import type { NtsKeRequestReason } from '../clock/index.ts'
import { exportedKeys } from '../clock/io/nts-key-exchange.ts'
import { readKeyFile } from '../crypto/io/key-file.ts'
import { TokenBuckets } from '../network/index.ts'
import { addressKey } from './ntp-rate.ts'
import type { NtsCookies } from './nts-cookies.ts'
import { bindRefusal } from './udp-socket.ts'

/** Connections at once. */
export const NTS_KE_CONNECTIONS_MAX = 64
/** From connection to the last octet, ns. */
export const NTS_KE_SERVE_NS_MAX = 5n * NS_PER_SEC
/** New connections of one address: a client needs one when it starts, and one after a restart of ours. */
export const NTS_KE_RATE = { ratePerSec: 0.5, burst: 32 }
/** New connections of all addresses together: a handshake costs one to two ms of the node's own thread. */
export const NTS_KE_RATE_ALL = { ratePerSec: 50, burst: 32 }
const ADDRESSES_MAX = 4096

/** Why a connection ended without keys, besides what was wrong with the request (`nts-ke-request-…` in clock/nts-ke.ts). */
export const NTS_KE_CONNECTION_REASONS = [
  'nts-ke-request-rate-limited',
  'nts-ke-request-busy',
  'nts-ke-request-tls',
  'nts-ke-request-other-alpn',
  'nts-ke-request-timeout',
  'nts-ke-request-closed',
] as const
export type NtsKeConnectionReason = (typeof NTS_KE_CONNECTION_REASONS)[number] | NtsKeRequestReason

export interface NtsKeServerOptions {
  /** A literal address or a name of this machine. */
  readonly host: string
  /** TCP port, 0 for any free one. */
  readonly port: number
  /** PEM: our certificate, then those between it and the authority. */
  readonly certFile: string
  /** PEM, mode 0600. */
  readonly keyFile: string
  readonly cookies: NtsCookies
  /** Where our NTP server listens, on the same address. */
  readonly ntpPort: number
  /**
   * Told, as `TC_NTS_CERTIFICATE`, where the host's clock is outside the certificate's life: clients will refuse it. Not fatal, since that
   * clock may be wrong.
   */
  readonly tell?: (trouble: { readonly code: string; readonly message: string }) => void
}

export interface NtsKeCounts {
  readonly agreed: number
  readonly refused: ReadonlyMap<NtsKeConnectionReason, number>
}

export interface NtsKeServer extends AsyncDisposable {
  /** The port in use. */
  readonly port: number
  counts(): NtsKeCounts
}

const readCertificate = async (certFile: string): Promise<string> => {
  try {
    return await readFile(certFile, 'utf8')
  } catch (cause) {
    const say = `cannot read the certificate ${certFile}; check the path and its rights`
    throw new ChimerError('TC_NTS_CERTIFICATE', say, { facts: { certFile }, cause })
  }
}

/** What is wrong with a certificate's life, by the host's clock; undefined: nothing. */
const ageTrouble = (
  time: Time,
  { cert, certFile }: { readonly cert: string; readonly certFile: string },
): string | undefined => {
  const { validFromDate, validToDate } = new X509Certificate(cert)
  const hostUnixMs = Number(time.hostUnixNs() / NS_PER_MS)
  if (hostUnixMs > validToDate.getTime())
    return `${certFile} has expired (${validToDate.toISOString()}): NTS clients refuse it; renew it and start again`
  if (hostUnixMs >= validFromDate.getTime()) return undefined
  return `${certFile} is not valid before ${validFromDate.toISOString()}: NTS clients refuse it; is the host's clock right?`
}

/**
 * A TLS server that never listens by itself: it is handed connections that have passed the limits. `TC_NTS_CERTIFICATE` where the
 * files are no pair; codes of `readKeyFile` where the key cannot be read, or others can read it.
 */
const makeTls = async (time: Time, options: NtsKeServerOptions): Promise<TlsServer> => {
  const { certFile, keyFile, tell } = options
  const key = await readKeyFile(keyFile)
  const cert = await readCertificate(certFile)
  try {
    const server = createTlsServer({ key, cert, minVersion: 'TLSv1.3', ALPNProtocols: [NTS_KE_ALPN] })
    const message = ageTrouble(time, { cert, certFile })
    if (message !== undefined) tell?.({ code: 'TC_NTS_CERTIFICATE', message })
    return server
  } catch (cause) {
    const say = `${certFile} and ${keyFile} are not a certificate (PEM) and its unencrypted key (PEM)`
    throw new ChimerError('TC_NTS_CERTIFICATE', say, { facts: { certFile, keyFile }, cause })
  }
}

const cannotServe = bindRefusal('TC_NTS_KE_LISTEN', 'NTS keys')

const listen = (server: Server, { host, port }: NtsKeServerOptions): Promise<number> => {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  server.once('error', (cause) => reject(cannotServe({ host, port }, cause)))
  server.listen({ host, port }, () => {
    const address = server.address()
    resolve(typeof address === 'object' && address !== null ? address.port : port)
  })
  return promise
}

/** The two ends of a connection: TLS and the TCP beneath it agree on them. */
const nameOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`

class KeServer {
  readonly #time: Time
  readonly #options: NtsKeServerOptions
  readonly #tls: TlsServer
  readonly #buckets = new TokenBuckets(NTS_KE_RATE, ADDRESSES_MAX)
  readonly #all = new TokenBuckets(NTS_KE_RATE_ALL, 1)
  /** What ends each connection that is open, once, with its outcome. */
  readonly #open = new Map<string, (reason: NtsKeConnectionReason | 'agreed') => void>()
  readonly #refused = new Map<NtsKeConnectionReason, number>()
  #agreed = 0

  constructor(time: Time, options: NtsKeServerOptions, tls: TlsServer) {
    this.#time = time
    this.#options = options
    this.#tls = tls
    tls.on('secureConnection', (socket) => this.#serve(socket))
    tls.on('tlsClientError', (error, socket) => this.#conclude(socket, reasonOf(error)))
  }

  counts(): NtsKeCounts {
    return { agreed: this.#agreed, refused: new Map(this.#refused) }
  }

  /** A connection as it comes from the network. */
  admit(raw: Socket): void {
    // What goes wrong with a connection ends it, and `close` is heard below.
    raw.on('error', () => undefined)
    const refusal = this.#refusal(raw)
    if (refusal !== undefined) {
      this.#count(refusal)
      raw.destroy()
      return
    }
    const name = nameOf(raw)
    const cancel = this.#time.schedule(NTS_KE_SERVE_NS_MAX, () => {
      this.#open.get(name)?.('nts-ke-request-timeout')
      raw.destroy()
    })
    this.#open.set(name, (outcome) => {
      this.#open.set(name, () => undefined)
      this.#count(outcome)
    })
    raw.once('close', () => {
      cancel()
      this.#open.get(name)?.('nts-ke-request-closed')
      this.#open.delete(name)
      this.#raw.delete(raw)
    })
    this.#raw.add(raw)
    this.#tls.emit('connection', raw)
  }

  /** Ends every connection. */
  close(): void {
    for (const raw of this.#raw) raw.destroy()
  }

  readonly #raw = new Set<Socket>()

  #refusal(raw: Socket): NtsKeConnectionReason | undefined {
    const address = addressKey(raw.remoteAddress ?? '')
    const now = this.#time.elapsedNs()
    if (!this.#buckets.take(address, now)) return 'nts-ke-request-rate-limited'
    if (this.#raw.size >= NTS_KE_CONNECTIONS_MAX) return 'nts-ke-request-busy'
    return this.#all.take('all', now) ? undefined : 'nts-ke-request-busy'
  }

  #serve(socket: TLSSocket): void {
    socket.on('error', () => undefined)
    if (socket.alpnProtocol !== NTS_KE_ALPN) {
      this.#conclude(socket, 'nts-ke-request-other-alpn')
      socket.destroy()
      return
    }
    const reader = new KeReader()
    socket.on('data', (bytes: Uint8Array) => {
      const reading = reader.push(bytes)
      if (reading.type === 'more') return
      socket.removeAllListeners('data')
      socket.resume()
      const admission =
        reading.type === 'whole'
          ? judgeKeRequest(reading.records)
          : ({ verdict: 'reject', reason: BAD[reading.reason] } as const)
      this.#conclude(socket, admission.verdict === 'accept' ? 'agreed' : admission.reason)
      socket.end(admission.verdict === 'accept' ? this.#agreement(socket) : keRefusal(admission.reason))
    })
  }

  #agreement(socket: TLSSocket): Uint8Array {
    const { cookies, ntpPort } = this.#options
    const keys = exportedKeys(socket)
    return keAgreement(
      Array.from({ length: NTS_COOKIES_MAX }, () => cookies.make(keys)),
      ntpPort,
    )
  }

  #conclude(socket: Socket, outcome: NtsKeConnectionReason | 'agreed'): void {
    this.#open.get(nameOf(socket))?.(outcome)
  }

  #count(outcome: NtsKeConnectionReason | 'agreed'): void {
    if (outcome === 'agreed') this.#agreed += 1
    else this.#refused.set(outcome, (this.#refused.get(outcome) ?? 0) + 1)
  }
}

const BAD = {
  'nts-ke-too-large': 'nts-ke-request-too-large',
  'nts-ke-malformed': 'nts-ke-request-malformed',
} as const

const reasonOf = (error: Error): NtsKeConnectionReason => {
  const code = 'code' in error ? error.code : undefined
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'nts-ke-request-closed'
  return code === 'ERR_SSL_NO_APPLICATION_PROTOCOL' ? 'nts-ke-request-other-alpn' : 'nts-ke-request-tls'
}

/**
 * Opens the port. Rejects with `TC_NTS_KE_LISTEN` where it cannot be had, `TC_NTS_CERTIFICATE` where certificate and key are of no
 * use, and the codes of key files.
 */
export const openNtsKeServer = async (time: Time, options: NtsKeServerOptions): Promise<NtsKeServer> => {
  const serving = new KeServer(time, options, await makeTls(time, options))
  const server = createServer((raw) => serving.admit(raw))
  const port = await listen(server, options)
  return {
    port,
    counts: () => serving.counts(),
    [Symbol.asyncDispose]: async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      server.close(() => resolve())
      serving.close()
      await promise
    },
  }
}
