import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encode } from '@ipld/dag-cbor'
import * as fc from 'fast-check'
import { hexOf } from '../../base/index.ts'
import { FEATURES_SAID_MAX } from './features.ts'
import {
  AGENT_LENGTH_MAX,
  GREETING_BYTES_MAX,
  GREETING_REASONS,
  REFUSAL_TEXT_LENGTH_MAX,
  encodeGreeting,
  isSameGreeting,
  openGreeting,
} from './greeting.ts'
import type { Greeting } from './greeting.ts'

const NETWORK_ID = new Uint8Array(32).fill(0x11)
const greeting: Greeting = {
  networkId: NETWORK_ID,
  version: { major: 1, minor: 4, patch: 0 },
  oldestSpoken: { major: 1, minor: 2, patch: 0 },
  features: ['compression', 'quic'],
  required: ['quic'],
  agent: 'truechimer/0.1.0',
  refusal: undefined,
}

test('a greeting has these bytes, which no later version changes', () => {
  const hex = hexOf(encodeGreeting(greeting))
  const text = (word: string): string => (0x60 + word.length).toString(16) + Buffer.from(word).toString('hex')
  assert.equal(
    hex,
    [
      `875820${'11'.repeat(32)}`,
      text('1.4.0'),
      text('1.2.0'),
      `82${text('compression')}${text('quic')}`,
      `81${text('quic')}`,
      text('truechimer/0.1.0'),
      'f6',
    ].join(''),
  )
  const refusal = { reason: 'version-too-old', text: 'upgrade' }
  const saidNo = hexOf(encodeGreeting({ ...greeting, refusal }))
  assert.equal(saidNo, `${hex.slice(0, -2)}82${text(refusal.reason)}${text(refusal.text)}`)
})

/** The fields in their order, as anybody could write them. */
const fields = (change: Partial<Record<keyof Greeting, unknown>>): Uint8Array => {
  const whole = { ...greeting, version: '1.4.0', oldestSpoken: '1.2.0', refusal: null, ...change }
  const { networkId, version, oldestSpoken, features, required, agent, refusal } = whole
  return encode([networkId, version, oldestSpoken, features, required, agent, refusal])
}

const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `feature-${i}`)
const BAD: readonly (readonly [string, Uint8Array, (typeof GREETING_REASONS)[number]])[] = [
  ['nothing', new Uint8Array(), 'malformed'],
  ['no CBOR', Uint8Array.of(0xff, 0xff), 'malformed'],
  ['too many bytes', new Uint8Array(GREETING_BYTES_MAX + 1), 'too-large'],
  ['a long spelling', Uint8Array.of(0x98, 0x01, 0x00), 'non-canonical'],
  ['another shape', encode(['hello']), 'wrong-shape'],
  ['a short network id', fields({ networkId: NETWORK_ID.subarray(1) }), 'wrong-shape'],
  ['a version as a number', fields({ version: 1 }), 'wrong-shape'],
  ['a version that is none', fields({ version: '1.4' }), 'greeting-words'],
  ['a version with a mark', fields({ version: '1.4.0-rc.1' }), 'greeting-words'],
  ['a version that is too long', fields({ version: `1.4.${'0'.repeat(40)}` }), 'wrong-shape'],
  ['an oldest version that is none', fields({ oldestSpoken: 'any' }), 'greeting-words'],
  ['an oldest version above its own', fields({ oldestSpoken: '1.4.1' }), 'greeting-words'],
  ['too many features', fields({ features: many(FEATURES_SAID_MAX + 1), required: [] }), 'wrong-shape'],
  ['a feature twice', fields({ features: ['quic', 'quic'] }), 'greeting-words'],
  ['a feature that is no name', fields({ features: ['quic', 'Ü'] }), 'greeting-words'],
  ['a requirement that it does not meet', fields({ required: ['relay'] }), 'greeting-words'],
  ['an agent that steers a terminal', fields({ agent: '\u001B[2J' }), 'greeting-words'],
  ['an agent that is too long', fields({ agent: 'a'.repeat(AGENT_LENGTH_MAX + 1) }), 'wrong-shape'],
  ['a refusal of another shape', fields({ refusal: 'no' }), 'wrong-shape'],
  ['a refusal whose reason is no name', fields({ refusal: ['No way', 'x'] }), 'greeting-words'],
  ['a refusal in two lines', fields({ refusal: ['no', 'a\nb'] }), 'greeting-words'],
  ['a refusal that is too long', fields({ refusal: ['no', 'x'.repeat(REFUSAL_TEXT_LENGTH_MAX + 1)] }), 'wrong-shape'],
  ['deep nesting', new Uint8Array(2000).fill(0x81), 'too-large'],
]
for (const [what, bytes, reason] of BAD)
  test(`a greeting of ${what} is refused: ${reason}`, () =>
    assert.deepEqual(openGreeting(bytes), { verdict: 'reject', reason }))

test('every reason above is one of GREETING_REASONS, and all of them occur', () =>
  assert.deepEqual(new Set(BAD.map(([, , reason]) => reason)), new Set(GREETING_REASONS)))

const PLAIN = { noNullPrototype: true } as const
const name = fc.stringMatching(/^[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,2}$/)
const version = fc.record(
  { major: fc.nat({ max: 9 }), minor: fc.nat({ max: 999_999 }), patch: fc.nat({ max: 99 }) },
  PLAIN,
)
const greetings: fc.Arbitrary<Greeting> = fc.record(
  {
    networkId: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    version,
    oldestSpoken: fc.constant({ major: 0, minor: 0, patch: 0 }),
    features: fc.uniqueArray(name, { maxLength: FEATURES_SAID_MAX, size: 'max' }),
    required: fc.constant([]),
    agent: fc.stringMatching(/^[ -~]{0,64}$/),
    refusal: fc.option(fc.record({ reason: name, text: fc.stringMatching(/^[ -~]{0,80}$/) }, PLAIN), {
      nil: undefined,
    }),
  },
  PLAIN,
)

test('what is written is read again', () => {
  fc.assert(
    fc.property(greetings, (given) => {
      const opened = openGreeting(encodeGreeting(given))
      assert.deepEqual(opened, { verdict: 'accept', value: given })
      assert(isSameGreeting(given, { ...given, refusal: { reason: 'no', text: '' } }))
      assert(!isSameGreeting(given, { ...given, agent: given.agent === 'x' ? 'y' : 'x' }))
    }),
    { numRuns: 50 },
  )
})

test('the largest greeting fits', () => {
  const features = Array.from({ length: FEATURES_SAID_MAX }, (_, i) => `${i}`.padStart(32, 'x'))
  const largest: Greeting = {
    ...greeting,
    version: { major: 999_999, minor: 999_999, patch: 999_999 },
    features,
    required: features,
    agent: 'a'.repeat(AGENT_LENGTH_MAX),
    refusal: { reason: 'r'.repeat(32), text: 't'.repeat(REFUSAL_TEXT_LENGTH_MAX) },
  }
  const { length } = encodeGreeting(largest)
  assert(length > GREETING_BYTES_MAX - 512 && length <= GREETING_BYTES_MAX, `${length}`)
})

test('whatever is changed in a greeting, it is one or it is refused with a reason, and nothing is thrown', () => {
  const good = encodeGreeting(greeting)
  fc.assert(
    fc.property(
      fc.nat({ max: good.length - 1 }),
      fc.nat({ max: 255 }),
      fc.nat({ max: good.length }),
      (at, byte, length) => {
        const bytes = good.slice(0, length)
        if (at < length) bytes[at] = byte
        const opened = openGreeting(bytes)
        assert(opened.verdict === 'accept' || GREETING_REASONS.includes(opened.reason))
      },
    ),
    { numRuns: 300 },
  )
})
