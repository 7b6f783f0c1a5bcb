/**
 * What the worker does with proofs: opens them, verifies them with what is trusted, and puts what was shown into plain data. No network, no
 * state.
 */
import {
  STAMP_LINKS,
  TRUST_DAYS_DEFAULT,
  ed25519Verifier,
  encodePendingStamp,
  isReceiptSigned,
  leafOf,
  openPendingStamp,
  openReceipt,
  openStampProof,
  readCheckpoint,
  refusedLines,
  stampIdOf,
  stampTrustOfGenesis,
  taiFromUnixNs,
  utcFromTai,
  verifiedLines,
  verifyStamp,
} from '../../../src/stamps/door.ts'
import type {
  CheckpointReason,
  StampEntry,
  StampLink,
  StampProof,
  StampReason,
  StampTrust,
  VerifiedStamp,
} from '../../../src/stamps/door.ts'
import type { Outcome, OutcomeLine, SpanFacts } from '../model/stamps-outcome.ts'
import { bytesOfBase64, bytesOfHex, hexOf } from './byte-text.ts'
import type {
  Calls,
  CheckpointRead,
  FileDigest,
  Opened,
  ReceiptParts,
  ReceiptRead,
  TrustSource,
} from './worker-words.ts'

const DAY_NS = 86_400_000_000_000n
const NS_PER_MS = 1_000_000n
/** How far the visitor's machine may be off where a checkpoint's age is asked for, ns. */
const CLOCK_SLACK_NS = 60_000_000_000n

const isSame = (a: Uint8Array, b: Uint8Array): boolean => hexOf(a) === hexOf(b)

export const openBytes = (bytes: Uint8Array): Opened => {
  const proof = openStampProof(bytes)
  if (proof.verdict === 'accept') return { kind: 'proof', algorithm: proof.value.algorithm }
  const pending = openPendingStamp(bytes)
  if (pending.verdict !== 'accept') return { kind: 'neither' }
  const { entry, clientKey } = pending.value
  return { kind: 'pending', algorithm: entry.algorithm, stampId: hexOf(stampIdOf(entry, clientKey)) }
}

export const readCheckpointFile = (json: unknown): CheckpointRead => {
  const read = readCheckpoint(json)
  if (read.verdict !== 'accept') return { verdict: 'reject', says: CHECKPOINT_SAYS[read.reason] }
  return { verdict: 'accept', networkId: hexOf(read.value.networkId), height: read.value.light.height }
}

const CHECKPOINT_SAYS: Readonly<Record<CheckpointReason, string>> = {
  'checkpoint-malformed': 'It is no checkpoint file.',
  'checkpoint-wrong-header': 'Its header is not of the network and the height that it names.',
  'checkpoint-wrong-validators': 'Its validators are not those that its header names.',
}

/** Undefined where a checkpoint turns out to be none. */
const trustOf = (source: TrustSource, nowMs: number): StampTrust | undefined => {
  if (source.from === 'genesis') return stampTrustOfGenesis(source.genesis, source.names)
  const read = readCheckpoint(source.checkpoint)
  if (read.verdict !== 'accept') return undefined
  const now = taiFromUnixNs(BigInt(Math.round(nowMs)) * NS_PER_MS)
  const period = {
    now: { earliest: now - CLOCK_SLACK_NS, latest: now + CLOCK_SLACK_NS },
    periodNs: BigInt(TRUST_DAYS_DEFAULT) * DAY_NS,
  }
  return { ...read.value, names: source.names, period }
}

const failed = (over: Pick<Outcome, 'says' | 'means'> & Partial<Outcome>): Outcome => ({
  verdict: 'fails',
  isFileChecked: false,
  link: undefined,
  lines: [],
  openCount: 0,
  span: undefined,
  ...over,
})

/** Everything that can be said of these bytes. */
export const checkProof = ({ bytes, digest, trust: source, nowMs }: Calls['check']['asks']): Outcome => {
  const opened = openStampProof(bytes)
  if (opened.verdict !== 'accept') return unopened(bytes, opened.reason)
  const trust = trustOf(source, nowMs)
  if (trust === undefined)
    return failed({ says: 'There is nothing to check it against.', means: 'The checkpoint cannot be used.' })
  const verified = verifyStamp(opened.value, { trust, ...(digest === undefined ? {} : { digest }) })
  if (verified.verdict !== 'accept') return refused(verified.reason, verified.link, digest)
  return held(opened.value, verified.value)
}

const unopened = (bytes: Uint8Array, reason: string): Outcome => {
  if (openPendingStamp(bytes).verdict === 'accept')
    return failed({
      verdict: 'unproven',
      says: 'This is only a receipt: nothing is proved yet.',
      means:
        'One node says that it took the stamp. The final proof is to be had from that node once its block is final.',
    })
  if (bytes.length === 0)
    return failed({ says: 'The proof is empty.', means: 'Take it again from where it was saved.' })
  return failed({
    says: 'The proof cannot be read.',
    means: `It is cut short, changed, or no stamp’s proof at all (${reason}). Take it again from where it was saved.`,
  })
}

const LINK_NAMES: Readonly<Record<StampLink, string>> = {
  imprint: 'The file is what was stamped',
  receipt: 'A node signed for it',
  tree: 'It stands in the node’s batch',
  transaction: 'The node handed the batch in',
  block: 'The batch stands in a block',
  headers: 'The blocks follow one another',
  beacon: 'The beacon’s block comes before',
  weights: 'The voters are the block’s own',
  votes: 'More than two thirds voted for it',
  trust: 'What you trust vouches for the voters',
}

/** The network is looked at before everything else, because without it no key has a name. */
const FIRST_OF_ALL: readonly StampReason[] = ['stamp-wrong-network']

const refused = (reason: StampReason, link: StampLink, digest: FileDigest | undefined): Outcome => {
  const [why] = refusedLines(reason, link)
  const [broken, means] = sentencesOf(why?.text ?? reason)
  const links = digest === undefined ? STAMP_LINKS.slice(1) : STAMP_LINKS
  const before = FIRST_OF_ALL.includes(reason) ? [] : links.slice(0, links.indexOf(link))
  const lines: OutcomeLine[] = [
    ...before.map((name): OutcomeLine => ({
      link: name,
      state: 'holds',
      text: LINK_NAMES[name],
      explanation: HOLDS_ALONE,
    })),
    { link, state: 'fails', text: `${broken}.`, explanation: why?.explanation ?? reason },
  ]
  const says = SAYS[reason] ?? `This proof does not hold: ${broken}.`
  return failed({
    says,
    means,
    link,
    lines,
    openCount: links.length - lines.length,
    isFileChecked: digest !== undefined,
  })
}

const HOLDS_ALONE = 'This link holds by itself; it shows nothing without those after it.'

/** What most people meet, in their words. */
const SAYS: Readonly<Partial<Record<StampReason, string>>> = {
  'stamp-wrong-digest': 'This is not the file that was stamped.',
  'stamp-wrong-network': 'This proof is of another network.',
  'stamp-before-checkpoint': 'Your checkpoint is newer than this stamp.',
  'stamp-trust-expired': 'Your checkpoint is too old.',
}

/** What is broken, and what that means: `broken from A to B: This is …`. */
const sentencesOf = (text: string): readonly [string, string] => {
  const at = text.indexOf(': ')
  return at < 0 ? ['broken', text] : [text.slice(0, at), text.slice(at + 2)]
}

const held = (proof: StampProof, verified: VerifiedStamp): Outcome => ({
  verdict: 'holds',
  isFileChecked: verified.isDigestChecked,
  says: verified.isDigestChecked
    ? 'This file is what was stamped, and the stamp holds.'
    : 'The stamp holds, whatever it is of.',
  means: verified.emergency ? 'A time emergency was declared meanwhile: its time may not hold.' : '',
  link: undefined,
  lines: verifiedLines(verified).map(({ isWarning, ...line }) => ({ ...line, state: isWarning ? 'warns' : 'holds' })),
  openCount: 0,
  span: spanOf(proof, verified),
})

/** Digits of a second that are shown. */
const microseconds = (utc: string): string => `${utc.slice(0, 26)}Z`

const spanOf = (
  { headers }: StampProof,
  { interval, beacon, receipt, blockTime, height }: VerifiedStamp,
): SpanFacts => {
  const { notBefore, notAfter } = interval
  const [first] = headers
  return {
    notBefore,
    notAfter,
    beacon:
      beacon === undefined || first === undefined
        ? undefined
        : { earliest: first.time.earliest, latest: first.time.latest, height: beacon.height },
    receipt: receipt.received,
    block: { earliest: blockTime.earliest, latest: blockTime.latest, height },
    notBeforeUtc: notBefore === undefined ? undefined : microseconds(utcFromTai(notBefore)),
    notAfterUtc: microseconds(utcFromTai(notAfter)),
  }
}

const REFUSED_RECEIPT = 'Do not rely on this node; the file is not known to be stamped.'

/** Is the node's answer of what was asked, and signed? The receipt then becomes a file that goes on later. */
export const readReceipt = ({ entry: said, clientKey, receipt, node, digest }: ReceiptParts): ReceiptRead => {
  const imprint = bytesOfHex(said.imprint)
  if (!isSame(imprint, digest))
    return { verdict: 'reject', says: `The node answered for another hash than was asked. ${REFUSED_RECEIPT}` }
  const entry: StampEntry = { algorithm: said.algorithm, imprint, beacon: said.beacon }
  const opened = openReceipt(bytesOfBase64(receipt))
  if (opened.verdict !== 'accept')
    return { verdict: 'reject', says: `The node’s receipt cannot be read. ${REFUSED_RECEIPT}` }
  if (!isSame(opened.value.leaf, leafOf(entry)) || !isReceiptSigned(opened.value, ed25519Verifier))
    return { verdict: 'reject', says: `The node’s receipt is not signed, or is of something else. ${REFUSED_RECEIPT}` }
  const pending = { entry, salt: new Uint8Array(0), clientKey, receipt: opened.value, node }
  return { verdict: 'accept', file: encodePendingStamp(pending) }
}
