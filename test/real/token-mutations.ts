/**
 * Tokens bent in every way that we could think of: bits, bytes, lengths, tags, forms of BER, fields dropped, doubled, swapped and replaced;
 * and tokens whose contents were bent and then signed again with the right key, so that what comes after the signature is asked too.
 */
import { createHash, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { drawBelow } from '../../src/base/index.ts'
import type { Random } from '../../src/base/index.ts'
import { STYLES, allOf, copyTree, encodeTree, parseTree, plain } from './der-tree.ts'
import type { DerNode } from './der-tree.ts'

export interface MutationPot {
  readonly random: Random
  /** Good responses: one to be bent, another to take fields from. */
  readonly token: Uint8Array
  readonly other: Uint8Array
  readonly key: KeyObject
}

const pick = <T>(random: Random, items: readonly T[]): T => {
  const item = items[drawBelow(random, items.length)]
  if (item === undefined) throw new RangeError('nothing to pick from')
  return item
}

const treeOf = (bytes: Uint8Array): DerNode => {
  const [node] = parseTree(bytes)
  if (node === undefined) throw new RangeError('no tree')
  return node
}

type Mutation = (pot: MutationPot) => Uint8Array

const flipBits: Mutation = ({ random, token }) => {
  const bent = Uint8Array.from(token)
  for (let i = drawBelow(random, 3); i >= 0; i -= 1) {
    const at = drawBelow(random, bent.length)
    bent[at] = (bent[at] ?? 0) ^ (1 << drawBelow(random, 8))
  }
  return bent
}

const setByte: Mutation = ({ random, token }) => {
  const bent = Uint8Array.from(token)
  bent[drawBelow(random, bent.length)] = pick(random, [0, 1, 2, 0x1f, 0x30, 0x7f, 0x80, 0x81, 0x84, 0xa0, 0xff])
  return bent
}

const cut: Mutation = ({ random, token }) => token.slice(0, drawBelow(random, token.length))
const trail: Mutation = ({ random, token }) => Buffer.concat([token, random.bytes(1 + drawBelow(random, 40))])

const insert: Mutation = ({ random, token }) => {
  const at = drawBelow(random, token.length)
  return Buffer.concat([token.slice(0, at), random.bytes(1 + drawBelow(random, 3)), token.slice(at)])
}

const remove: Mutation = ({ random, token }) => {
  const at = drawBelow(random, token.length)
  return Buffer.concat([token.slice(0, at), token.slice(at + 1 + drawBelow(random, 3))])
}

/** Bends a few nodes and writes the tree with lengths that fit. */
const bending =
  (bend: (node: DerNode, pot: MutationPot) => void, timesMax: number): Mutation =>
  (pot) => {
    const tree = treeOf(pot.token)
    for (let i = drawBelow(pot.random, timesMax); i >= 0; i -= 1) bend(pick(pot.random, allOf(tree)), pot)
    return encodeTree(tree)
  }

const restyle = (node: DerNode, { random }: MutationPot): void => void (node.style = pick(random, STYLES))

const retag = (node: DerNode, { random }: MutationPot): void =>
  void (node.tag = pick(random, [
    0x02,
    0x04,
    0x05,
    0x06,
    0x0c,
    0x13,
    0x16,
    0x30,
    0x31,
    0x11,
    0x80,
    0xa0,
    0xa1,
    node.tag ^ 0x20,
  ]))

const rewrite = (node: DerNode, { random }: MutationPot): void => {
  if (node.children !== undefined || node.contents.length === 0) return
  const at = drawBelow(random, node.contents.length)
  node.contents[at] = (node.contents[at] ?? 0) ^ pick(random, [1, 2, 3, 0x20, 0x80, 0xff])
}

const lengthen = (node: DerNode, { random }: MutationPot): void => {
  if (node.children !== undefined) return
  const more = pick(random, [[0], [0xff], [0x20], [0x80], [0, 0]])
  node.contents =
    drawBelow(random, 2) === 0 ? Uint8Array.of(...more, ...node.contents) : Uint8Array.of(...node.contents, ...more)
}

const reorder = ({ children }: DerNode, { random, other }: MutationPot): void => {
  if (children === undefined || children.length === 0) return
  const [a, b] = [drawBelow(random, children.length), drawBelow(random, children.length)]
  const [one, two] = [children[a], children[b]]
  if (one === undefined || two === undefined) return
  const foreign = copyTree(pick(random, allOf(treeOf(other))))
  const acts: readonly (() => void)[] = [
    () => void ((children[a] = two), (children[b] = one)),
    () => void children.splice(a, 1),
    () => void children.splice(a, 0, copyTree(two)),
    () => void (children[a] = foreign),
    () => void children.splice(a, 0, foreign),
    () => void children.splice(a, 0, { tag: 0, children: undefined, contents: new Uint8Array(0), style: 'der' }),
    () => void children.push({ tag: 0x05, children: undefined, contents: new Uint8Array(0), style: 'der' }),
  ]
  pick(random, acts)()
}

/** Object identifiers that stand where others might. */
const OBJECTS = [
  '608648016503040201',
  '608648016503040202',
  '608648016503040203',
  '60864801650304020b',
  '2b0e03021a',
  '2a864886f70d01010b',
  '2a8648ce3d040302',
  '2a864886f70d010702',
  '2a864886f70d0109100104',
  '2a0304',
].map((hex) => Buffer.from(hex, 'hex'))

const rename = (node: DerNode, { random }: MutationPot): void => {
  if (node.tag === 0x06) node.contents = Uint8Array.from(pick(random, OBJECTS))
}

const recase = (node: DerNode, { random }: MutationPot): void => {
  if (![0x0c, 0x13, 0x16].includes(node.tag)) return
  const text = Buffer.from(node.contents).toString('latin1')
  const forms = [
    text.toUpperCase(),
    ` ${text}`,
    `${text}\t `,
    text.replaceAll(' ', '  '),
    text.replaceAll('m', 'M'),
    `${text}x`,
  ]
  node.contents = Uint8Array.from(Buffer.from(pick(random, forms), 'latin1'))
  node.tag = pick(random, [0x0c, 0x13, 0x16, 0x14, 0x1a, node.tag])
}

const childAt = (node: DerNode | undefined, ...path: readonly number[]): DerNode => {
  const found = path.reduce<DerNode | undefined>((at, index) => at?.children?.at(index), node)
  if (found === undefined) throw new RangeError('no such field')
  return found
}

const OCTETS = 0x04
const MESSAGE_DIGEST = '2a864886f70d010904'

/** Parts of a response of ours. */
const partsOf = (tree: DerNode) => {
  const signed = childAt(tree, 1, 1, 0)
  const signer = childAt(signed, -1, 0)
  return {
    signed,
    signer,
    content: childAt(signed, 2, 1, 0),
    attributes: childAt(signer, 3),
    signature: childAt(signer, 5),
  }
}

const digestOf = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())

/** Signs as a signer would who had meant it so: over the attributes in DER, which name the content's digest. */
const resign = (tree: DerNode, key: KeyObject): Uint8Array => {
  const { content, attributes, signature } = partsOf(tree)
  for (const attribute of attributes.children ?? []) {
    const [id, values] = attribute.children ?? []
    const value = values?.children?.[0]
    if (id !== undefined && Buffer.from(id.contents).toString('hex') === MESSAGE_DIGEST && value?.tag === OCTETS)
      value.contents = digestOf(content.contents)
  }
  signature.contents = new Uint8Array(sign('sha256', encodeTree({ ...plain(attributes), tag: 0x31 }), key))
  return encodeTree(tree)
}

const BENDS = [restyle, retag, rewrite, lengthen, reorder, rename, recase]

/** What the token says, bent and signed again. */
const resignContent: Mutation = (pot) => {
  const tree = treeOf(pot.token)
  const { content } = partsOf(tree)
  const inner = treeOf(content.contents)
  pick(pot.random, BENDS)(pick(pot.random, allOf(inner)), { ...pot, other: content.contents })
  content.contents = encodeTree(inner)
  return resign(tree, pot.key)
}

/** What is signed beside it, bent and signed again. */
const resignAttributes: Mutation = (pot) => {
  const tree = treeOf(pot.token)
  const { attributes } = partsOf(tree)
  pick(pot.random, BENDS)(pick(pot.random, allOf(attributes)), { ...pot, other: encodeTree(attributes) })
  return resign(tree, pot.key)
}

/** Of the curve's group. */
const ORDER = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')

/** The signature's mirror image, and others that are nearly it. */
const bendSignature: Mutation = (pot) => {
  const tree = treeOf(pot.token)
  const { signature } = partsOf(tree)
  const inner = treeOf(signature.contents)
  const s = childAt(inner, 1)
  if (drawBelow(pot.random, 2) === 0) {
    const hex = (ORDER - BigInt(`0x${Buffer.from(s.contents).toString('hex')}`)).toString(16).padStart(64, '0')
    s.contents = Uint8Array.from(Buffer.from(hex >= '8' ? `00${hex}` : hex.replace(/^(?:00)+(?=[0-7])/, ''), 'hex'))
  } else pick(pot.random, [restyle, lengthen])(pick(pot.random, allOf(inner)), pot)
  signature.contents = encodeTree(inner)
  return encodeTree(tree)
}

const both =
  (first: Mutation, second: Mutation): Mutation =>
  (pot) =>
    second({ ...pot, token: first(pot) })

/** By name; each draws anew whenever it is called. */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  flipBits,
  setByte,
  cut,
  trail,
  insert,
  remove,
  restyle: bending(restyle, 3),
  restyleMany: bending(restyle, 12),
  retag: bending(retag, 1),
  rewrite: bending(rewrite, 2),
  lengthen: bending(lengthen, 1),
  reorder: bending(reorder, 1),
  rename: bending(rename, 1),
  recase: bending(recase, 6),
  styledAndFlipped: both(bending(restyle, 3), flipBits),
  styledAndTrailed: both(bending(restyle, 2), trail),
  bendSignature,
  resignContent,
  resignAttributes,
}
