/** What `truechimer verify` tells of a proof, as lines and as JSON. The words of links are the room of stamps' own, which the dashboard uses too. */
import { hexOf } from '../base/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import { refusedLines, verifiedLines } from '../stamps/index.ts'
import type {
  BrokenPromiseReason,
  PendingStamp,
  ShownBrokenPromise,
  StampLine,
  StampLink,
  StampProof,
  StampReason,
  VerifiedStamp,
} from '../stamps/index.ts'
import { table } from './output.ts'
import type { Colours } from './output.ts'
import { shown, utcDown, utcUp } from './stamp-lines.ts'

interface OfFile {
  readonly file: string
  readonly proof: string
}
export type Verdict =
  | (OfFile & {
      readonly type: 'valid'
      readonly stampProof: StampProof
      readonly verified: VerifiedStamp
      readonly trustFrom: string
    })
  | (OfFile & {
      readonly type: 'refused'
      readonly link: StampLink
      readonly reason: StampReason
      readonly trustFrom: string
    })
  /** No proof that this version reads: cut off, altered, or something else. */
  | (OfFile & { readonly type: 'malformed'; readonly reason: string })
  /** A receipt alone. */
  | (OfFile & { readonly type: 'pending'; readonly pending: PendingStamp; readonly isSame: boolean })
  /** Evidence that holds, or does not. */
  | (OfFile & { readonly type: 'broken'; readonly shown: ShownBrokenPromise; readonly trustFrom: string })
  | (OfFile & { readonly type: 'groundless'; readonly reason: BrokenPromiseReason; readonly trustFrom: string })
  | (OfFile & { readonly type: 'failed'; readonly code: string; readonly message: string })

export interface VerdictDrawing {
  readonly columns: number
  readonly paint: Colours
  readonly isExplained: boolean
  /** One of several: what holds takes one line, and more only for warnings. */
  readonly isBrief: boolean
}

type Of<T extends Verdict['type']> = Extract<Verdict, { readonly type: T }>

/** A head, and lines under it. */
export const verdictLines = (
  verdict: Exclude<Verdict, { readonly type: 'failed' }>,
  drawing: VerdictDrawing,
): string[] => {
  const { paint } = drawing
  const name = paint.bold(shown(verdict.file === '-' ? 'standard input' : verdict.file))
  const [good, bad] = [`${paint.green('valid')} ${name}`, `${paint.red('not valid')} ${name}`]
  if (verdict.type === 'valid') {
    const lines = verifiedLines(verdict.verified)
    if (drawing.isBrief && !drawing.isExplained)
      return [`${good}  ${boundsText(lines)}`, ...warningRows(lines, drawing)]
    return [good, ...under(lines, verdict.trustFrom, drawing)]
  }
  if (verdict.type === 'refused')
    return [
      `${bad}  first failing link: ${verdict.link} [${verdict.reason}]`,
      ...under(refusedLines(verdict.reason, verdict.link), verdict.trustFrom, drawing),
    ]
  if (verdict.type === 'malformed')
    return [
      `${bad}  ${shown(verdict.proof)} is no whole proof [${verdict.reason}]`,
      ...rows([['', MALFORMED]], drawing),
    ]
  if (verdict.type === 'broken')
    return [
      `${good}  a node broke its promise`,
      ...rows([...brokenRows(verdict), trustCells(verdict.trustFrom)], drawing),
    ]
  if (verdict.type === 'groundless')
    return [
      `${bad}  this is no evidence of a broken promise [${verdict.reason}]`,
      ...rows([trustCells(verdict.trustFrom)], drawing),
    ]
  const head = `${paint.yellow('not proved')} ${name}  only a receipt: nothing is proved yet`
  return [head, ...rows(pendingRows(verdict), drawing)]
}

/** The two sides of the interval, which come first. */
const boundsText = (lines: readonly StampLine[]): string =>
  lines
    .slice(0, 2)
    .map(({ text }) => text)
    .join(', ')

const warningRows = (lines: readonly StampLine[], drawing: VerdictDrawing): string[] =>
  rows(
    lines.filter(({ isWarning }) => isWarning).map(({ link, text }) => [link, drawing.paint.yellow(text)]),
    drawing,
  )

const MALFORMED =
  'It was cut off or altered, or is of a newer version. Get it again from who has it; the node that made it may still give it.'

const brokenRows = ({ shown: found }: Of<'broken'>): string[][] => {
  const { brokenBy } = found
  const how =
    found.kind === 'missed'
      ? `no block up to ${found.heightPromised} has it${brokenBy === undefined ? '' : `, and that one was proposed no later than ${utcUp(brokenBy)}`}`
      : 'its log, under a root that it signed, holds something else in that place'
  return [
    ['node', `${found.name}, ${nodeIdText(found.node)}`],
    ['receipt', `position ${found.position} of its log, promised by block ${found.heightPromised}`],
    ['broken', how],
  ]
}

const pendingRows = ({ pending, isSame, file }: Of<'pending'>): string[][] => {
  const { receipt, node } = pending
  const word = `${nodeIdText(receipt.node)} says that it took the stamp between ${utcDown(receipt.received.earliest)} and ${utcUp(receipt.received.latest)}, and promised block ${receipt.heightPromised}`
  const at = node === '' ? '' : ` --node ${shown(node)}`
  const next = isSame
    ? `To get the proof: truechimer stamp ${shown(file)}${at}`
    : 'And it is of other content than the file has now.'
  return [
    ['node', word],
    ['', next],
  ]
}

/** What was checked, link by link, and last with what. */
const under = (lines: readonly StampLine[], trustFrom: string, drawing: VerdictDrawing): string[] => {
  const { isExplained, paint } = drawing
  const all = lines.flatMap(({ link, text, explanation, isWarning }) => [
    [link, isWarning ? paint.yellow(text) : text],
    ...(isExplained && explanation !== '' ? [['', explanation]] : []),
  ])
  return rows([...all, trustCells(trustFrom)], drawing)
}

const trustCells = (trustFrom: string): string[] => ['', `checked with ${shown(trustFrom)}, offline`]

const rows = (cells: readonly (readonly string[])[], { columns, paint }: VerdictDrawing): string[] =>
  table(
    cells.map(([head = '', text = '']) => ['', paint.dim(head), text]),
    columns,
  )

/** One object of a file. Instants are TAI in ns, as text. */
export const verdictJson = (verdict: Verdict): unknown => {
  const { file, proof } = verdict
  const head = { file, proof, valid: verdict.type === 'valid' || verdict.type === 'broken' }
  if (verdict.type === 'valid') return { ...head, ...validJson(verdict) }
  if (verdict.type === 'refused')
    return { ...head, link: verdict.link, reason: verdict.reason, trust: verdict.trustFrom }
  if (verdict.type === 'malformed') return { ...head, link: null, reason: verdict.reason }
  if (verdict.type === 'pending') return { ...head, ...pendingJson(verdict) }
  if (verdict.type === 'broken') return { ...head, ...brokenJson(verdict) }
  if (verdict.type === 'groundless') return { ...head, link: null, reason: verdict.reason, trust: verdict.trustFrom }
  return { ...head, error: { code: verdict.code, message: verdict.message } }
}

const pendingJson = ({ pending: { receipt }, isSame }: Of<'pending'>): object => ({
  link: null,
  reason: 'receipt-only',
  isSame,
  receipt: { node: nodeIdText(receipt.node), position: receipt.position, heightPromised: receipt.heightPromised },
})

const brokenJson = ({ shown: found, trustFrom }: Of<'broken'>): object => {
  const { node, name, position, heightPromised, kind } = found
  return { broken: { kind, node: nodeIdText(node), name, position, heightPromised }, trust: trustFrom }
}

const validJson = ({ verified, trustFrom }: Of<'valid'>): object => {
  const { interval, attestedBy, beacon } = verified
  return {
    networkId: hexOf(verified.networkId),
    algorithm: verified.algorithm,
    imprint: hexOf(verified.imprint),
    isSalted: verified.isSalted,
    notBefore: interval.notBefore?.toString() ?? null,
    notAfter: interval.notAfter.toString(),
    utc: {
      notBefore: interval.notBefore === undefined ? null : utcDown(interval.notBefore),
      notAfter: utcUp(interval.notAfter),
    },
    height: verified.height,
    block: verified.block,
    beacon: beacon ?? null,
    attestedBy: { ...attestedBy, weight: attestedBy.weight.toString(), total: attestedBy.total.toString() },
    receipt: {
      node: nodeIdText(verified.receipt.node),
      name: verified.receipt.name,
      position: verified.receipt.position,
      heightPromised: verified.receipt.heightPromised,
    },
    isPromiseKept: verified.isPromiseKept,
    sources: verified.sources,
    emergency: verified.emergency,
    trust: trustFrom,
    lines: verifiedLines(verified),
  }
}
