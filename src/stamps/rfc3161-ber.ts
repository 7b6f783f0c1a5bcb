/**
 * BER as it is read: a template is walked as OpenSSL walks one, so that a token which `openssl ts -verify` reads is read here, and one that it
 * does not read is not. That means: lengths and tags may be longer than need be, lengths may be indefinite, strings may be in pieces; whole
 * numbers may not be padded, and nothing may follow the last field of a sequence. Source: ITU-T X.690 §8; rule T-87.
 *
 * The first thing that is wrong marks the whole reading as bad; what is read after that means nothing. Ask `isBad` before using any of it.
 */
import { equalBytes, joinBytes } from '../base/index.ts'
import { TAG, tagged } from './rfc3161-der.ts'

const CONSTRUCTED = 0x20
const CONTEXT = 0x80
const CLASS = 0xc0
const LONG = 0x1f
const NUMBER_MAX = 2 ** 31 - 1
/** Pieces of pieces of a string, at most so deep. */
const PIECES_DEEP_MAX = 5

interface Header {
  /** 0, 0x40, 0x80 or 0xc0. */
  readonly kind: number
  readonly number: number
  readonly isConstructed: boolean
  /** The length is not told: two zeros end it. */
  readonly isOpen: boolean
  /** Where its contents begin, and where they end at the latest. */
  readonly from: number
  readonly to: number
}

/** A value of any type. */
export interface BerAny {
  readonly kind: number
  readonly number: number
  /** Of a sequence, a set or what is not universal: all of it with its header, as it stood. Of others: what it holds, pieces joined. */
  readonly contents: Uint8Array
  readonly isWhole: boolean
}

/** What a field is looked for by: its universal tag, or the number of a tag of the context class in its place. */
export interface BerWant {
  readonly context?: number
}

const NO_BYTES = new Uint8Array(0)
const SEQUENCE = TAG.sequence & LONG
const SET = TAG.set & LONG
/** Types that are never in pieces. */
const UNBROKEN: readonly number[] = [TAG.boolean, TAG.integer, TAG.none, TAG.object, TAG.enumerated]
const BMP_STRING = 30
const UNIVERSAL_STRING = 28

/** One level of the walk. `limit` is where its bytes end; an open one ends at two zeros before that. */
export class BerReader {
  readonly #bytes: Uint8Array
  readonly #limit: number
  readonly #wasOpen: boolean
  readonly #shared: { isBad: boolean }
  #isOpen: boolean
  #isDone = false
  #at: number

  constructor(
    bytes: Uint8Array,
    place?: Pick<Header, 'from' | 'to' | 'isOpen'> & { readonly shared: { isBad: boolean } },
  ) {
    this.#bytes = bytes
    this.#at = place?.from ?? 0
    this.#limit = place?.to ?? bytes.length
    this.#wasOpen = place?.isOpen ?? false
    this.#isOpen = this.#wasOpen
    this.#shared = place?.shared ?? { isBad: false }
  }

  get isBad(): boolean {
    return this.#shared.isBad
  }

  /** Bytes read so far at this level, from the beginning of all bytes. */
  get at(): number {
    return this.#at
  }

  /** Whether fields are left, which an end of contents denies. */
  hasMore(): boolean {
    if (this.isBad || this.#at >= this.#limit) return false
    if (!this.#isEnd()) return true
    if (!this.#isOpen) this.#shared.isBad = true
    this.#at = this.#isOpen ? this.#at + 2 : this.#limit
    this.#isOpen = false
    // Nothing after an end of contents belongs to this level.
    this.#isDone = true
    return false
  }

  bad(): void {
    this.#shared.isBad = true
  }

  sequence<T>(read: (fields: BerReader) => T, want: BerWant = {}): T {
    const header = this.#take(SEQUENCE, want)
    return header === undefined ? read(this.#missing()) : this.#fields(header, read)
  }

  optionalSequence<T>(read: (fields: BerReader) => T, want: BerWant = {}): T | undefined {
    const header = this.#take(SEQUENCE, want)
    return header === undefined ? undefined : this.#fields(header, read)
  }

  /** SEQUENCE OF or SET OF: OpenSSL does not ask whether its tag says "constructed". */
  listOf<T>(type: 'sequence' | 'set', read: (item: BerReader) => T, want: BerWant = {}): readonly T[] {
    const list = this.optionalListOf(type, read, want)
    if (list === undefined) this.bad()
    return list ?? []
  }

  optionalListOf<T>(
    type: 'sequence' | 'set',
    read: (item: BerReader) => T,
    want: BerWant = {},
  ): readonly T[] | undefined {
    const header = this.#take(type === 'set' ? SET : SEQUENCE, want)
    if (header === undefined) return undefined
    return this.#inside(header, (items) => {
      const list: T[] = []
      while (items.#hasItem()) list.push(read(items))
      return list
    })
  }

  /** What stands behind an explicit tag of the context class; undefined where the tag is not there. */
  optionalExplicit<T>(number: number, read: (field: BerReader) => T): T | undefined {
    const header = this.#take(number, { context: number })
    return header === undefined ? undefined : this.#fields(header, read)
  }

  /** Contents of a value of a universal type. */
  primitive(type: number, want: BerWant = {}): Uint8Array {
    const contents = this.optionalPrimitive(type, want)
    if (contents === undefined) this.bad()
    return contents ?? NO_BYTES
  }

  optionalPrimitive(type: number, want: BerWant = {}): Uint8Array | undefined {
    const header = this.#take(type, want)
    return header === undefined ? undefined : this.#contents(type, header)
  }

  /** Any value at all. */
  any(): BerAny {
    const from = this.#at
    const header = this.hasMore() ? this.#header() : undefined
    if (header === undefined) {
      this.bad()
      return { kind: 0, number: 0, contents: NO_BYTES, isWhole: false }
    }
    const { kind, number, isConstructed } = header
    const isWhole = kind !== 0 || number === SEQUENCE || number === SET
    if (!isWhole) {
      this.#at = header.from
      return { kind, number, contents: this.#contents(number, header), isWhole }
    }
    if (kind === 0 && !isConstructed) this.bad()
    this.#at = header.isOpen ? this.#endOfOpen(header) : header.to
    return { kind, number, contents: this.#bytes.subarray(from, this.#at), isWhole }
  }

  /** The bytes of one item as they stand, which `read` walks over. */
  rawOf<T>(read: (item: BerReader) => T): { readonly value: T; readonly raw: Uint8Array } {
    const from = this.#at
    const value = read(this)
    return { value, raw: this.#bytes.subarray(from, this.#at) }
  }

  /** Is the next field's tag this one? For choices. */
  nextIs(kind: number, number: number): boolean {
    if (this.#isDone || !this.hasMore()) return false
    const header = this.#header()
    return header !== undefined && header.kind === kind && header.number === number
  }

  #hasItem(): boolean {
    return !this.#isDone && this.hasMore()
  }

  /** The header of the next field where it has this tag; its contents come next. Undefined, and nothing read, where it is another. */
  #take(type: number, { context }: BerWant): Header | undefined {
    if (!this.#hasItem()) return undefined
    const header = this.#header()
    if (header === undefined) {
      this.bad()
      return undefined
    }
    const isWanted = context === undefined ? header.kind === 0 && header.number === type : header.kind === CONTEXT
    if (!isWanted || (context !== undefined && header.number !== context)) return undefined
    this.#at = header.from
    return header
  }

  #fields<T>(header: Header, read: (fields: BerReader) => T): T {
    if (!header.isConstructed) this.bad()
    return this.#inside(header, read)
  }

  #inside<T>(header: Header, read: (fields: BerReader) => T): T {
    const inner = new BerReader(this.#bytes, { ...header, shared: this.#shared })
    const value = read(inner)
    this.#at = inner.#finish()
    return value
  }

  /** Where this level ends, with its end of contents. */
  #finish(): number {
    if (this.#isOpen && !this.#isDone) {
      if (!this.#isEnd()) this.bad()
      return this.#at + 2
    }
    if (!this.#wasOpen && this.#at !== this.#limit) this.bad()
    return this.#at
  }

  /** A level with nothing in it, in the place of one that is not there. */
  #missing(): BerReader {
    this.bad()
    return new BerReader(NO_BYTES, { from: 0, to: 0, isOpen: false, shared: this.#shared })
  }

  #isEnd(): boolean {
    return this.#limit - this.#at >= 2 && this.#bytes[this.#at] === 0 && this.#bytes[this.#at + 1] === 0
  }

  #header(): Header | undefined {
    return headerAt(this.#bytes, this.#at, this.#limit)
  }

  #contents(type: number, header: Header): Uint8Array {
    if (header.isConstructed) {
      if (UNBROKEN.includes(type)) this.bad()
      const pieces: Uint8Array[] = []
      this.#at = this.isBad ? this.#at : this.#collect(pieces, header, 0)
      return this.#checked(type, joinBytes(...pieces))
    }
    this.#at = header.to
    return this.#checked(type, this.#bytes.subarray(header.from, header.to))
  }

  /** Pieces of a string, whatever tags they have; returns where they end. */
  #collect(pieces: Uint8Array[], { from, to, isOpen }: Header, deep: number): number {
    let at = from
    while (at < to) {
      if (to - at >= 2 && this.#bytes[at] === 0 && this.#bytes[at + 1] === 0) {
        if (!isOpen) this.bad()
        return at + 2
      }
      const piece = headerAt(this.#bytes, at, to)
      if (piece === undefined || (piece.isConstructed && deep >= PIECES_DEEP_MAX)) {
        this.bad()
        return to
      }
      if (!piece.isConstructed) pieces.push(this.#bytes.subarray(piece.from, piece.to))
      at = piece.isConstructed ? this.#collect(pieces, piece, deep + 1) : piece.to
      if (this.isBad) return to
    }
    if (isOpen) this.bad()
    return at
  }

  /** Skips an open value: every open one within needs its own end. */
  #endOfOpen({ from, to }: Header): number {
    let at = from
    let open = 1
    while (at < to) {
      if (to - at >= 2 && this.#bytes[at] === 0 && this.#bytes[at + 1] === 0) {
        at += 2
        open -= 1
        if (open === 0) return at
        continue
      }
      const header = headerAt(this.#bytes, at, to)
      if (header === undefined) break
      open += header.isOpen ? 1 : 0
      at = header.isOpen ? header.from : header.to
    }
    this.bad()
    return to
  }

  #checked(type: number, contents: Uint8Array): Uint8Array {
    if (!isWellFormed(type, contents)) this.bad()
    return contents
  }
}

const headerAt = (bytes: Uint8Array, start: number, limit: number): Header | undefined => {
  if (start >= limit) return undefined
  const first = bytes[start] ?? 0
  const tag = tagAt(bytes, start, limit)
  if (tag === undefined || tag.next >= limit) return undefined
  const length = lengthAt(bytes, tag.next, limit)
  const isConstructed = (first & CONSTRUCTED) !== 0
  if (length === undefined || (length.isOpen && !isConstructed)) return undefined
  const { isOpen, next: from } = length
  const to = isOpen ? limit : from + length.value
  return to > limit ? undefined : { kind: first & CLASS, number: tag.number, isConstructed, isOpen, from, to }
}

/** A tag's number, which from 31 on, and wherever the writer liked, stands in bytes of seven bits. */
const tagAt = (bytes: Uint8Array, start: number, limit: number): { number: number; next: number } | undefined => {
  const low = (bytes[start] ?? 0) & LONG
  if (low !== LONG) return { number: low, next: start + 1 }
  let number = 0
  for (let at = start + 1; at < limit; at += 1) {
    const byte = bytes[at] ?? 0
    number = number * 128 + (byte & 0x7f)
    if (byte < 0x80) return { number, next: at + 1 }
    if (number > Math.floor(NUMBER_MAX / 128)) return undefined
  }
  return undefined
}

const lengthAt = (
  bytes: Uint8Array,
  start: number,
  limit: number,
): { value: number; isOpen: boolean; next: number } | undefined => {
  const first = bytes[start] ?? 0
  if (first === 0x80) return { value: 0, isOpen: true, next: start + 1 }
  if (first < 0x80) return { value: first, isOpen: false, next: start + 1 }
  const count = first & 0x7f
  // One byte at least must stand behind a long length.
  if (limit - start - 1 < count + 1) return undefined
  const digits = bytes.subarray(start + 1, start + 1 + count)
  const significant = digits.subarray(digits.findIndex((digit) => digit !== 0))
  const value = digits.every((digit) => digit === 0) ? 0 : significant.reduce((sum, digit) => sum * 256 + digit, 0)
  return significant.length > 8 || value > NUMBER_MAX * 2 ** 20
    ? undefined
    : { value, isOpen: false, next: start + 1 + count }
}

/** What OpenSSL asks of the contents of each type. */
const isWellFormed = (type: number, contents: Uint8Array): boolean => {
  const [first = 0, second = 0] = contents
  const { length } = contents
  switch (type) {
    case TAG.integer:
    case TAG.enumerated:
      return length > 0 && !(length > 1 && isPadding(contents) && (first & 0x80) === (second & 0x80))
    case TAG.object:
      return isObject(contents)
    case TAG.bits:
      return length > 0 && first <= 7
    case TAG.boolean:
      return length === 1
    case TAG.none:
      return length === 0
    case BMP_STRING:
      return length % 2 === 0
    case UNIVERSAL_STRING:
      return length % 4 === 0
    default:
      return true
  }
}

const isPadding = (contents: Uint8Array): boolean => contents[0] === 0 || contents[0] === 0xff

/** Every number ends, and none begins with zeros. */
const isObject = (contents: Uint8Array): boolean => {
  if (contents.length === 0 || (contents.at(-1) ?? 0) >= 0x80) return false
  return contents.every((byte, i) => byte !== 0x80 || (i > 0 && (contents[i - 1] ?? 0) >= 0x80))
}

/** As OpenSSL writes again what it has read. Undefined for a tag that no type here has. */
export const encodeAny = ({ kind, number, contents, isWhole }: BerAny): Uint8Array | undefined => {
  if (isWhole) return contents
  return kind !== 0 || number >= LONG
    ? undefined
    : tagged(number, number === TAG.bits ? trimmedBits(contents) : contents)
}

/** A BIT STRING's contents with what lies beyond its bits cleared. */
export const trimmedBits = (contents: Uint8Array): Uint8Array => {
  const trimmed = Uint8Array.from(contents)
  const last = trimmed.length - 1
  if (last > 0) trimmed[last] = (trimmed[last] ?? 0) & (0xff << (trimmed[0] ?? 0))
  return trimmed
}

/** Same type and same contents. */
export const equalAny = (a: BerAny | undefined, b: BerAny | undefined): boolean => {
  if (a === undefined || b === undefined) return a === b
  return a.kind === b.kind && a.number === b.number && equalBytes(a.contents, b.contents)
}

/** Bytes as characters, one each (ISO 8859-1). */
export const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
