/**
 * A quick reader for the plain part of deterministic DAG-CBOR: whole numbers, bytes, ASCII text, arrays, true, false, null, and our
 * own content addresses. What it reads, it has found canonical on the way, so that nothing is encoded again to compare. At the
 * first thing that is not plain (a map, a float, other text, a needlessly long head) it gives up, and says nothing: the general
 * decoder of codec.ts then says what it is. Signed things are plain, and a block holds hundreds of them.
 *
 * Source: RFC 8949 §3, §4.2.1; the DAG-CBOR specification. plain-decoder.test.ts holds it against the general decoder.
 */
import type { CID } from 'multiformats/cid'
import { cidOfDigest } from './cid.ts'

/** Arrays in arrays, at most; what is nested deeper is the general decoder's. */
export const PLAIN_DEPTH_MAX = 16
/** Tag 42, 37 bytes, then the identity base, CIDv1, dag-cbor, sha3-256, 32 bytes: what comes before the digest. */
export const LINK_HEAD = Uint8Array.of(0xd8, 0x2a, 0x58, 0x25, 0x00, 0x01, 0x71, 0x16, 0x20)
const DIGEST_BYTES = 32
/** Keys, digests and signatures: copied byte by byte, which is quicker than to make a view of them first. */
const SHORT_BYTES = 64
const TWO_TO_32 = 4_294_967_296

/** `value` is there where the bytes are plain and canonical. */
export type PlainData = { readonly value: unknown } | undefined

export const decodePlain = (bytes: Uint8Array): PlainData => {
  const reader = new PlainReader(bytes)
  const value = reader.item(0)
  return reader.isPlain && reader.at === bytes.length ? { value } : undefined
}

/** The newest: attestations come together, and all of one proof name it. */
let newestLink: { readonly cid: CID; readonly digest: Uint8Array } | undefined

/** The link whose digest stands in `bytes` at `from`. */
const linkAt = (bytes: Uint8Array, from: number): CID => {
  const known = newestLink
  if (known !== undefined && known.digest.every((byte, i) => byte === bytes[from + i])) return known.cid
  const digest = new Uint8Array(bytes.subarray(from, from + DIGEST_BYTES))
  const cid = cidOfDigest(digest)
  newestLink = { cid, digest }
  return cid
}

class PlainReader {
  readonly #bytes: Uint8Array
  at = 0
  isPlain = true

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** The next item; of no meaning once `isPlain` is false. */
  item(depth: number): unknown {
    const first = this.#bytes[this.at]
    if (first === undefined || depth > PLAIN_DEPTH_MAX) return this.#giveUp()
    switch (first >> 5) {
      case 0:
        return this.#argument()
      case 1:
        return this.#negative()
      case 2:
        return this.#byteString()
      case 3:
        return this.#text()
      case 4:
        return this.#array(depth)
      case 6:
        return this.#link()
      case 7:
        return this.#simple(first)
      default:
        return this.#giveUp()
    }
  }

  #giveUp(): undefined {
    this.isPlain = false
    return undefined
  }

  /** A head's number, in its shortest form; above 2^53 − 1 as a bigint. */
  #argument(): number | bigint {
    const info = (this.#bytes[this.at] ?? 0) & 31
    this.at += 1
    if (info < 24) return info
    const length = info > 27 ? 0 : 2 ** (info - 24)
    if (length === 0 || this.at + length > this.#bytes.length) {
      this.isPlain = false
      return 0
    }
    let [high, low] = [0, 0]
    for (let i = 0; i < length; i += 1) {
      const byte = this.#bytes[this.at + i] ?? 0
      if (i < length - 4) high = high * 256 + byte
      else low = low * 256 + byte
    }
    this.at += length
    // The shortest form: what fits into half the bytes is written in half.
    const leastOf = info === 24 ? 24 : info === 25 ? 256 : 65_536
    if (info === 27 ? high === 0 : low < leastOf) this.isPlain = false
    const value = high * TWO_TO_32 + low
    return Number.isSafeInteger(value) ? value : BigInt(high) * BigInt(TWO_TO_32) + BigInt(low)
  }

  #negative(): number | bigint {
    const argument = this.#argument()
    const value = typeof argument === 'number' ? -1 - argument : -1n - argument
    return typeof value === 'number' && !Number.isSafeInteger(value) ? BigInt(-1) - BigInt(argument) : value
  }

  /** Where the bytes of a string lie; moves past them. */
  #stringEnd(): number {
    const length = this.#argument()
    const end = typeof length === 'number' ? this.at + length : Number.POSITIVE_INFINITY
    if (!this.isPlain || end > this.#bytes.length) {
      this.isPlain = false
      return this.at
    }
    return end
  }

  #byteString(): Uint8Array {
    const end = this.#stringEnd()
    return this.#copyTo(end)
  }

  /** Bytes of its own, from here to `end`; moves there. */
  #copyTo(end: number): Uint8Array {
    const { at } = this
    this.at = end
    const bytes = this.#bytes
    if (end - at > SHORT_BYTES) return new Uint8Array(bytes.subarray(at, end))
    const found = new Uint8Array(end - at)
    for (let i = at; i < end; i += 1) found[i - at] = bytes[i] ?? 0
    return found
  }

  #text(): string {
    const end = this.#stringEnd()
    let found = ''
    for (; this.at < end; this.at += 1) {
      const byte = this.#bytes[this.at] ?? 0
      if (byte > 127) this.isPlain = false
      found += String.fromCharCode(byte)
    }
    return found
  }

  #array(depth: number): readonly unknown[] {
    const length = this.#argument()
    const items: unknown[] = []
    // An item takes a byte at least: what claims more of them than there are bytes ends here.
    if (typeof length === 'bigint' || length > this.#bytes.length - this.at) this.isPlain = false
    for (let i = 0; this.isPlain && i < Number(length); i += 1) items.push(this.item(depth + 1))
    return items
  }

  #link(): CID | undefined {
    const digestAt = this.at + LINK_HEAD.length
    if (digestAt + DIGEST_BYTES > this.#bytes.length) return this.#giveUp()
    for (let i = 0; i < LINK_HEAD.length; i += 1) if (this.#bytes[this.at + i] !== LINK_HEAD[i]) return this.#giveUp()
    this.at = digestAt + DIGEST_BYTES
    return linkAt(this.#bytes, digestAt)
  }

  #simple(first: number): boolean | null | undefined {
    this.at += 1
    if (first === 0xf4 || first === 0xf5) return first === 0xf5
    return first === 0xf6 ? null : this.#giveUp()
  }
}
