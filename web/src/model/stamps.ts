/**
 * What the page of stamps shows: a card for each file that is being stamped, one for each proof that is being checked, and what is trusted
 * meanwhile. Pure; the shell is stamps/stamp-desk.ts. Cards are bounded, the newest first.
 */
import type { Outcome } from './stamps-outcome.ts'

/** Cards of one kind at most: each holds a file open. */
export const CARDS_MAX = 25

/** A file on its way. `waiting`: for its turn to be hashed; `asking`: the node has not answered yet; `failed`: it goes no further by itself. */
export type StampStage = 'waiting' | 'hashing' | 'asking' | 'received' | 'proposed' | 'final' | 'failed'

/** What the node answered, in words and numbers that a person can read. */
export interface Taken {
  /** The stamp's name, 16 bytes in hex. */
  readonly id: string
  readonly position: number
  readonly heightPromised: number
  /** Height of the beacon that was mixed in; undefined where none was, or where its height is not known. */
  readonly beaconHeight: number | undefined
  /** The node's own clock when it took the stamp. */
  readonly received: { readonly utc: string; readonly widthNs: number }
}

export interface StampCard {
  readonly id: string
  readonly name: string
  readonly sizeBytes: number
  readonly stage: StampStage
  readonly hashedBytes: number
  /** SHA-256 in hex, once it is known. */
  readonly digest: string | undefined
  readonly taken: Taken | undefined
  /** Of the block that has it. */
  readonly height: number | undefined
  /** Is there a proof to be saved? */
  readonly hasProof: boolean
  /** What this page found when it checked the proof. */
  readonly outcome: Outcome | undefined
  /** What stands in the way, and what to do; empty where nothing does. */
  readonly trouble: string
  /** How long after the file was chosen each stage came, ms. */
  readonly reachedMs: Readonly<Partial<Record<StampStage, number>>>
}

export type CheckStage = 'needs-proof' | 'hashing' | 'checking' | 'done'

export interface CheckCard {
  readonly id: string
  readonly fileName: string | undefined
  readonly proofName: string | undefined
  readonly sizeBytes: number
  readonly hashedBytes: number
  readonly stage: CheckStage
  readonly outcome: Outcome | undefined
  /** Why a file could not be read; empty where it could. */
  readonly trouble: string
}

/** On what verifying rests. */
export interface TrustView {
  /** `node`: a genesis as this node gave it; `genesis`, `checkpoint`: a file of the visitor's. */
  readonly from: 'node' | 'genesis' | 'checkpoint'
  /** The file's name; of the node, the network's. */
  readonly name: string
  /** In hex. */
  readonly networkId: string
  /** Of a checkpoint. */
  readonly height: number | undefined
}

export interface StampsView {
  readonly stamps: readonly StampCard[]
  readonly checks: readonly CheckCard[]
  readonly trust: TrustView | undefined
  /** Why there is nothing to trust, or why a file of the visitor's was not taken. */
  readonly trustTrouble: string
  /** Why not all that was dropped has a card. */
  readonly dropTrouble: string
  /** The newest change, said to who cannot see it. */
  readonly announcement: string
}

export const emptyStamps: StampsView = {
  stamps: [],
  checks: [],
  trust: undefined,
  trustTrouble: '',
  dropTrouble: '',
  announcement: '',
}

export type StampsMessage =
  | { readonly type: 'stamp-added'; readonly card: Pick<StampCard, 'id' | 'name' | 'sizeBytes'> }
  | { readonly type: 'stamp'; readonly id: string; readonly change: Partial<StampCard>; readonly atMs?: number }
  | { readonly type: 'stamp-again'; readonly id: string }
  | { readonly type: 'check-added'; readonly id: string }
  | { readonly type: 'check'; readonly id: string; readonly change: Partial<CheckCard> }
  | { readonly type: 'removed'; readonly id: string }
  | { readonly type: 'trust'; readonly trust: TrustView | undefined; readonly trouble: string }
  | { readonly type: 'drop-trouble'; readonly trouble: string }

const newStamp = ({ id, name, sizeBytes }: Pick<StampCard, 'id' | 'name' | 'sizeBytes'>): StampCard => ({
  id,
  name,
  sizeBytes,
  stage: 'waiting',
  hashedBytes: 0,
  digest: undefined,
  taken: undefined,
  height: undefined,
  hasProof: false,
  outcome: undefined,
  trouble: '',
  reachedMs: {},
})

const newCheck = (id: string): CheckCard => ({
  id,
  fileName: undefined,
  proofName: undefined,
  sizeBytes: 0,
  hashedBytes: 0,
  stage: 'needs-proof',
  outcome: undefined,
  trouble: '',
})

const withCard = <T extends { readonly id: string }>(
  cards: readonly T[],
  id: string,
  to: (card: T) => T,
): readonly T[] => cards.map((card) => (card.id === id ? to(card) : card))

const stampSays = ({ name, stage, height, trouble }: StampCard): string => {
  if (trouble !== '') return `${name}: ${trouble}`
  if (stage === 'received') return `${name}: the node has signed a receipt.`
  if (stage === 'final') return `${name}: final${height === undefined ? '' : ` in block ${height}`}.`
  return ''
}

const checkSays = ({ fileName, proofName, outcome, trouble }: CheckCard): string => {
  const name = fileName ?? proofName ?? 'The proof'
  if (trouble !== '') return `${name}: ${trouble}`
  return outcome === undefined ? '' : `${name}: ${outcome.says}`
}

/** Says a card's news where there are any. */
const announced = <T>(was: T | undefined, now: T | undefined, says: (card: T) => string, before: string): string => {
  if (now === undefined) return before
  const said = says(now)
  return said === '' || (was !== undefined && says(was) === said) ? before : said
}

const reduceStamp = (
  view: StampsView,
  id: string,
  change: Partial<StampCard>,
  atMs: number | undefined,
): StampsView => {
  const to = (card: StampCard): StampCard => {
    const isNewStage = change.stage !== undefined && change.stage !== card.stage && atMs !== undefined
    return { ...card, ...change, ...(isNewStage ? { reachedMs: { ...card.reachedMs, [change.stage]: atMs } } : {}) }
  }
  const stamps = withCard(view.stamps, id, to)
  const of = (cards: readonly StampCard[]): StampCard | undefined => cards.find((card) => card.id === id)
  return { ...view, stamps, announcement: announced(of(view.stamps), of(stamps), stampSays, view.announcement) }
}

const reduceCheck = (view: StampsView, id: string, change: Partial<CheckCard>): StampsView => {
  const checks = withCard(view.checks, id, (card) => ({ ...card, ...change }))
  const of = (cards: readonly CheckCard[]): CheckCard | undefined => cards.find((card) => card.id === id)
  return { ...view, checks, announcement: announced(of(view.checks), of(checks), checkSays, view.announcement) }
}

export const reduceStamps = (view: StampsView, message: StampsMessage): StampsView => {
  switch (message.type) {
    case 'stamp-added':
      return { ...view, stamps: [newStamp(message.card), ...view.stamps].slice(0, CARDS_MAX) }
    case 'stamp':
      return reduceStamp(view, message.id, message.change, message.atMs)
    case 'stamp-again':
      return { ...view, stamps: withCard(view.stamps, message.id, newStamp) }
    case 'check-added':
      return { ...view, checks: [newCheck(message.id), ...view.checks].slice(0, CARDS_MAX) }
    case 'check':
      return reduceCheck(view, message.id, message.change)
    case 'removed':
      return {
        ...view,
        stamps: view.stamps.filter(({ id }) => id !== message.id),
        checks: view.checks.filter(({ id }) => id !== message.id),
      }
    case 'trust':
      return { ...view, trust: message.trust, trustTrouble: message.trouble }
    case 'drop-trouble':
      return { ...view, dropTrouble: message.trouble, announcement: message.trouble || view.announcement }
    default:
      return view
  }
}

/** Would leaving the page now lose something that nobody has saved? */
export const isUnderWay = ({ stamps }: StampsView): boolean =>
  stamps.some(({ stage }) => stage === 'asking' || stage === 'received' || stage === 'proposed')
