import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ChimerError, accept, equalBytes, ignore } from '../../base/index.ts'
import { zstdCompression } from '../io/compression.ts'
import type { ProtocolOptions } from '../port.ts'
import { FRAME_BYTES_MAX } from '../topics.ts'
import {
  COMPRESSED_BYTES_MIN,
  COMPRESSED_HEAD_BYTES,
  COMPRESSION_REASONS,
  CompressedRequests,
  INFLATION_MAX,
  compressedProtocol,
  frameCompressed,
  openCompressed,
} from './compressed-requests.ts'
import type { Compression } from './compressed-requests.ts'

const BYTES_MAX = 100_000

/** Text that shortens to about a fifth. */
const prose = (length: number): Uint8Array =>
  new TextEncoder()
    .encode(Array.from({ length: Math.ceil(length / 8) }, (_, i) => `entry ${(i * 7919) % 9973};`).join(''))
    .slice(0, length)

/** Counts what is inflated: what is refused before must not be. */
const counting = (): Compression & { inflated: number } => ({
  inflated: 0,
  deflate: (bytes) => zstdCompression.deflate(bytes),
  inflate(bytes, bytesMax) {
    this.inflated += 1
    return zstdCompression.inflate(bytes, bytesMax)
  },
})

test('what is put into a frame comes out of it, and is shorter where that helps', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.uint8Array({ maxLength: 3000, size: 'max' }), fc.nat({ max: 20_000 }).map(prose)),
      async (bytes) => {
        const frame = await frameCompressed(zstdCompression, bytes)
        assert(frame.length <= bytes.length + COMPRESSED_HEAD_BYTES)
        const opened = await openCompressed(zstdCompression, frame, bytes.length)
        assert(opened.verdict === 'accept' && equalBytes(opened.value, bytes))
      },
    ),
    { numRuns: 40 },
  )
  const long = prose(20_000)
  assert((await frameCompressed(zstdCompression, long)).length < 10_000)
})

const PLAIN: readonly (readonly [string, Uint8Array])[] = [
  ['nothing', new Uint8Array()],
  ['short', prose(COMPRESSED_BYTES_MIN - 1)],
  ['chance', crypto.getRandomValues(new Uint8Array(5000))],
  ['shortened beyond belief', new Uint8Array(BYTES_MAX)],
]
for (const [what, bytes] of PLAIN)
  test(`what is ${what} travels plain`, async () => {
    const frame = await frameCompressed(zstdCompression, bytes)
    assert.deepEqual([frame[0], frame.length], [0, bytes.length + COMPRESSED_HEAD_BYTES])
  })

const head = (codec: number, length: number): readonly number[] => [
  codec,
  ...new Uint8Array(new Uint32Array([length]).buffer).toReversed(),
]
const framed = (codec: number, length: number, body: Uint8Array): Uint8Array =>
  Uint8Array.from([...head(codec, length), ...body])
/** Zeros of which zstd makes next to nothing: a bomb. */
const bomb = await zstdCompression.deflate(new Uint8Array(FRAME_BYTES_MAX))
const honest = await zstdCompression.deflate(prose(2000))

const BAD: readonly (readonly [string, Uint8Array, (typeof COMPRESSION_REASONS)[number], boolean])[] = [
  ['no head', Uint8Array.of(0, 0, 0, 0), 'malformed', false],
  ['an unknown codec', framed(2, 3, Uint8Array.of(1, 2, 3)), 'unknown-codec', false],
  ['more announced than is allowed', framed(1, BYTES_MAX + 1, honest), 'too-large', false],
  ['four gigabytes announced', framed(0, 0xff_ff_ff_ff, honest), 'too-large', false],
  ['plain bytes of another length', framed(0, 4, Uint8Array.of(1, 2, 3)), 'malformed', false],
  ['a bomb that says what it is', framed(1, BYTES_MAX, bomb), 'inflates-too-much', false],
  ['one byte over the factor', framed(1, honest.length * INFLATION_MAX + 1, honest), 'inflates-too-much', false],
  ['a bomb that says less', framed(1, bomb.length, bomb), 'malformed', true],
  ['less inside than announced', framed(1, 2001, honest), 'malformed', true],
  ['more inside than announced', framed(1, 1999, honest), 'malformed', true],
  ['a cut body', framed(1, 2000, honest.subarray(0, -3)), 'malformed', true],
  ['a body of something else', framed(1, 2000, prose(500)), 'malformed', true],
  ['an empty body of nothing', framed(1, 0, new Uint8Array()), 'malformed', true],
]
for (const [what, frame, reason, isInflated] of BAD)
  test(`a frame with ${what} is refused${isInflated ? '' : ' before it is inflated'}: ${reason}`, async () => {
    const compression = counting()
    assert.deepEqual(await openCompressed(compression, frame, BYTES_MAX), { verdict: 'reject', reason })
    assert.equal(compression.inflated > 0, isInflated)
  })

test('every reason above is one of COMPRESSION_REASONS, and all of them occur', () =>
  assert.deepEqual(new Set(BAD.map(([, , reason]) => reason)), new Set(COMPRESSION_REASONS)))

const PROTOCOL = '/compressed/echo/1'
const LIMITS = { requestBytesMax: BYTES_MAX, responseBytesMax: BYTES_MAX, ratePerSec: 10, burst: 10 }

interface Pair {
  readonly requests: CompressedRequests
  readonly served: Map<string, ProtocolOptions>
  /** Protocol and bytes of each request and response, as they passed. */
  readonly wire: (readonly [string, number])[]
  readonly charges: string[]
}

/** Asks itself through a wire that shows what passes; `reply` alters what comes back. */
const pair = (options: {
  features?: readonly 'compression'[]
  isOffered?: boolean
  /** Is it agreed already? */
  isKnown?: boolean
  reply?: (response: Uint8Array) => Uint8Array
}): Pair => {
  const served = new Map<string, ProtocolOptions>()
  const wire: (readonly [string, number])[] = []
  const charges: string[] = []
  const { features = ['compression'], isOffered = true, reply = (response) => response } = options
  let { isKnown = true } = options
  const requests = new CompressedRequests({
    compression: zstdCompression,
    isOffered,
    greetings: {
      agreed: () => (isKnown ? { version: '1.0.0', spoken: '1.0.0', features, agent: '' } : undefined),
      agreement: async () => (isKnown = true),
    },
    network: {
      serve: (protocol, given) => void served.set(protocol, given),
      charge: (peer, { channel, reason }) => void charges.push(`${peer} ${channel} ${reason}`),
      request: async (peer, protocol, { body, responseBytesMax, signal }) => {
        const bytes = body()
        const given = served.get(protocol)
        assert(given !== undefined && bytes.length <= given.requestBytesMax)
        const response = await given.handle({ from: peer, bytes, signal })
        assert(response.verdict === 'accept', response.verdict === 'accept' ? '' : response.reason)
        assert(response.value.length <= Math.min(responseBytesMax, given.responseBytesMax))
        wire.push([protocol, bytes.length], [protocol, response.value.length])
        return reply(response.value)
      },
    },
  })
  return { requests, served, wire, charges }
}
const ask = ({ requests }: Pair, body: Uint8Array): Promise<Uint8Array> =>
  requests.ask('peer', PROTOCOL, { body, responseBytesMax: BYTES_MAX, signal: new AbortController().signal })
const echo: ProtocolOptions = { ...LIMITS, handle: async ({ bytes }) => accept(bytes) }

test('where both have the feature, question and answer are shorter on the wire and the same at the ends', async () => {
  const both = pair({})
  both.requests.serve(PROTOCOL, echo)
  const body = prose(20_000)
  assert(equalBytes(await ask(both, body), body))
  assert.deepEqual(
    both.wire.map(([protocol]) => protocol),
    [compressedProtocol(PROTOCOL), compressedProtocol(PROTOCOL)],
  )
  for (const [, bytes] of both.wire) assert(bytes < 10_000, `${bytes}`)
})

test('who asks before the greeting has ended waits for what it says', async () => {
  const both = pair({ isKnown: false })
  both.requests.serve(PROTOCOL, echo)
  await ask(both, prose(20_000))
  assert.deepEqual(both.wire[0]?.[0], compressedProtocol(PROTOCOL))
})

for (const [what, options] of [
  ['the peer has not the feature', { features: [] }],
  ['this node does not offer it', { isOffered: false }],
] as const)
  test(`where ${what}, they are plain, under the protocol's own name`, async () => {
    const plain = pair(options)
    plain.requests.serve(PROTOCOL, echo)
    const body = prose(20_000)
    assert(equalBytes(await ask(plain, body), body))
    assert.deepEqual(plain.wire, [
      [PROTOCOL, 20_000],
      [PROTOCOL, 20_000],
    ])
    assert.equal(plain.served.has(compressedProtocol(PROTOCOL)), what.startsWith('the peer'))
  })

test('the longest question and answer pass, also where nothing shortens them', async () => {
  const both = pair({})
  both.requests.serve(PROTOCOL, echo)
  const body = new Uint8Array(BYTES_MAX)
  for (let at = 0; at < BYTES_MAX; at += 50_000) crypto.getRandomValues(body.subarray(at, at + 50_000))
  assert(equalBytes(await ask(both, body), body))
})

test('a handler sees nothing of a frame that is none, and its own refusals pass', async () => {
  const both = pair({})
  both.requests.serve(PROTOCOL, { ...LIMITS, handle: async () => ignore('busy') })
  const options = both.served.get(compressedProtocol(PROTOCOL))
  assert(options !== undefined)
  const { signal } = new AbortController()
  const said = async (bytes: Uint8Array): Promise<unknown> => options.handle({ from: 'peer', bytes, signal })
  assert.deepEqual(await said(framed(1, BYTES_MAX, bomb)), { verdict: 'reject', reason: 'inflates-too-much' })
  assert.deepEqual(await said(framed(0, 1, Uint8Array.of(1))), { verdict: 'ignore', reason: 'busy' })
})

const BAD_ANSWERS: readonly (readonly [string, Uint8Array, string, string])[] = [
  ['nonsense', new Uint8Array(9).fill(9), 'too-large', 'TC_NET_TOO_LARGE'],
  ['a bomb', framed(1, BYTES_MAX, bomb), 'inflates-too-much', 'TC_NET_REFUSED'],
  ['an unknown codec', framed(9, 1, Uint8Array.of(1)), 'unknown-codec', 'TC_NET_REFUSED'],
]
for (const [what, answer, reason, code] of BAD_ANSWERS)
  test(`an answer that is ${what} is charged to the peer and fails: ${code}`, async () => {
    const both = pair({ reply: () => answer })
    both.requests.serve(PROTOCOL, echo)
    await assert.rejects(ask(both, prose(10)), (error) => error instanceof ChimerError && error.code === code)
    assert.deepEqual(both.charges, [`peer ${compressedProtocol(PROTOCOL)} ${reason}`])
  })
