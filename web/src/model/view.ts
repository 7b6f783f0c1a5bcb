/**
 * Everything the page shows, as one value, and how each message changes it. Pure: the counter and the wall clock come in
 * with the message. Every list is bounded.
 */
import type {
  BlockSummary,
  ClockView,
  DevnetView,
  EventView,
  NodeDetailView,
  NodesView,
  NodeView,
  PeersView,
  SourceView,
  StatusView,
  TimeView,
  ValidatorsView,
} from '../../../src/services/schema.ts'
import { type Chain, chainOfBlocks, chainOfEvent, chainOfStatus } from './chain.ts'
import { type Anchor, anchorOf, readAt, taiMinusUtcMs } from './clock-reading.ts'
import { appendFrame, backfill, type Frame, frameOf, smoothLag } from './history.ts'

/** Entries kept in the list of events. */
export const TICKER_MAX = 40
/** The band where the node has not said yet, ns (the default of the genesis file). */
const BAND_NS = 50_000_000
const SLOT_NS = 1_000_000_000
const TAI_MINUS_UTC_MS = 37_000
/** What the way of a pushed event may take, ns: it cannot be measured, so this is generous. */
const PUSHED_NS = 100_000_000

export interface Entry {
  /** What it is about: the same happening told twice has the same key. */
  readonly key: string
  /** UTC as Unix ms. */
  readonly unixMs: number
  readonly tone: 'good' | 'bad' | 'plain'
  readonly name: string
  readonly says: string
}

export interface Link {
  readonly state: 'connecting' | 'open' | 'lost'
  /** Since when, Unix ms by the browser's own clock. */
  readonly sinceMs: number
  /** What went wrong, as the browser put it; empty while nothing did. */
  readonly why: string
}

export interface View {
  readonly link: Link
  readonly status: StatusView | undefined
  readonly time: TimeView | undefined
  /** How the clock is kept. */
  readonly clock: ClockView | undefined
  readonly sources: readonly SourceView[]
  readonly anchor: Anchor | undefined
  readonly nodes: readonly NodeView[]
  /** The network as the node sees it. */
  readonly peers: PeersView | undefined
  /** The chain; undefined before the first answer, and where the node takes part in none. */
  readonly chain: Chain | undefined
  readonly slot: number
  readonly slotNs: number
  readonly bandNs: number
  readonly frames: readonly Frame[]
  /** Browser's counter − slot time, seconds: where "now" is on the slot axis. */
  readonly lagSec: number | undefined
  readonly taiMinusUtcMs: number
  readonly devnet: DevnetView | undefined
  readonly ticker: readonly Entry[]
  readonly announcement: string
}

export type Message =
  | { readonly type: 'link'; readonly state: Link['state']; readonly wallMs: number; readonly why: string }
  | { readonly type: 'status'; readonly status: StatusView }
  | { readonly type: 'clock'; readonly clock: ClockView }
  | { readonly type: 'time'; readonly time: TimeView; readonly sentMs: number; readonly receivedMs: number }
  | { readonly type: 'nodes'; readonly nodes: NodesView; readonly counterMs: number }
  | { readonly type: 'peers'; readonly peers: PeersView }
  | { readonly type: 'blocks'; readonly blocks: readonly BlockSummary[] }
  | { readonly type: 'validators'; readonly validators: ValidatorsView }
  | { readonly type: 'record'; readonly detail: NodeDetailView }
  | { readonly type: 'devnet'; readonly devnet: DevnetView }
  | { readonly type: 'event'; readonly event: EventView; readonly counterMs: number }

export const emptyView = (wallMs: number): View => ({
  link: { state: 'connecting', sinceMs: wallMs, why: '' },
  status: undefined,
  time: undefined,
  clock: undefined,
  sources: [],
  anchor: undefined,
  nodes: [],
  peers: undefined,
  chain: undefined,
  slot: 0,
  slotNs: SLOT_NS,
  bandNs: BAND_NS,
  frames: [],
  lagSec: undefined,
  taiMinusUtcMs: TAI_MINUS_UTC_MS,
  devnet: undefined,
  ticker: [],
  announcement: '',
})

/** UTC of the start of a slot, Unix ms. */
export const slotUnixMs = (view: View, slot: number): number => (slot * view.slotNs) / 1e6 - view.taiMinusUtcMs

const withNodes = (view: View, slot: number, nodes: readonly NodeView[], counterMs: number): View => {
  const lengthSec = view.slotNs / 1e9
  const fresh = slot > (view.frames.at(-1)?.slot ?? -1)
  return {
    ...view,
    nodes: [...nodes].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)),
    slot,
    frames: appendFrame(view.frames, frameOf(slot, nodes), view.slotNs),
    lagSec: fresh ? smoothLag(view.lagSec, counterMs / 1000, slot * lengthSec, lengthSec) : view.lagSec,
  }
}

/** An answered question: the reading held somewhere between asking and answer. */
const onTime = (view: View, { time, sentMs, receivedMs }: Extract<Message, { type: 'time' }>): View => ({
  ...view,
  time,
  anchor: anchorOf(time, (sentMs + receivedMs) / 2, ((receivedMs - sentMs) * 1e6) / 2) ?? view.anchor,
  taiMinusUtcMs: taiMinusUtcMs(time) ?? view.taiMinusUtcMs,
})

/**
 * A pushed reading came an unknown way, so it brings the node's bound, and its instant only where there is none yet or
 * the one carried forward is plainly no longer the node's.
 */
const onClock = (view: View, time: TimeView, sources: readonly SourceView[], counterMs: number): View => {
  const pushed = anchorOf(time, counterMs, PUSHED_NS)
  const next = { ...view, time, sources, taiMinusUtcMs: taiMinusUtcMs(time) ?? view.taiMinusUtcMs }
  if (pushed === undefined) return next
  if (view.anchor === undefined) return { ...next, anchor: pushed }
  const carried = readAt(view.anchor, counterMs)
  const apartNs = Math.abs(carried.unixMs - readAt(pushed, counterMs).unixMs) * 1e6
  if (apartNs > carried.boundNs + time.uncertaintyNs + PUSHED_NS) return { ...next, anchor: pushed }
  return { ...next, anchor: { ...view.anchor, nodeNs: time.uncertaintyNs } }
}

/** Is the clock shown with a guess at the way here, because no question of ours has been answered since? */
export const isWayGuessed = (view: View): boolean => view.anchor?.pathNs === PUSHED_NS

/** Newest first; what is told twice (after a reconnection, or by a node's record) stands once, in its fuller form. */
const withEntries = (view: View, entries: readonly Entry[]): View => {
  const known = new Set(view.ticker.map(({ key }) => key))
  const fresh = entries.filter(({ key }) => !known.has(key))
  if (fresh.length === 0) return view
  const ticker = [...fresh, ...view.ticker].sort((a, b) => b.unixMs - a.unixMs).slice(0, TICKER_MAX)
  return { ...view, ticker }
}

const toneOf = (to: NodeView['status']): Entry['tone'] =>
  to === 'truechimer' ? 'good' : to === 'falseticker' ? 'bad' : 'plain'

type Turn = Omit<Extract<EventView, { type: 'verdict' }>, 'type' | 'reason'>

const verdictEntry = (view: View, { id, slot, name, from, to, explanation }: Turn): Entry => ({
  key: `${id} ${slot} ${to}`,
  unixMs: slotUnixMs(view, slot),
  tone: toneOf(to),
  name,
  says: `${from} → ${to}.${explanation === '' ? '' : ` ${explanation}`}`,
})

const onVerdict = (view: View, event: Extract<EventView, { type: 'verdict' }>): View => {
  const because = event.explanation === '' ? '' : ` ${event.explanation}`
  const announcement = `${event.name} is now ${event.to}.${because}`
  return { ...withEntries(view, [verdictEntry(view, event)]), announcement }
}

/** Of a change that was before this page was opened, only the reason's name is kept. */
const REASONS: Readonly<Record<string, string>> = {
  ahead: 'It ran ahead.',
  behind: 'It fell behind.',
  'in-range': 'It keeps good time.',
  'no-proof': 'It answered no witness.',
}

const onRecord = (view: View, { id, name, history }: NodeDetailView): View => {
  const record = [...history].sort((a, b) => a.slot - b.slot)
  const turns = record.flatMap(({ slot, status, reason }, index) => {
    const from = record[index - 1]?.status
    const explanation = REASONS[reason] ?? ''
    return from === undefined || from === status
      ? []
      : [verdictEntry(view, { id, slot, name, from, to: status, explanation })]
  })
  return { ...withEntries(view, turns), frames: backfill(view.frames, id, record, view.slotNs) }
}

const nameOf = (view: View, id: string): string =>
  [...view.nodes, ...(view.devnet?.nodes ?? [])].find((node) => node.id === id)?.name ?? `${id.slice(0, 8)}…`

const onFault = (view: View, faults: DevnetView['faults']): View => {
  const before = new Map(view.devnet?.faults.map(({ id, offsetMs }) => [id, offsetMs]))
  const after = new Map(faults.map(({ id, offsetMs }) => [id, offsetMs]))
  let next: View = view.devnet === undefined ? view : { ...view, devnet: { ...view.devnet, faults } }
  for (const id of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(id) ?? 0, after.get(id) ?? 0]
    if (was === is) continue
    const says =
      is === 0 ? 'its source is set right.' : `its source now lies by ${is > 0 ? '+' : '−'}${Math.abs(is)} ms.`
    const key = `${id} ${view.slot} lie ${is}`
    next = withEntries(next, [
      { key, unixMs: slotUnixMs(view, view.slot), tone: 'plain', name: nameOf(view, id), says },
    ])
  }
  return next
}

const onPeer = (view: View, id: string, connected: boolean): View => {
  const says = connected ? 'connected.' : 'disconnected.'
  const nodes = view.nodes.map((node) => (node.id === id ? { ...node, connected } : node))
  const key = `${id} ${view.slot} ${says}`
  const unixMs = slotUnixMs(view, view.slot)
  return withEntries({ ...view, nodes }, [{ key, unixMs, tone: 'plain', name: nameOf(view, id), says }])
}

const onEmergency = (view: View, event: Extract<EventView, { type: 'emergency' }>): View => {
  const says = event.emergency
    ? event.explanation
    : 'is over: the clocks of more than two thirds of the weight are in range.'
  const entry: Entry = {
    key: `emergency ${event.height}`,
    unixMs: slotUnixMs(view, view.slot),
    tone: event.emergency ? 'bad' : 'good',
    name: 'Time emergency',
    says: event.emergency ? `declared. ${says}` : says,
  }
  const next = withEntries({ ...view, chain: chainOfEvent(view.chain, event) }, [entry])
  return { ...next, announcement: `Time emergency ${entry.says}` }
}

const onEvent = (view: View, event: EventView, counterMs: number): View => {
  switch (event.type) {
    case 'clock':
      return onClock(view, event.time, event.sources, counterMs)
    case 'judgement':
      return withNodes(view, event.slot, event.nodes, counterMs)
    case 'verdict':
      return onVerdict(view, event)
    case 'fault':
      return onFault(view, event.faults)
    case 'peer':
      return onPeer(view, event.id, event.connected)
    case 'block':
    case 'round':
      return { ...view, chain: chainOfEvent(view.chain, event) }
    case 'emergency':
      return onEmergency(view, event)
    case 'proof':
    case 'attestation':
      return view
    default:
      return view
  }
}

/** A clock without a majority has no time to give, and an old reading must not stand for one. */
const onStatus = (view: View, status: StatusView): View => ({
  ...view,
  status,
  sources: status.sources,
  chain: chainOfStatus(view.chain, status.chain),
  slotNs: status.slotNs,
  bandNs: status.acceptedVarianceNs,
  ...(status.clock.status === 'unsynchronised' ? { time: undefined, anchor: undefined } : {}),
})

/** The next view. Messages that change nothing return the very same value. */
export const reduce = (view: View, message: Message): View => {
  switch (message.type) {
    case 'link':
      if (message.state === view.link.state) return view
      return { ...view, link: { state: message.state, sinceMs: message.wallMs, why: message.why } }
    case 'status':
      return onStatus(view, message.status)
    case 'clock':
      return { ...view, clock: message.clock }
    case 'time':
      return onTime(view, message)
    case 'nodes':
      return withNodes(
        { ...view, slotNs: message.nodes.slotNs, bandNs: message.nodes.acceptedVarianceNs },
        message.nodes.slot,
        message.nodes.nodes,
        message.counterMs,
      )
    case 'peers':
      return { ...view, peers: message.peers }
    case 'blocks':
      return { ...view, chain: chainOfBlocks(view.chain, message.blocks) }
    case 'validators':
      return view.chain === undefined ? view : { ...view, chain: { ...view.chain, validators: message.validators } }
    case 'record':
      return onRecord(view, message.detail)
    case 'devnet':
      return { ...view, devnet: message.devnet }
    case 'event':
      return onEvent(view, message.event, message.counterMs)
    default:
      return view
  }
}
