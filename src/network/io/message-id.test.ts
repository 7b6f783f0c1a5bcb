import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { messageId, messageIdText } from './message-id.ts'

const plainly = (topic: string, bytes: Uint8Array): string =>
  createHash('sha256')
    .update(`${Buffer.byteLength(topic)}:${topic}`)
    .update(bytes)
    .digest('hex')
    .slice(0, 40)

test('SHA-256 of length, topic and bytes, however many there are', () => {
  // printf '1:tabc' | sha256sum
  assert.equal(
    Buffer.from(messageId('t', new TextEncoder().encode('abc'))).toString('hex'),
    createHash('sha256').update('1:tabc').digest('hex').slice(0, 40),
  )
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.constantFrom(0, 1, 200, 4096, 4097, 70_000), (topic, length) => {
      const bytes = new Uint8Array(length).fill(length)
      const id = messageId(topic, bytes)
      assert.equal(Buffer.from(id).toString('hex'), plainly(topic, bytes))
      assert.equal(Buffer.from(messageIdText(id), 'latin1').toString('hex'), plainly(topic, bytes))
    }),
    { numRuns: 60 },
  )
})

test('what is one message on one topic is another on another, also where topic and bytes run together', () => {
  const names = [
    messageId('ab', Buffer.from('c')),
    messageId('a', Buffer.from('bc')),
    messageId('abc', Buffer.from('')),
    messageId('', Buffer.from('abc')),
  ].map(messageIdText)
  assert.equal(new Set(names).size, names.length)
})
