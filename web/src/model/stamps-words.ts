/** The page of stamps in sentences: its headline, the four stages of a stamp, and what to do where one does not come. Pure. */
import { heightText } from './chain.ts'
import { countText, durationText } from './format.ts'
import type { StampCard, StampStage } from './stamps.ts'
import type { View } from './view.ts'
import type { Headline } from './words.ts'

export const stampHeadline = ({ chain, status }: View): Headline => {
  const says = 'Stamp a file, or check a proof.'
  if (status !== undefined && chain === undefined)
    return {
      tone: 'quiet',
      says,
      means: 'This node takes part in no chain, so it stamps nothing. Proofs can be checked here all the same.',
    }
  return {
    tone: 'calm',
    says,
    means: 'Files stay on this machine: only their hash is sent to the node, to be put into a block.',
  }
}

/** One of the stages that everybody sees. */
export interface Step {
  readonly name: 'hashed' | 'received' | 'proposed' | 'final'
  readonly title: string
  readonly state: 'done' | 'now' | 'open'
  /** What is known of it; empty where nothing is. */
  readonly facts: string
}

const ORDER: readonly StampStage[] = ['waiting', 'hashing', 'asking', 'received', 'proposed', 'final']
const STEPS = [
  ['hashed', 'Hashed', 'asking'],
  ['received', 'Receipt', 'received'],
  ['proposed', 'Proposed', 'proposed'],
  ['final', 'Final', 'final'],
] as const satisfies readonly (readonly [Step['name'], string, StampStage])[]

/** `1.4 s`: since the file was chosen. */
const afterText = (ms: number | undefined): string => (ms === undefined ? '' : `after ${durationText(ms * 1e6)}`)

/** The time of day of a UTC text with its date: `12:03:04.123`. */
export const clockOfUtc = (utc: string): string => /T(\d\d:\d\d:\d\d(?:\.\d{1,3})?)/.exec(utc)?.[1] ?? utc

const factsOf = (card: StampCard, name: Step['name']): string => {
  const { taken, height, digest, reachedMs } = card
  if (name === 'hashed') return digest === undefined ? '' : `SHA-256 ${digest.slice(0, 8)}…`
  if (name === 'received')
    return taken === undefined ? '' : `${clockOfUtc(taken.received.utc)} ± ${durationText(taken.received.widthNs / 2)}`
  if (name === 'proposed') return taken === undefined ? '' : `promised by block ${heightText(taken.heightPromised)}`
  return height === undefined ? '' : `block ${heightText(height)}, ${afterText(reachedMs.final)}`
}

/** How far a card has come; a failed one stands where it failed. */
export const stepsOf = (card: StampCard): readonly Step[] => {
  const reached = card.stage === 'failed' ? failedAt(card) : ORDER.indexOf(card.stage)
  let isNowTaken = card.stage === 'failed'
  return STEPS.map(([name, title, stage]) => {
    const isDone = reached >= ORDER.indexOf(stage)
    const isNow = !isDone && !isNowTaken
    isNowTaken ||= isNow
    return { name, title, state: isDone ? 'done' : isNow ? 'now' : 'open', facts: factsOf(card, name) }
  })
}

const failedAt = ({ taken, digest }: StampCard): number =>
  ORDER.indexOf(taken !== undefined ? 'received' : digest === undefined ? 'hashing' : 'asking')

/** What a person is told of a request that failed. `isFinal`: asking again does not help. */
export interface Trouble {
  readonly says: string
  readonly isFinal: boolean
}

const AGAIN = 'This page keeps asking.'

/** @param hasReceipt whether the node has signed one already. */
export const troubleOf = (
  error: { readonly code: string; readonly status: number; readonly message: string },
  hasReceipt: boolean,
): Trouble => {
  const { code, status, message } = error
  if (status === 0)
    return {
      says: hasReceipt
        ? `The node does not answer. The receipt is safe here: ${AGAIN.toLowerCase()} Save the receipt if you must leave.`
        : `The node does not answer. The hash is kept: ${AGAIN.toLowerCase()}`,
      isFinal: false,
    }
  if (code === 'TC_API_ANSWER') return { says: message, isFinal: true }
  if (status === 429 || status === 408 || status >= 500)
    return { says: `${sentence(message)} ${AGAIN}`, isFinal: false }
  return { says: sentence(message), isFinal: true }
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)

/** The promise of a receipt against the chain's newest height; empty while it may still be kept. */
export const overdueText = ({ taken, stage }: StampCard, heightNewest: number | undefined): string => {
  if (taken === undefined || stage === 'final' || heightNewest === undefined) return ''
  if (heightNewest <= taken.heightPromised) return ''
  return `Block ${heightText(taken.heightPromised)} was promised and has passed. Save the receipt: it is evidence of a broken promise.`
}

/** Where some of what was dropped has no card. */
export const tooManyText = (left: number, cardsMax: number): string =>
  `${countText(left, 'file')} left out: this page holds ${cardsMax} at once. Remove what is done, or use truechimer stamp for whole folders.`

/** Why a file's bytes could not be had. */
export const unreadableText = (name: string): string =>
  `This could not be read (${name}). Was it a folder, or has it changed since it was chosen? Choose it again.`

/** `21 November 2026` of a UTC text with its date. */
export const dayOfUtc = (utc: string): string => {
  const [year = '', month = '', day = ''] = utc.slice(0, 10).split('-')
  const name = MONTHS[Number(month) - 1]
  return name === undefined ? utc : `${Number(day)} ${name} ${year}`
}

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
