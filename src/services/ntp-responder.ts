/**
 * A small NTP server for a devnet: one UDP port on loopback that serves the host clock.
 * Source: RFC 5905 §9.2. The answer itself is pure (`answer` in clock/ntp-packet.ts).
 *
 * Does not promise that the host clock is right: it is a devnet's notion of truth, with the root dispersion that the
 * operator states. Anything that is not a client's request is dropped and counted; no answer is longer than its request.
 */
import { createSocket } from 'node:dgram'
import type { RemoteInfo, Socket } from 'node:dgram'
import { ChimerError, NS_PER_MS, NS_PER_SEC } from '../base/index.ts'
import type { Time } from '../base/index.ts'
import { answer } from '../clock/index.ts'
import type { NtpRequestReason, NtpServerReading } from '../clock/index.ts'

/** 127.127.1.0, the address by which NTP servers name an undisciplined local clock. */
export const LOCAL_CLOCK_REFERENCE_ID = 0x7f_7f_01_00

/** One step below a primary server: the host clock is somebody else's copy of the time. */
const STRATUM = 2

export interface NtpResponderOptions {
  /** UDP port, 0 for any free one. */
  readonly port: number
  /** A loopback address; 127.0.0.1 where not given. */
  readonly host?: string
  /** How far the host clock may be from true time by its operator's word, ns; 1 ms where not given. */
  readonly rootDispersionNs?: bigint
}

/** What became of datagrams so far. */
export interface NtpResponderCounts {
  readonly answered: number
  readonly dropped: ReadonlyMap<NtpRequestReason, number>
}

export interface NtpResponder extends AsyncDisposable {
  /** The port in use. */
  readonly port: number
  counts(): NtpResponderCounts
}

/**
 * The host clock's precision, log2 seconds: the smallest step seen between readings, rounded up; 2^-9 s (the next power
 * above a millisecond) where none is seen in 1,000 readings. RFC 5905 §7.3 has precision measured so.
 */
const measurePrecision = (time: Time): number => {
  let stepNs = 2n * NS_PER_MS
  let last = time.hostUnixNs()
  for (let reading = 0; reading < 1000; reading += 1) {
    const now = time.hostUnixNs()
    if (now > last && now - last < stepNs) stepNs = now - last
    last = now
  }
  return Math.max(-24, Math.ceil(Math.log2(Number(stepNs) / 1e9)))
}

const bind = (port: number, host: string): Promise<Socket> => {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const socket = createSocket({
    type: host.includes(':') ? 'udp6' : 'udp4',
    lookup: (address, _options, done) => done(null, address, address.includes(':') ? 6 : 4),
  })
  const fail = (cause: Error): void => {
    const facts = { host, port }
    socket.close()
    reject(
      new ChimerError('TC_NTP_BIND', `cannot serve NTP on ${host} port ${port}: free it or choose another`, {
        cause,
        facts,
      }),
    )
  }
  socket.once('error', fail)
  socket.bind(port, host, () => {
    socket.off('error', fail)
    // A refused or unroutable answer is the asker's loss; UDP promises it nothing.
    socket.on('error', () => undefined)
    resolve(socket)
  })
  return promise
}

class Responder implements NtpResponder {
  readonly port: number
  readonly #time: Time
  readonly #socket: Socket
  readonly #dropped = new Map<NtpRequestReason, number>()
  readonly #said: Omit<NtpServerReading, 'receiveUnixNs' | 'transmitUnixNs' | 'referenceUnixNs'>
  #answered = 0

  constructor(time: Time, socket: Socket, rootDispersionNs: bigint) {
    const precision = measurePrecision(time)
    this.#time = time
    this.#socket = socket
    this.port = socket.address().port
    this.#said = {
      leap: 0,
      stratum: STRATUM,
      precision,
      rootDelayNs: 0n,
      rootDispersionNs: rootDispersionNs + BigInt(Math.ceil(2 ** precision * 1e9)),
      referenceId: LOCAL_CLOCK_REFERENCE_ID,
    }
    socket.on('message', (bytes, from) => this.#serve(bytes, from))
  }

  counts(): NtpResponderCounts {
    return { answered: this.#answered, dropped: new Map(this.#dropped) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => void this.#socket.close(() => resolve()))
  }

  #serve(bytes: Uint8Array, from: RemoteInfo): void {
    const receiveUnixNs = this.#time.hostUnixNs()
    const reading = {
      ...this.#said,
      referenceUnixNs: receiveUnixNs - NS_PER_SEC,
      receiveUnixNs,
      transmitUnixNs: this.#time.hostUnixNs(),
    }
    const admission = answer(bytes, reading)
    if (admission.verdict === 'accept') {
      this.#answered += 1
      this.#socket.send(admission.value, from.port, from.address)
    } else {
      this.#dropped.set(admission.reason, (this.#dropped.get(admission.reason) ?? 0) + 1)
    }
  }
}

/** Opens the port, or rejects with `TC_NTP_BIND` where it cannot be had. */
export const openNtpResponder = async (time: Time, options: NtpResponderOptions): Promise<NtpResponder> => {
  const { port, host = '127.0.0.1', rootDispersionNs = NS_PER_MS } = options
  return new Responder(time, await bind(port, host), rootDispersionNs)
}
