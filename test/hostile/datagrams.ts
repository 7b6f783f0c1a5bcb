/** A UDP socket that says what it likes to a time server, and the datagrams that are worth saying. */
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import { encodeNtpField, encodeRoughtimeRequest, NTP_FIELD, roughtimeSrvOf } from '../../src/clock/index.ts'
import { bytesOfUint32, encodeMessage, frameMessage, ROUGHTIME_TAG } from '../../src/clock/roughtime-message.ts'
import { fresh } from './forgery.ts'
import type { Watch } from './watch.ts'

/** The port of `HOST:PORT`, whatever follows. */
export const portOf = (address: string | undefined): number => Number(/^[\d.]+:(\d+)/.exec(address ?? '')?.[1])

let addresses = 0
/** An address of this machine that nobody has used: the servers count each for itself. */
export const newAddress = (): string => {
  addresses += 1
  return `127.9.${addresses >> 8}.${addresses & 255}`
}

export class Sender implements AsyncDisposable {
  readonly #socket: Socket
  readonly #port: number
  /** All that came back, oldest first. */
  readonly heard: Buffer[] = []

  private constructor(socket: Socket, port: number) {
    this.#socket = socket
    this.#port = port
    socket.on('message', (bytes) => this.heard.push(bytes))
    socket.on('error', () => {})
  }

  /** Speaks to this port of 127.0.0.1 from an address of its own. */
  static async open(port: number, address = newAddress()): Promise<Sender> {
    const socket = createSocket({ type: 'udp4', sendBufferSize: 1 << 20 })
    socket.bind(0, address)
    await once(socket, 'listening')
    return new Sender(socket, port)
  }

  /** Resolves once the system has taken it. */
  async say(bytes: Uint8Array): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#socket.send(bytes, this.#port, '127.0.0.1', () => resolve())
    return promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#socket, 'close')
    this.#socket.close()
    await closed
  }
}

/** A request of any mode, version and length; bytes 40 to 47 come back as the origin of an answer. */
export const ntpRequest = (mode = 3, version = 4, length = 48): Buffer => {
  const bytes = Buffer.alloc(length)
  if (length > 0) bytes[0] = (version << 3) | mode
  bytes.set(fresh().subarray(0, Math.max(0, Math.min(8, length - 40))), Math.min(40, length))
  return bytes
}

/** Says an honest request from a new address until it is answered: what was said before it has been looked at by then. */
export const untilLookedAt = async (port: number, watch: Watch, request: () => Uint8Array): Promise<void> => {
  await using sender = await Sender.open(port)
  while (sender.heard.length === 0) {
    await sender.say(request())
    await watch.next()
  }
}

/** What may stand behind a header: fields that lie about their length, far too many, far too long, or of NTS and nonsense. */
export const fieldBombs = (): readonly Uint8Array[] => {
  const header = ntpRequest()
  const after = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat([header, ...parts])
  const field = (type: number, length: number, bytes = 16): Uint8Array => {
    const made = Buffer.alloc(bytes)
    made.writeUInt16BE(type, 0)
    made.writeUInt16BE(length, 2)
    return made
  }
  const identifier = encodeNtpField(NTP_FIELD.uniqueId, fresh())
  const cookie = encodeNtpField(NTP_FIELD.cookie, new Uint8Array(104).fill(7))
  const seal = encodeNtpField(NTP_FIELD.authenticator, Uint8Array.of(0, 16, 0, 16, ...new Uint8Array(32)))
  return [
    after(new Uint8Array(976)),
    after(...Array.from({ length: 61 }, () => field(0x02_04, 16))),
    ...[0, 1, 3, 4, 15, 17, 0xff_fc, 0xff_ff].map((length) => after(field(NTP_FIELD.cookie, length))),
    after(encodeNtpField(NTP_FIELD.uniqueId, new Uint8Array(900))),
    after(identifier, cookie),
    after(identifier, cookie, seal),
    after(
      identifier,
      cookie,
      ...Array.from({ length: 8 }, () => encodeNtpField(NTP_FIELD.blankCookie, new Uint8Array(92))),
    ),
    after(identifier, cookie, encodeNtpField(NTP_FIELD.authenticator, Uint8Array.of(255, 255, 255, 255, ...fresh()))),
    after(identifier, encodeNtpField(NTP_FIELD.cookie, new Uint8Array(800)), seal),
    after(seal, identifier, cookie),
  ]
}

const padded = (entries: readonly (readonly [number, Uint8Array])[], bytes = 1036): Uint8Array => {
  const used = entries.reduce((sum, [, value]) => sum + value.length, 8 * (entries.length + 1))
  return frameMessage(encodeMessage(new Map([...entries, [ROUGHTIME_TAG.ZZZZ, new Uint8Array(bytes - 12 - used)]])))
}

/** Roughtime requests that get no answer, by the reason that each is counted under. */
export const badRoughtimeRequests = (publicKey: Uint8Array): readonly (readonly [string, Uint8Array])[] => {
  const { VER, SRV, NONC, TYPE } = ROUGHTIME_TAG
  const versions = bytesOfUint32(1)
  const type = bytesOfUint32(0)
  const srv = roughtimeSrvOf(publicKey)
  const good = encodeRoughtimeRequest({ form: 'framed', nonce: fresh(), publicKey })
  const changed = (at: number, value: number): Uint8Array => {
    const bytes = Buffer.from(good)
    bytes.writeUInt32LE(value, at)
    return bytes
  }
  return [
    ['roughtime-request-too-short', Uint8Array.of(0)],
    ['roughtime-request-too-short', good.subarray(0, 1023)],
    ['roughtime-request-too-long', new Uint8Array(1501)],
    ['roughtime-request-too-long', new Uint8Array(65_507)],
    ['roughtime-frame-length', changed(8, 0xff_ff_ff_ff)],
    ['roughtime-tag-count', changed(12, 0xff_ff_ff_ff)],
    ['roughtime-tag-count', changed(12, 0)],
    ['roughtime-offset', changed(16, 0xff_ff_ff_fc)],
    [
      'roughtime-request-other-key',
      padded([
        [VER, versions],
        [SRV, fresh()],
        [NONC, fresh()],
        [TYPE, type],
      ]),
    ],
    [
      'roughtime-request-nonce',
      padded([
        [VER, versions],
        [SRV, srv],
        [NONC, new Uint8Array(512)],
        [TYPE, type],
      ]),
    ],
    [
      'roughtime-request-versions',
      padded([
        [VER, new Uint8Array(640)],
        [SRV, srv],
        [NONC, fresh()],
        [TYPE, type],
      ]),
    ],
    [
      'roughtime-request-type',
      padded([
        [VER, versions],
        [SRV, srv],
        [NONC, fresh()],
        [TYPE, bytesOfUint32(1)],
      ]),
    ],
    [
      'roughtime-request-no-common-version',
      padded([
        [VER, bytesOfUint32(9)],
        [NONC, fresh()],
        [TYPE, type],
      ]),
    ],
  ]
}
