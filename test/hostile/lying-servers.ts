/**
 * Servers of time that mean ill, for a node that has been told to ask them: each says its own wrong thing, as often and as long as
 * it is asked or may.
 */
import { createSocket } from 'node:dgram'
import type { RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { encodeKeRecords, encodeRoughtimeRequest, KE_RECORD, keAgreement, wordsBody } from '../../src/clock/index.ts'
import { HandSigner } from '../../src/clock/roughtime-signer.test-kit.ts'
import type { CertificateFiles } from '../real/nts-authority.ts'
import { fresh } from './forgery.ts'

/** `HOST:PORT` where it listens, and how often it was asked. */
export interface LyingServer extends AsyncDisposable {
  readonly address: string
  readonly asked: () => number
}

/** Answers each datagram with all that `answer` makes of it. */
export const lyingOverUdp = async (
  answer: (request: Buffer, from: RemoteInfo) => readonly Uint8Array[],
): Promise<LyingServer> => {
  const socket = createSocket('udp4')
  let asked = 0
  socket.on('message', (request, from) => {
    asked += 1
    for (const bytes of answer(request, from)) socket.send(bytes, from.port, from.address, () => {})
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked: () => asked,
    [Symbol.asyncDispose]: async () => {
      const closed = once(socket, 'close')
      socket.close()
      await closed
    },
  }
}

/** A well-made answer of the present, but for the first 16 bytes. */
const ntpAnswer = (request: Buffer, head: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(48)
  const seconds = Math.floor(Date.now() / 1000) + 2_208_988_800
  for (const at of [16, 32, 40]) bytes.writeUInt32BE(seconds, at)
  bytes.set(head)
  request.copy(bytes, 24, 40, 48)
  return bytes
}

/** Answers to other questions, in other modes and versions, empty and huge: no answer among them. */
export const uselessNtp = (): Promise<LyingServer> =>
  lyingOverUdp((request) => [
    ...Array.from({ length: 50 }, () => ntpAnswer(Buffer.alloc(48, fresh()), [0x24, 1, 6, 0xec])),
    Buffer.alloc(0),
    Buffer.alloc(20_000),
    ntpAnswer(request, [0x23, 1, 6, 0xec]),
    ntpAnswer(request, [0x3c, 1, 6, 0xec]),
  ])
/** Leap 3, stratum 0, no kiss: told as the answer. */
export const clocklessNtp = (): Promise<LyingServer> =>
  lyingOverUdp((request) => [ntpAnswer(request, [0xe4, 0, 6, 0xec])])

/** Signs well, and always for another's question. */
export const misdirectedRoughtime = async (): Promise<LyingServer & { readonly key: string }> => {
  const signer = new HandSigner('misdirected')
  const { publicKey } = signer
  const server = await lyingOverUdp(() => {
    const other = encodeRoughtimeRequest({ form: 'framed', nonce: fresh(), publicKey })
    return [Uint8Array.of(0), signer.answer(other, { midpoint: BigInt(Math.floor(Date.now() / 1000)), radius: 3n })]
  })
  return { ...server, key: Buffer.from(publicKey).toString('base64') }
}

const listening = async (server: ReturnType<typeof createServer>, asked: () => number): Promise<LyingServer> => {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => open.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const place = server.address()
  return {
    address: `127.0.0.1:${typeof place === 'object' && place !== null ? place.port : 0}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}

/** Key establishment that answers each client as `behave` does. */
export const lyingKeys = (files: CertificateFiles, behave: (socket: TLSSocket) => void): Promise<LyingServer> => {
  let asked = 0
  const pair = { cert: readFileSync(files.certFile), key: readFileSync(files.keyFile) }
  const server = createTlsServer({ ...pair, ALPNProtocols: ['ntske/1'], minVersion: 'TLSv1.3' }, (socket) => {
    asked += 1
    socket.on('error', () => {})
    socket.once('data', () => behave(socket))
  })
  server.on('tlsClientError', () => {})
  return listening(server, () => asked)
}

const plain = (type: number, body: Uint8Array) => ({ critical: false, type, body })
const END = encodeKeRecords([{ critical: true, type: KE_RECORD.end, body: new Uint8Array(0) }])

/** A megabyte of cookies, and no end. */
export const endlessCookies = (socket: TLSSocket): void => {
  const records = encodeKeRecords(Array.from({ length: 1000 }, () => plain(KE_RECORD.cookie, new Uint8Array(1000))))
  socket.write(records)
}
/** A true agreement, a byte every now and then, and never the whole of it. */
export const drippingKeys = (socket: TLSSocket): void => {
  const bytes = keAgreement([new Uint8Array(104)], 123)
  let at = 0
  const drip = (): void => {
    if (socket.destroyed) return
    socket.write(bytes.subarray(at, at + 1))
    at = Math.min(at + 1, bytes.length - 2)
    timer = setTimeout(drip, 100)
  }
  let timer = setTimeout(drip, 0)
  socket.once('close', () => clearTimeout(timer))
}
/** A true agreement on an NTP server elsewhere. Keys are TLS's own; what stands in the cookies is nobody's business. */
export const redirect =
  (host: string, port: number) =>
  (socket: TLSSocket): void => {
    const cookies = Array.from({ length: 8 }, () => new Uint8Array([...fresh(), ...new Uint8Array(72)]))
    const place = encodeKeRecords([
      plain(KE_RECORD.server, new TextEncoder().encode(host)),
      plain(KE_RECORD.port, wordsBody(port)),
    ])
    const agreed = encodeKeRecords([
      { critical: true, type: KE_RECORD.nextProtocol, body: wordsBody(0) },
      { critical: true, type: KE_RECORD.aead, body: wordsBody(15) },
      ...cookies.map((body) => plain(KE_RECORD.cookie, body)),
    ])
    socket.end(Buffer.concat([agreed, place, END]))
  }

/** A gpsd that greets as the real one, and then does this with the connection. */
export const lyingGpsd = (behave: (socket: Socket) => void): Promise<LyingServer> => {
  let asked = 0
  const server = createServer((socket) => {
    asked += 1
    socket.write('{"class":"VERSION","release":"3.22","proto_major":3,"proto_minor":14}\r\n')
    socket.once('data', () => behave(socket))
  })
  return listening(server, () => asked)
}
/** Ten megabytes and no newline. */
export const endlessLine = (socket: Socket): void => void socket.write(Buffer.alloc(10_485_760, 'x'))
/** As many lines as bytes can make. */
export const shortLines = (socket: Socket): void => void socket.write('0\n'.repeat(2_000_000))
/** Objects and lists as deep as a line is long, and fixes of all times. */
export const nestedLines = (socket: Socket): void => {
  const deep = `{"class":"SKY","satellites":${'['.repeat(8000)}${']'.repeat(8000)}}\n`
  const fixes = ['1980-01-06T00:00:00Z', '2261-12-31T23:59:59Z', '2026-02-30T00:00:00Z', '0000-00-00T00:00:00Z']
  const lines = fixes.map((time) => `${JSON.stringify({ class: 'TPV', mode: 3, time })}\n`)
  socket.write([deep, '['.repeat(16_000), '\n', ...lines].join('').repeat(20))
}
/** One byte of a fix every now and then. */
export const drippingLine = (socket: Socket): void => {
  const line = '{"class":"TPV","mode":3}'
  let at = 0
  const drip = (): void => {
    if (socket.destroyed) return
    socket.write(line[at % line.length] ?? '')
    at += 1
    timer = setTimeout(drip, 100)
  }
  let timer = setTimeout(drip, 0)
  socket.once('close', () => clearTimeout(timer))
}
