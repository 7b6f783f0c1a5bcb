/**
 * The name of a gossip message: SHA-256 over the topic's length, the topic and the bytes, first 20 bytes. Two spellings of
 * one statement are two messages; the strict codec sees to it that there is one spelling. SHA-256
 * because processors have instructions for it and nobody signs the name; 160 bits leave 2^80 work to make two messages meet.
 *
 * Named once for every copy that comes, so it is made in one call where the bytes are few: a third less than in three.
 */
import { createHash, hash } from 'node:crypto'
import { BoundedMap } from '../../base/index.ts'

export const MESSAGE_ID_BYTES = 20

/** Topics whose first part is kept ready; others are spelt anew. */
const TOPICS_MAX = 256
/** Above this, copying costs more than a call. */
const COPIED_BYTES_MAX = 4096

const heads = new BoundedMap<string, Uint8Array>(TOPICS_MAX)

const headOf = (topic: string): Uint8Array => {
  const known = heads.get(topic)
  if (known !== undefined) return known
  const head = Buffer.from(`${Buffer.byteLength(topic)}:${topic}`)
  heads.set(topic, head)
  return head
}

export const messageId = (topic: string, bytes: Uint8Array): Uint8Array => {
  const head = headOf(topic)
  if (bytes.length > COPIED_BYTES_MAX)
    return createHash('sha256').update(head).update(bytes).digest().subarray(0, MESSAGE_ID_BYTES)
  const named = Buffer.allocUnsafe(head.length + bytes.length)
  named.set(head)
  named.set(bytes, head.length)
  return hash('sha256', named, 'buffer').subarray(0, MESSAGE_ID_BYTES)
}

/** The same as text, one char a byte: the shortest key for a set. */
export const messageIdText = (id: Uint8Array): string =>
  Buffer.from(id.buffer, id.byteOffset, id.length).toString('latin1')
