/**
 * How deep bytes are nested, found without recursion and before anybody decodes them. A decoder that recurses fails where its
 * stack ends, and stacks differ from machine to machine: without a limit of its own, two nodes would disagree about one text.
 *
 * Source: RFC 8949 §3 (heads) and §10 (deep nesting as an attack). Bytes that are no CBOR are not judged here.
 */

/** Arrays, maps and tags around one another, at most. What we sign is three deep. */
export const DATA_DEPTH_MAX = 32

const ARRAY = 4
const MAP = 5
const TAG = 6
/** With the indefinite length's bits: the break that ends one. */
const SIMPLE = 7
const STRINGS = [2, 3]
const INDEFINITE = 31

/** Major type, low five bits, argument, and where the next byte is. */
interface Head {
  readonly major: number
  readonly info: number
  readonly argument: number
  readonly next: number
}

/** The head at a byte; nothing where the bytes end within it. */
const headAt = (view: DataView, at: number): Head | undefined => {
  const first = view.getUint8(at)
  const [major, info] = [first >> 5, first & 31]
  if (info < 24) return { major, info, argument: info, next: at + 1 }
  if (info > 27) return { major, info, argument: 0, next: at + 1 }
  const next = at + 1 + 2 ** (info - 24)
  if (next > view.byteLength) return undefined
  let argument = 0
  for (let i = at + 1; i < next; i += 1) argument = argument * 256 + view.getUint8(i)
  return { major, info, argument, next }
}

/** Items that a head opens, or nothing where it opens none. An indefinite length stays open until its break. */
const itemsOf = ({ major, info, argument }: Head): number | undefined => {
  if (info === INDEFINITE) return major === ARRAY || major === MAP || STRINGS.includes(major) ? Infinity : undefined
  if (major === ARRAY) return argument
  if (major === MAP) return 2 * argument
  return major === TAG ? 1 : undefined
}

/** Is anything in the CBOR `bytes` more than `depthMax` arrays, maps and tags deep? Linear in the bytes; stops at nonsense. */
export const isNestedDeeper = (bytes: Uint8Array, depthMax: number): boolean => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  /** Items still to come at each open level. */
  const open: number[] = []
  for (let at = 0; at < bytes.length;) {
    const head = headAt(view, at)
    if (head === undefined) return false
    at = head.next
    const items = itemsOf(head)
    if (head.major === SIMPLE && head.info === INDEFINITE) open.pop()
    else if (items !== undefined) open.push(items + 1)
    else if (STRINGS.includes(head.major)) at += head.argument
    if (open.length > depthMax) return true
    close(open)
    if (open.length === 0) return false
  }
  return false
}

/** One item is done at the innermost level, and with it every level that it was the last of. */
const close = (open: number[]): void => {
  for (;;) {
    const last = open.length - 1
    const left = (open[last] ?? 0) - 1
    if (last < 0) return
    open[last] = left
    if (left > 0) return
    open.pop()
  }
}
