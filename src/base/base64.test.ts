/** Base64: RFC 4648's vectors, Node's own as an outside answer, and that one byte string has one text. */
import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { base64Of, bytesOfBase64 } from './base64.ts'

test('RFC 4648 §10', () => {
  for (const [plain, text] of [
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
  ] as const) {
    equal(base64Of(new TextEncoder().encode(plain)), text)
    deepEqual(bytesOfBase64(text), new TextEncoder().encode(plain))
  }
})

test('as Node writes it, and back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      const text = base64Of(bytes)
      equal(text, Buffer.from(bytes).toString('base64'))
      deepEqual(bytesOfBase64(text), bytes)
    }),
  )
})

test('another spelling of the same bytes is none', () => {
  for (const text of ['Zg', 'Zg=', 'Zh==', 'Zm9=', 'Zg==\n', ' Zg==', 'Z-8=', 'Zm_v', '====', 'Zg==Zg==', 'Zm=v', '='])
    equal(bytesOfBase64(text), undefined, text)
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), (text) => {
      const bytes = bytesOfBase64(text)
      if (bytes !== undefined) equal(base64Of(bytes), text)
    }),
  )
})
