/**
 * The records of NTS key establishment, which travel inside TLS: a critical bit and 15 bits of type, 16 bits of body length,
 * the body; an End of Message record last. Source: RFC 8915 §4, §4.1.
 *
 * Pure state; bounded; never throws on any bytes. Which records belong together is judged in clock/nts-ke.ts.
 */
import { joinBytes } from '../base/index.ts'

/** Record types of RFC 8915 §7.6. */
export const KE_RECORD = {
  end: 0,
  nextProtocol: 1,
  error: 2,
  warning: 3,
  aead: 4,
  cookie: 5,
  server: 6,
  port: 7,
} as const

/** Longest message, octets: eight cookies of 512 and four times as much of other records. */
export const KE_MESSAGE_BYTES_MAX = 16_384
export const KE_RECORDS_MAX = 64

const HEAD_BYTES = 4
const CRITICAL = 0x80_00

export interface KeRecord {
  /** A reader that does not know the type must refuse the message. */
  readonly critical: boolean
  /** 0 to 32,767. */
  readonly type: number
  readonly body: Uint8Array
}

/** The octets of records, in order. Bodies of at most 65,535. */
export const encodeKeRecords = (records: readonly KeRecord[]): Uint8Array =>
  joinBytes(...records.flatMap(({ critical, type, body }) => [headOf(critical, type, body.length), body]))

const headOf = (critical: boolean, type: number, length: number): Uint8Array => {
  const head = new Uint8Array(HEAD_BYTES)
  const view = new DataView(head.buffer)
  view.setUint16(0, (critical ? CRITICAL : 0) | type)
  view.setUint16(2, length)
  return head
}

/** A body of 16-bit numbers. */
export const wordsBody = (...words: readonly number[]): Uint8Array => {
  const body = new Uint8Array(2 * words.length)
  const view = new DataView(body.buffer)
  words.forEach((word, index) => view.setUint16(2 * index, word))
  return body
}

/** The 16-bit numbers of a body, or undefined where it is half of one too long. */
export const wordsOf = (body: Uint8Array): readonly number[] | undefined => {
  if (body.length % 2 !== 0) return undefined
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  return Array.from({ length: body.length / 2 }, (_, index) => view.getUint16(2 * index))
}

/** What a reader makes of the octets so far. `records` are all of the message, its End of Message not among them. */
export type KeReading =
  | { readonly type: 'more' }
  | { readonly type: 'whole'; readonly records: readonly KeRecord[] }
  | { readonly type: 'bad'; readonly reason: 'nts-ke-too-large' | 'nts-ke-malformed' }

/** Gathers one message from pieces of any size. After `whole` or `bad` every further octet is `bad`. */
export class KeReader {
  readonly #bytes = new Uint8Array(KE_MESSAGE_BYTES_MAX)
  readonly #records: KeRecord[] = []
  #filled = 0
  #read = 0
  #isOver = false

  push(piece: Uint8Array): KeReading {
    if (this.#isOver) return { type: 'bad', reason: 'nts-ke-malformed' }
    if (piece.length > this.#bytes.length - this.#filled) return this.#end({ type: 'bad', reason: 'nts-ke-too-large' })
    this.#bytes.set(piece, this.#filled)
    this.#filled += piece.length
    return this.#next()
  }

  #next(): KeReading {
    for (;;) {
      const record = this.#one()
      if (record === undefined) return { type: 'more' }
      if (record.type === KE_RECORD.end) return this.#end(this.#whole(record))
      if (this.#records.length === KE_RECORDS_MAX) return this.#end({ type: 'bad', reason: 'nts-ke-too-large' })
      this.#records.push(record)
    }
  }

  /** The next record, where all of it is here. */
  #one(): KeRecord | undefined {
    if (this.#filled - this.#read < HEAD_BYTES) return undefined
    const view = new DataView(this.#bytes.buffer, this.#read, HEAD_BYTES)
    const first = view.getUint16(0)
    const from = this.#read + HEAD_BYTES
    const to = from + view.getUint16(2)
    if (to > this.#filled) return undefined
    this.#read = to
    return {
      critical: (first & CRITICAL) !== 0,
      type: first & ~CRITICAL,
      body: this.#bytes.slice(from, to),
    }
  }

  /** The end is critical, empty, and nothing stands behind it. */
  #whole({ critical, body }: KeRecord): KeReading {
    const isEnd = critical && body.length === 0 && this.#read === this.#filled
    return isEnd ? { type: 'whole', records: this.#records } : { type: 'bad', reason: 'nts-ke-malformed' }
  }

  #end(reading: KeReading): KeReading {
    this.#isOver = true
    return reading
  }
}
