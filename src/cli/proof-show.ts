/** `truechimer proof show`: everything that stands in a proof, a receipt, or evidence of a broken promise, in words. It checks nothing of it: that is `verify`'s. */
import { accept, hexOf } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { SOURCE_KINDS } from '../clock/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import { BROKEN_PROMISE_BYTES_MAX, openBrokenPromise } from '../stamps/index.ts'
import type { BrokenPromise, PendingStamp, Receipt, StampProof } from '../stamps/index.ts'
import { openChime, readBytes } from './chime-file.ts'
import type { Chime } from './chime-file.ts'
import { EXIT, colours, note, say, sayJson, table, terminalColumns } from './output.ts'
import type { ExitCode } from './output.ts'
import { shown, utcDown, utcUp } from './stamp-lines.ts'
import { idOf } from './stamp-node.ts'

export interface ProofShowOptions {
  readonly proof: string
  readonly json?: boolean
}

export const proofShow = async ({ proof: path, json }: ProofShowOptions): Promise<ExitCode> => {
  const bytes = await readBytes(path)
  const opened = openAny(bytes)
  if (opened.verdict !== 'accept') {
    if (json === true) sayJson({ form: null, reason: opened.reason })
    else say(`${colours.red('no proof')} ${shown(path)}: ${opened.reason}`)
    return EXIT.no
  }
  if (json === true) sayJson(jsonOf(opened.value, bytes))
  else {
    const rows = rowsOf(opened.value, bytes)
    for (const line of table(
      rows.map(([head = '', text = '']) => [colours.dim(head), text]),
      terminalColumns(),
    ))
      say(line)
    note('Nothing of this is checked here: truechimer verify does that.')
  }
  return EXIT.good
}

type Shown = Chime | { readonly type: 'broken'; readonly broken: BrokenPromise }

/** A chime, or else evidence; where it is neither, the reason is the chime's. */
const openAny = (bytes: Uint8Array): Admission<Shown> => {
  const chime = openChime(bytes)
  if (chime.verdict === 'accept' || bytes.length > BROKEN_PROMISE_BYTES_MAX) return chime
  const broken = openBrokenPromise(bytes)
  return broken.verdict === 'accept' ? accept({ type: 'broken', broken: broken.value }) : chime
}

const rowsOf = (found: Shown, bytes: Uint8Array): string[][] => {
  if (found.type === 'broken') return brokenRows(found.broken, bytes)
  return found.type === 'proof' ? proofRows(found.proof, bytes) : pendingRows(found.pending, bytes)
}

const jsonOf = (found: Shown, bytes: Uint8Array): object => {
  if (found.type === 'broken') return brokenJson(found.broken, bytes)
  return found.type === 'proof' ? proofJson(found.proof, bytes) : pendingJson(found.pending, bytes)
}

const heightText = (first: number, last: number): string => (first === last ? `${first}` : `${first} to ${last}`)

const saltText = (salt: Uint8Array): string =>
  salt.length === 0
    ? 'none: the imprint is the digest'
    : `${salt.length} bytes, so that the log does not tell the digest`

/** What the node's clock stood on, by its own word. */
export const sourcesText = (sources: number): string => {
  const kinds = SOURCE_KINDS.filter((_, i) => (sources >> i) % 2 === 1)
  return kinds.length === 0 ? 'none named' : kinds.join(', ')
}

type ReceiptFacts = Pick<Receipt, 'position' | 'received' | 'heightNewest' | 'heightPromised' | 'sources' | 'group'>

const receiptRows = (receipt: ReceiptFacts): string[][] => [
  [
    'received',
    `between ${utcDown(receipt.received.earliest)} and ${utcUp(receipt.received.latest)}, by the node’s own clock`,
  ],
  ['position', `${receipt.position} in the node’s log`],
  ['promised', `block ${receipt.heightPromised} or an earlier one; the newest was ${receipt.heightNewest}`],
  ['sources', `${sourcesText(receipt.sources)}, by the node’s own word`],
  [
    'signature',
    `one for ${receipt.group.size} ${receipt.group.size === 1 ? 'receipt' : 'receipts'}, this is number ${receipt.group.index}`,
  ],
]

const proofRows = (proof: StampProof, bytes: Uint8Array): string[][] => {
  const { batch, transaction, headers, validators, votes, height } = proof
  const last = height + headers.length - 1
  const total = validators.reduce((sum, { weight }) => sum + weight, 0n)
  return [
    ['form', `final proof, ${bytes.length} bytes`],
    ['network', hexOf(proof.networkId)],
    ['imprint', `${proof.algorithm} ${hexOf(proof.imprint)}`],
    ['salt', saltText(proof.salt)],
    [
      'beacon',
      proof.hasBeacon ? `block ${height - 1}, ${hexOf(proof.parent)}` : 'none: the proof says "no later than" alone',
    ],
    ...receiptRows(proof.receipt),
    ['tree', `entry ${batch.index} of ${batch.size} in its batch, a path of ${batch.path.length}`],
    [
      'transaction',
      `sequence ${transaction.sequence} of ${keyText(transaction.author)}, number ${transaction.index} of ${transaction.size} in block ${last - 1}`,
    ],
    ['log root', hexOf(transaction.logRoot)],
    ['headers', heightText(height, last)],
    ['weights', `${validators.length} validators, ${total} in all`],
    [
      'votes',
      `${votes.signatures.length} in round ${votes.round} for block ${last}, by places ${votes.signatures.map(({ index }) => index).join(', ')}`,
    ],
    [
      'bridge',
      proof.bridge.length === 0 ? 'none' : `${proof.bridge.length} bytes, from what is trusted to these validators`,
    ],
  ]
}

const keyText = (key: number | Uint8Array): string =>
  typeof key === 'number' ? `member ${key} of the genesis, in the order of keys` : nodeIdText(key)

const pendingRows = ({ entry, salt, clientKey, receipt, node }: PendingStamp, bytes: Uint8Array): string[][] => [
  ['form', `receipt, ${bytes.length} bytes: nothing is proved yet`],
  ['network', hexOf(receipt.networkId)],
  ['imprint', `${entry.algorithm} ${hexOf(entry.imprint)}`],
  ['salt', saltText(salt)],
  ['beacon', entry.beacon ?? 'none: the proof will say "no later than" alone'],
  ['stamp', idOf(entry, clientKey)],
  ['node', `${nodeIdText(receipt.node)}${node === '' ? '' : `, asked at ${shown(node)}`}`],
  ...receiptRows(receipt),
]

const brokenRows = (broken: BrokenPromise, bytes: Uint8Array): string[][] => {
  const { receipt } = broken
  const what = broken.kind === 'missed' ? 'a promise was missed' : 'a promise is contradicted'
  return [
    ['form', `evidence that ${what}, ${bytes.length} bytes`],
    ['network', hexOf(receipt.networkId)],
    ['node', nodeIdText(receipt.node)],
    ['leaf', hexOf(receipt.leaf)],
    ...receiptRows(receipt),
    ...(broken.kind === 'missed'
      ? [
          ['headers', heightText(broken.voted.height, broken.voted.height + broken.voted.headers.length - 1)],
          ['transactions', `${broken.transactions.flat().length} in ${broken.transactions.length} blocks`],
          ['votes', `${broken.voted.votes.signatures.length} in round ${broken.voted.votes.round}`],
        ]
      : [['instead', `${hexOf(broken.leaf)}, by a path of ${broken.path.length} in the node’s log`]]),
  ]
}

const brokenJson = (broken: BrokenPromise, bytes: Uint8Array): object => {
  const { kind, receipt } = broken
  const about = { form: 'evidence', kind, bytes: bytes.length, networkId: hexOf(receipt.networkId) }
  const given = { ...about, node: nodeIdText(receipt.node), leaf: hexOf(receipt.leaf), receipt: receiptJson(receipt) }
  if (broken.kind === 'contradicted') return { ...given, instead: hexOf(broken.leaf) }
  const { voted, transactions } = broken
  return {
    ...given,
    headers: { first: voted.height, last: voted.height + voted.headers.length - 1 },
    transactions: transactions.map((list) => list.length),
    votes: voted.votes.signatures.length,
  }
}

const receiptJson = ({ position, received, heightNewest, heightPromised, sources, group }: ReceiptFacts): object => ({
  position,
  received: { earliest: received.earliest.toString(), latest: received.latest.toString() },
  heightNewest,
  heightPromised,
  sources: SOURCE_KINDS.filter((_, i) => (sources >> i) % 2 === 1),
  group: { index: group.index, size: group.size },
})

const proofJson = (proof: StampProof, bytes: Uint8Array): object => {
  const { transaction, batch, votes, headers, height } = proof
  const nameOf = (key: number | Uint8Array): number | string => (typeof key === 'number' ? key : nodeIdText(key))
  return {
    form: 'proof',
    bytes: bytes.length,
    networkId: hexOf(proof.networkId),
    algorithm: proof.algorithm,
    imprint: hexOf(proof.imprint),
    salt: hexOf(proof.salt),
    beacon: proof.hasBeacon ? { height: height - 1, block: hexOf(proof.parent) } : null,
    receipt: receiptJson(proof.receipt),
    batch: { index: batch.index, size: batch.size },
    transaction: {
      author: nameOf(transaction.author),
      sequence: transaction.sequence,
      index: transaction.index,
      size: transaction.size,
      logRoot: hexOf(transaction.logRoot),
    },
    headers: { first: height, last: height + headers.length - 1 },
    validators: proof.validators.map(({ key, weight }) => ({ key: nameOf(key), weight: weight.toString() })),
    votes: { round: votes.round, places: votes.signatures.map(({ index }) => index) },
    bridgeBytes: proof.bridge.length,
  }
}

const pendingJson = ({ entry, salt, clientKey, receipt, node }: PendingStamp, bytes: Uint8Array): object => ({
  form: 'receipt',
  bytes: bytes.length,
  networkId: hexOf(receipt.networkId),
  algorithm: entry.algorithm,
  imprint: hexOf(entry.imprint),
  salt: hexOf(salt),
  beacon: entry.beacon,
  id: idOf(entry, clientKey),
  node: nodeIdText(receipt.node),
  address: node,
  receipt: receiptJson(receipt),
})
