/** Whatever a caller has at hand becomes a payload within its limits, and secrets stay out. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { encodeData } from '../codec/index.ts'
import { CUT, PAYLOAD_BYTES_MAX, WITHHELD, payload, payloadOf } from './index.ts'

const cases: readonly (readonly [name: string, facts: Readonly<Record<string, unknown>>, made: unknown])[] = [
  [
    'plain data stays',
    { a: 1, b: 'x', c: null, d: [true, { e: -2.5 }] },
    { a: 1, b: 'x', c: null, d: [true, { e: -2.5 }] },
  ],
  ['what is not there goes', { a: undefined, b: () => 1, c: Symbol('c') }, {}],
  ['an item that is not there stays in its place', { a: [undefined, 1] }, { a: [null, 1] }],
  ['an instant stays', { at: 1_800_000_000_000_000_000n }, { at: 1_800_000_000_000_000_000n }],
  ['a bigger number becomes text', { at: 2n ** 63n }, { at: '9223372036854775808' }],
  ['no number becomes text', { a: Number.NaN, b: Number.POSITIVE_INFINITY }, { a: 'NaN', b: 'Infinity' }],
  ['an error is told by name and message', { err: new TypeError('oh') }, { err: { name: 'TypeError', message: 'oh' } }],
  ['bytes are told by their number', { a: new Uint8Array(9) }, { a: '(9 bytes)' }],
  ['a date is its fields', { a: new Date(0) }, { a: {} }],
  [
    'secrets are withheld',
    { passphrase: 'x', seedHex: 'y', privateKey: 'z', deep: { apiToken: 't' }, publicKey: 'p' },
    { passphrase: WITHHELD, seedHex: WITHHELD, privateKey: WITHHELD, deep: { apiToken: WITHHELD }, publicKey: 'p' },
  ],
  ['the mark of a link is none', { '/': 'x', bytes: 'x' }, { '(/)': 'x', bytes: 'x' }],
  ['half a character is made whole', { a: '\uD800' }, { a: '\uFFFD' }],
  ['what is too deep is cut', { a: [[[[[[1]]]]]] }, { a: [[[[[CUT]]]]] }],
]
for (const [name, facts, made] of cases) test(name, () => deepEqual(payloadOf(facts), made))

test('a name that sets prototypes is a name', () => {
  const made = payloadOf(JSON.parse('{"__proto__":{"a":1}}'))
  equal(Object.getPrototypeOf(made), Object.prototype)
  ok(Object.hasOwn(made, '__proto__'))
})
test('a long text is cut', () => equal(payloadOf({ a: 'x'.repeat(9999) })['a'], `${'x'.repeat(512)}${CUT}`))
test('a loop ends', () => {
  const loop: Record<string, unknown> = {}
  loop['self'] = loop
  ok(encodeData(payloadOf(loop)).length < 100)
})
test('of anything at all: within the limits, and of the shape', () =>
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string({ size: 'max', maxLength: 600, unit: 'binary' }),
        fc.anything({ maxDepth: 8, withBigInt: true, withTypedArray: true }),
        {
          maxKeys: 60,
          size: 'max',
        },
      ),
      (facts) => {
        const made = payloadOf(facts)
        ok(encodeData(made).length <= PAYLOAD_BYTES_MAX)
        ok(payload.read(made) !== undefined)
      },
    ),
    { numRuns: 150 },
  ))
test('of the worst there is: within the limits', () => {
  const wide = Object.fromEntries(
    Array.from({ length: 200 }, (_, i) => [`\uFFFF`.repeat(40) + i, ['\uFFFF'.repeat(40), 2n ** 62n]]),
  )
  ok(encodeData(payloadOf({ wide, more: wide })).length <= PAYLOAD_BYTES_MAX)
  ok(encodeData(payloadOf(wide)).length <= PAYLOAD_BYTES_MAX)
})
