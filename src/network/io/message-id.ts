/**
 * The name of a gossip message: SHA-256 over the topic's length, the topic and the bytes, first 20 bytes. Two spellings of
 * one statement are two messages; the strict codec sees to it that there is one spelling. SHA-256
 * because processors have instructions for it and nobody signs the name; 160 bits leave 2^80 work to make two messages meet.
 */
import { createHash } from 'node:crypto'

export const MESSAGE_ID_BYTES = 20

export const messageId = (topic: string, bytes: Uint8Array): Uint8Array =>
  createHash('sha256')
    .update(`${Buffer.byteLength(topic)}:${topic}`)
    .update(bytes)
    .digest()
    .subarray(0, MESSAGE_ID_BYTES)

/** The same as text, one char a byte: the shortest key for a set. */
export const messageIdText = (id: Uint8Array): string =>
  Buffer.from(id.buffer, id.byteOffset, id.length).toString('latin1')
