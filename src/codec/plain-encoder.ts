/**
 * A quick writer for the plain part of deterministic DAG-CBOR, the other half of plain-decoder.ts: whole numbers, bytes, ASCII text,
 * arrays, true, false, null, and our own content addresses. At the first thing that is not plain (a map, a float, other text, an
 * address of another kind, something nested deeply) it gives up, and the general encoder of codec.ts writes all of it.
 *
 * Source: RFC 8949 §3, §4.2.1 (shortest heads); the DAG-CBOR specification. plain-encoder.test.ts holds it against the general encoder.
 */
import { CID } from 'multiformats/cid'
import { isOurCid } from './cid.ts'
import { LINK_HEAD, PLAIN_DEPTH_MAX } from './plain-decoder.ts'

const UNSIGNED = 0x00
const NEGATIVE = 0x20
const BYTES = 0x40
const TEXT = 0x60
const ARRAY = 0x80
const FALSE = 0xf4
const TRUE = 0xf5
const NULL = 0xf6
/** Longest head: its first byte, and eight of argument. */
const HEAD_BYTES_MAX = 9
const WORD_LIMIT = 2 ** 32
const ARGUMENT_LIMIT = 2n ** 64n
/** What is written to at first, and kept for the next; what needs more is written to a buffer of its own. */
const BUFFER_BYTES = 8192

/** Written to again and again, and copied from. */
const shared = new Uint8Array(BUFFER_BYTES)
const sharedView = new DataView(shared.buffer)

/** The bytes, fresh; undefined where something in `data` is not plain. */
export const encodePlain = (data: unknown): Uint8Array<ArrayBuffer> | undefined => {
  const writer = new PlainWriter()
  return writer.item(data, 0) ? writer.written() : undefined
}

class PlainWriter {
  #bytes: Uint8Array<ArrayBuffer> = shared
  #view: DataView<ArrayBuffer> = sharedView
  #at = 0

  written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#at)
  }

  /** False where it is not plain: what was written is of no meaning then. */
  item(data: unknown, depth: number): boolean {
    if (typeof data === 'number') return this.#number(data)
    if (typeof data === 'bigint') return this.#bigint(data)
    if (typeof data === 'string') return this.#text(data)
    if (Array.isArray(data)) return this.#array(data, depth)
    if (data instanceof Uint8Array) return this.#byteString(data)
    if (data === null) return this.#simple(NULL)
    if (typeof data === 'boolean') return this.#simple(data ? TRUE : FALSE)
    return this.#link(data)
  }

  #number(data: number): boolean {
    if (!Number.isSafeInteger(data) || Object.is(data, -0)) return false
    if (data < 0) this.#head(NEGATIVE, -1 - data)
    else this.#head(UNSIGNED, data)
    return true
  }

  #bigint(data: bigint): boolean {
    const [major, argument] = data < 0n ? [NEGATIVE, -1n - data] : [UNSIGNED, data]
    if (argument >= ARGUMENT_LIMIT) return false
    if (argument <= Number.MAX_SAFE_INTEGER) {
      this.#head(major, Number(argument))
      return true
    }
    this.#reserve(HEAD_BYTES_MAX)
    this.#bytes[this.#at] = major + 27
    this.#view.setBigUint64(this.#at + 1, argument)
    this.#at += HEAD_BYTES_MAX
    return true
  }

  #text(data: string): boolean {
    this.#reserve(HEAD_BYTES_MAX + data.length)
    this.#head(TEXT, data.length)
    for (let i = 0; i < data.length; i += 1) {
      const code = data.charCodeAt(i)
      if (code > 127) return false
      this.#bytes[this.#at + i] = code
    }
    this.#at += data.length
    return true
  }

  #byteString(data: Uint8Array): boolean {
    this.#reserve(HEAD_BYTES_MAX + data.length)
    this.#head(BYTES, data.length)
    this.#bytes.set(data, this.#at)
    this.#at += data.length
    return true
  }

  #array(data: readonly unknown[], depth: number): boolean {
    if (depth >= PLAIN_DEPTH_MAX) return false
    this.#head(ARRAY, data.length)
    for (let i = 0; i < data.length; i += 1) if (!this.item(data[i], depth + 1)) return false
    return true
  }

  #simple(byte: number): boolean {
    this.#reserve(1)
    this.#bytes[this.#at] = byte
    this.#at += 1
    return true
  }

  #link(data: unknown): boolean {
    if (!(data instanceof CID) || !isOurCid(data)) return false
    const { digest } = data.multihash
    this.#reserve(LINK_HEAD.length + digest.length)
    this.#bytes.set(LINK_HEAD, this.#at)
    this.#bytes.set(digest, this.#at + LINK_HEAD.length)
    this.#at += LINK_HEAD.length + digest.length
    return true
  }

  /** A head in its shortest form. @param argument 0 to 2^53 − 1. */
  #head(major: number, argument: number): void {
    this.#reserve(HEAD_BYTES_MAX)
    const at = this.#at
    if (argument < 24) {
      this.#bytes[at] = major + argument
      this.#at = at + 1
    } else if (argument < 256) {
      this.#bytes[at] = major + 24
      this.#bytes[at + 1] = argument
      this.#at = at + 2
    } else if (argument < 65_536) {
      this.#bytes[at] = major + 25
      this.#view.setUint16(at + 1, argument)
      this.#at = at + 3
    } else if (argument < WORD_LIMIT) {
      this.#bytes[at] = major + 26
      this.#view.setUint32(at + 1, argument)
      this.#at = at + 5
    } else {
      this.#bytes[at] = major + 27
      this.#view.setUint32(at + 1, Math.floor(argument / WORD_LIMIT))
      this.#view.setUint32(at + 5, argument % WORD_LIMIT)
      this.#at = at + HEAD_BYTES_MAX
    }
  }

  /** Room for so many bytes more. */
  #reserve(length: number): void {
    const needed = this.#at + length
    if (needed <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length))
    larger.set(this.#bytes.subarray(0, this.#at))
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }
}
