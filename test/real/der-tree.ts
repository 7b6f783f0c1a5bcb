/**
 * DER as a tree that can be bent: each value written in DER, or in one of the other ways that BER has, with the lengths around it right.
 * For tests that ask whether two readers of BER agree.
 */

/** How a value is written. `open`: indefinite length; `pieces`: a string in two of its kind; `high`: the tag in more bytes than it needs. */
export const STYLES = ['der', 'long', 'longer', 'open', 'high', 'pieces', 'empty-piece'] as const
export type Style = (typeof STYLES)[number]

export interface DerNode {
  tag: number
  /** Of a constructed value; a primitive one has contents. */
  children: DerNode[] | undefined
  contents: Uint8Array
  style: Style
}

const CONSTRUCTED = 0x20

/** From DER: tags of one byte, lengths as short as can be. */
export const parseTree = (bytes: Uint8Array): DerNode[] => {
  const nodes: DerNode[] = []
  let at = 0
  while (at < bytes.length) {
    const tag = bytes[at] ?? 0
    const first = bytes[at + 1] ?? 0
    const count = first < 0x80 ? 0 : first & 0x7f
    const from = at + 2 + count
    const length = count === 0 ? first : bytes.subarray(at + 2, from).reduce((sum, byte) => sum * 256 + byte, 0)
    const contents = bytes.slice(from, from + length)
    const children = (tag & CONSTRUCTED) === 0 ? undefined : parseTree(contents)
    nodes.push({ tag, children, contents, style: 'der' })
    at = from + length
  }
  return nodes
}

export const copyTree = (node: DerNode): DerNode => ({
  ...node,
  contents: Uint8Array.from(node.contents),
  children: node.children?.map(copyTree),
})

export const plain = (node: DerNode): DerNode => ({ ...node, style: 'der', children: node.children?.map(plain) })

const lengthOf = (length: number, style: Style): number[] => {
  const digits: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256)
  if (style === 'long') return [0x80 | Math.max(1, digits.length), ...(digits.length === 0 ? [0] : digits)]
  if (style === 'longer') return [0x80 | (digits.length + 3), 0, 0, 0, ...digits]
  return length < 0x80 ? [length] : [0x80 | digits.length, ...digits]
}

const join = (...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => Array.from(part)))

export const encodeTree = ({ tag, children, contents, style }: DerNode): Uint8Array => {
  const body = children === undefined ? contents : join(...children.map(encodeTree))
  if (style === 'open') return join([tag | CONSTRUCTED, 0x80], body, [0, 0])
  if (style === 'high') return join([tag | 0x1f, 0x80, tag & 0x1f], lengthOf(body.length, 'der'), body)
  if (style === 'pieces' || style === 'empty-piece') {
    const cut = style === 'pieces' ? body.length >> 1 : 0
    const pieces = [body.subarray(0, cut), body.subarray(cut)].map((piece) =>
      join([0x04], lengthOf(piece.length, 'der'), piece),
    )
    return encodeTree({ tag: tag | CONSTRUCTED, children: undefined, contents: join(...pieces), style: 'der' })
  }
  return join([tag], lengthOf(body.length, style), body)
}

/** The node and all within it, from the top. */
export const allOf = (node: DerNode): readonly DerNode[] => [node, ...(node.children ?? []).flatMap(allOf)]
