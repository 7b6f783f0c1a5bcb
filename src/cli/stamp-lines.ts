/** What `truechimer stamp` tells of each file, as lines and as JSON. Bounds are rounded outwards to the millisecond. */
import { NS_PER_MS, floorDiv, hexOf } from '../base/index.ts'
import type { Tai, TimeInterval } from '../base/index.ts'
import { utcFromTai } from '../clock/index.ts'
import { durationText } from '../services/explanations.ts'
import { nodeIdText } from '../crypto/index.ts'
import type { Colours } from './output.ts'
import { idOf } from './stamp-node.ts'
import type { StampNews } from './stamp-run.ts'

/** Farther off than this the asker's clock is told to be wrong, ns. */
const CLOCK_OFF_NS_MAX = 1000n * NS_PER_MS

/** UTC to the millisecond, no later than `tai`. */
export const utcDown = (tai: Tai): string => utcFromTai(floorDiv(tai, NS_PER_MS) * NS_PER_MS).replace(/\d{6}Z$/, 'Z')
/** UTC to the millisecond, no earlier than `tai`. */
export const utcUp = (tai: Tai): string => utcDown(tai + NS_PER_MS - 1n)

type Of<T extends StampNews['type']> = Extract<StampNews, { readonly type: T }>

/** One answer line of a file; undefined where only a note is due. */
export const stampLine = (news: StampNews, paint: Colours): string | undefined => {
  if (news.type === 'final') return finalLine(news, paint)
  if (news.type === 'receipt') return receiptLine(news, paint)
  if (news.type !== 'done') return undefined
  return `${paint.green('done')}     ${shown(news.path)}  its proof is there: ${shown(news.chime)} (--again makes a new one)`
}

const finalLine = ({ path, chime, bytes, verified: { interval } }: Of<'final'>, paint: Colours): string => {
  const from =
    interval.notBefore === undefined
      ? 'no beacon was mixed in, so nothing is said of "no earlier than"'
      : `submitted no earlier than ${utcDown(interval.notBefore)}`
  const what = `existed no later than ${utcUp(interval.notAfter)}, ${from}`
  return `${paint.green('final')}    ${shown(path)}  ${what}; ${shown(chime)} (${bytes.length} bytes)`
}

const receiptLine = ({ path, chime, pending, isResumed, isEmpty }: Of<'receipt'>, paint: Colours): string => {
  const word = isResumed ? 'goes on with its receipt' : 'receipt'
  const empty = isEmpty ? '; it is empty, and every empty file has this digest' : ''
  return `${paint.yellow('received')} ${shown(path)}  ${word}: ${shown(chime)}, promised by block ${pending.receipt.heightPromised}${empty}`
}

/** One note beside the answer; undefined where the answer says it. */
export const stampNote = (news: StampNews, paint: Colours): string | undefined => {
  if (news.type === 'failed') return `${paint.red('error')} ${shown(news.message)} [${news.code}]`
  if (news.type === 'skipped') return `${paint.yellow('passed over')} ${shown(news.path)}: ${news.why}`
  if (news.type === 'waiting')
    return `${paint.yellow('waiting')}  ${shown(news.path)}  no proof yet; block ${news.heightPromised} was promised. truechimer status says what the chain waits for. The receipt is kept: this may be stopped and gone on with later`
  if (news.type === 'kept') return `The older proof of ${shown(news.path)} is kept in ${shown(news.kept)}`
  return undefined
}

/** One JSON object of a file. */
export const stampJson = (news: StampNews): unknown => {
  const { path: file } = news
  if (news.type === 'final') return { file, state: 'final', ...finalJson(news) }
  if (news.type === 'receipt') return { file, state: 'received', ...receiptJson(news) }
  if (news.type === 'done')
    return { file, state: 'done', chime: news.chime, bytes: news.bytes.length, ...ofEntry(news.proof) }
  if (news.type === 'waiting') return { file, state: 'waiting', heightPromised: news.heightPromised }
  if (news.type === 'kept') return { file, state: 'kept', kept: news.kept }
  if (news.type === 'skipped') return { file, state: 'skipped', why: news.why }
  return { file, state: 'failed', error: { code: news.code, message: news.message } }
}

const finalJson = (news: Of<'final'>): object => {
  const { interval, height } = news.verified
  return {
    chime: news.chime,
    bytes: news.bytes.length,
    ...namesOf(news),
    height,
    notBefore: interval.notBefore?.toString() ?? null,
    notAfter: interval.notAfter.toString(),
    utc: {
      notBefore: interval.notBefore === undefined ? null : utcDown(interval.notBefore),
      notAfter: utcUp(interval.notAfter),
    },
  }
}

const receiptJson = (news: Of<'receipt'>): object => {
  const { receipt } = news.pending
  return {
    chime: news.chime,
    ...namesOf(news),
    isResumed: news.isResumed,
    isEmpty: news.isEmpty,
    node: nodeIdText(receipt.node),
    position: receipt.position,
    heightPromised: receipt.heightPromised,
  }
}

const ofEntry = ({ algorithm, imprint }: { readonly algorithm: string; readonly imprint: Uint8Array }): object => ({
  algorithm,
  imprint: hexOf(imprint),
})

const namesOf = ({ pending }: Of<'final' | 'receipt'>): object => ({
  id: idOf(pending.entry, pending.clientKey),
  ...ofEntry(pending.entry),
})

/** A name as it may stand on a terminal: names of files may hold anything. */
export const shown = (text: string): string => text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, '\uFFFD')

/** How far this machine's clock is outside what a node's clock said meanwhile; undefined where it is not far. */
export const clockNote = (host: TimeInterval, received: TimeInterval): string | undefined => {
  const ahead = host.earliest - received.latest
  const behind = received.earliest - host.latest
  const [off, word] = ahead > behind ? [ahead, 'ahead of'] : [behind, 'behind']
  if (off <= CLOCK_OFF_NS_MAX) return undefined
  return `This machine’s clock is at least ${durationText(off)} ${word} the node’s. The proof does not depend on it; what else you date by it may be wrong.`
}
