/**
 * Keeps the view fed from the node that served this page: a snapshot, then events for as long as they come, then again.
 * When the node goes away the last view stays and the link says since when; coming back needs no hand.
 */
import { type ApiError, type Client, openClient, type StreamState } from '../../../src/services/client.ts'
import type { EventView } from '../../../src/services/schema.ts'
import { isTorn } from '../model/chain.ts'
import { isWayGuessed } from '../model/view.ts'
import { pageNow } from '../page.ts'
import type { Store } from './store.ts'

/** What the page draws from; proofs and attestations are too many for a picture. */
const EVENT_TYPES = ['clock', 'judgement', 'verdict', 'peer', 'fault', 'block', 'round', 'emergency'] as const

/** A stream without a byte for this long is taken for dead, ms; the node beats every 15 s. */
const IDLE_MS = 20_000
/** A link that lasted this long was a good one: the next attempt follows at once, ms. */
const LASTED_MS = 10_000
/** How often status and clock are asked for besides the events, ms. */
const REFRESH_MS = 10_000
/** Waits between attempts, ms: short at first, because a restarted node is back within seconds. */
const RETRY_MS = [500, 1000, 2000, 4000] as const
/** How often peers are asked for while somebody looks at them, ms. */
const PEERS_MS = 3000
/** How often validators are asked for while somebody looks at them, ms. */
const VALIDATORS_MS = 5000
/** Blocks to fill the strip with, and how often they are asked for at most: an answer may hold fewer. */
const BLOCKS_WANTED = 64
const BLOCKS_ASKS = 4
const SETTLE_ASKS = 5
const SETTLE_MS = 400
/** Records fetched to fill the strip at the start. */
const RECORDS_MAX = 16

const whyOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

const wait = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })

/** What may be missing (no devnet, no time yet) is undefined; the caller learns of a dead node from what may not. */
const optional = async <T>(asked: Promise<T>): Promise<T | undefined> => {
  const [outcome] = await Promise.allSettled([asked])
  return outcome.status === 'fulfilled' ? outcome.value : undefined
}

/** When a question went out and its answer was in, by the browser's network clock: the page's own work is not in it. */
const wayOf = (
  path: string,
  sentMs: number,
  receivedMs: number,
): { readonly sentMs: number; readonly receivedMs: number } => {
  const entries = performance.getEntriesByType('resource').filter((entry) => entry instanceof PerformanceResourceTiming)
  const entry = entries.findLast(({ name, startTime }) => name.endsWith(path) && startTime >= sentMs - 1)
  performance.clearResourceTimings()
  if (entry === undefined || entry.requestStart === 0 || entry.responseEnd === 0) return { sentMs, receivedMs }
  return { sentMs: entry.requestStart, receivedMs: entry.responseEnd }
}

const askTime = async (client: Client, store: Store): Promise<void> => {
  const { time: known, status } = store.get()
  if ((known ?? status?.clock)?.status === 'unsynchronised') return
  const sentMs = performance.now()
  const time = await optional(client.time())
  if (time !== undefined) store.send({ type: 'time', time, ...wayOf('/v1/time', sentMs, performance.now()) })
}

/** How the clock is kept; a node that cannot say so is shown without. */
const askClock = async (client: Client, store: Store): Promise<void> => {
  const clock = await optional(client.clock())
  if (clock !== undefined) store.send({ type: 'clock', clock })
}

/** The network; a node that cannot say so is shown without. */
const askPeers = async (client: Client, store: Store): Promise<void> => {
  const peers = await optional(client.peers())
  if (peers !== undefined) store.send({ type: 'peers', peers })
}

/** While the page of the network is shown, and at once when it is opened. */
const watchPeers = async (client: Client, store: Store, signal: AbortSignal): Promise<void> => {
  const ask = (): void => void (pageNow() === 'network' && askPeers(client, store))
  addEventListener('hashchange', ask, { signal })
  while (!signal.aborted) {
    await wait(PEERS_MS, signal)
    if (!signal.aborted && pageNow() === 'network') await askPeers(client, store)
  }
}

/** The newest blocks; those that the node must read first come with the next answer. */
const askBlocks = async (client: Client, store: Store): Promise<void> => {
  if (store.get().chain === undefined) return
  let from: number | undefined
  for (let wanted = BLOCKS_WANTED, asks = 0; wanted > 0 && asks < BLOCKS_ASKS; asks += 1) {
    const { blocks = [] } =
      (await optional(client.blocks({ limit: wanted, ...(from === undefined ? {} : { from }) }))) ?? {}
    store.send({ type: 'blocks', blocks })
    const oldest = blocks.at(-1)?.height ?? 1
    if (oldest <= 1) return
    from = oldest - 1
    wanted -= blocks.length
  }
}

let isMending = false
/** What was decided between the first answer and the first event is asked for again, one question at a time. */
const mendBlocks = async (client: Client, store: Store): Promise<void> => {
  const { chain } = store.get()
  if (chain === undefined || isMending || !isTorn(chain)) return
  isMending = true
  await askBlocks(client, store)
  isMending = false
}

/** Who votes and why; where the node takes part in no chain, nobody. */
const askValidators = async (client: Client, store: Store): Promise<void> => {
  if (store.get().chain === undefined) return
  const validators = await optional(client.validators())
  if (validators !== undefined) store.send({ type: 'validators', validators })
}

/** While the page of the blocks is shown, and at once, with where the round stands, when it is opened. */
const watchChain = async (client: Client, store: Store, signal: AbortSignal): Promise<void> => {
  const ask = (): void => {
    if (pageNow() !== 'blocks') return
    void askValidators(client, store)
    void optional(client.status()).then((status) => status !== undefined && store.send({ type: 'status', status }))
  }
  addEventListener('hashchange', ask, { signal })
  while (!signal.aborted) {
    await wait(VALIDATORS_MS, signal)
    if (!signal.aborted && pageNow() === 'blocks') await askValidators(client, store)
  }
}

/** A few short questions, because the first round trips of a page are slow and the shortest one bounds the clock. */
const settle = async (client: Client, store: Store, signal: AbortSignal): Promise<void> => {
  for (let asked = 0; asked < SETTLE_ASKS && !signal.aborted; asked += 1) {
    await wait(SETTLE_MS, signal)
    await askTime(client, store)
  }
}

const snapshot = async (client: Client, store: Store): Promise<void> => {
  store.send({ type: 'status', status: await client.status() })
  const nodes = await client.nodes()
  store.send({ type: 'nodes', nodes, counterMs: performance.now() })
  await askTime(client, store)
  await askClock(client, store)
  await askPeers(client, store)
  await askBlocks(client, store)
  await askValidators(client, store)
  const devnet = store.get().status?.devnet === true ? await optional(client.devnet()) : undefined
  if (devnet !== undefined) store.send({ type: 'devnet', devnet })
  for (const { id } of nodes.nodes.slice(0, RECORDS_MAX)) {
    const detail = await optional(client.node(id))
    if (detail !== undefined) store.send({ type: 'record', detail })
  }
}

const refresh = async (client: Client, store: Store, round: AbortController): Promise<void> => {
  await settle(client, store, round.signal)
  while (!round.signal.aborted) {
    await wait(REFRESH_MS, round.signal)
    if (round.signal.aborted) return
    store.send({ type: 'status', status: await client.status() })
    await askTime(client, store)
    await askClock(client, store)
  }
}

/** A pushed clock came an unknown way: one short question says how sure we may be of it. */
const hearEvent = (client: Client, store: Store, event: EventView): void => {
  // Rounds move ten times a second: only for who looks.
  if (event.type === 'round' && pageNow() !== 'blocks') return
  store.send({ type: 'event', event, counterMs: performance.now() })
  if (event.type === 'peer') void askPeers(client, store)
  if (event.type === 'block') void mendBlocks(client, store)
  if (event.type === 'clock' && isWayGuessed(store.get())) void askTime(client, store)
}

/** One life of the link; resolves with what ended it. */
const live = async (client: Client, store: Store, signal: AbortSignal): Promise<string> => {
  const round = new AbortController()
  const end = (cause: unknown): void => round.abort(whyOf(cause))
  const stop = (): void => end('')
  signal.addEventListener('abort', stop, { once: true })
  try {
    await snapshot(client, store)
    store.send({ type: 'link', state: 'open', wallMs: Date.now(), why: '' })
    refresh(client, store, round).catch(end)
    void watchPeers(client, store, round.signal)
    void watchChain(client, store, round.signal)
    const onState = (state: StreamState, error?: ApiError): void => {
      if (state === 'waiting') end(error ?? 'The stream of events ended.')
    }
    for await (const event of client.events({ types: EVENT_TYPES, signal: round.signal, onState }))
      hearEvent(client, store, event)
    return whyOf(round.signal.reason)
  } catch (error) {
    return whyOf(error)
  } finally {
    signal.removeEventListener('abort', stop)
    round.abort()
  }
}

/** Runs until `signal` aborts. Never rejects. */
export const connect = async (client: Client, store: Store, signal: AbortSignal): Promise<void> => {
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    const begunMs = performance.now()
    const why = await live(client, store, signal)
    if (signal.aborted) return
    store.send({ type: 'link', state: 'lost', wallMs: Date.now(), why })
    if (performance.now() - begunMs > LASTED_MS) attempt = 0
    await wait(RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] ?? 4000, signal)
  }
}

export const openNode = (): Client => openClient({ baseUrl: location.origin, idleMsMax: IDLE_MS, timeoutMs: 5000 })
