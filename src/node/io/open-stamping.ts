/** What lets a node stamp: its file of stamps in the data directory, joined to a running node's clock and chain. */
import { join } from 'node:path'
import { NS_PER_MS, max } from '../../base/index.ts'
import type { Time, TimeInterval } from '../../base/index.ts'
import { chainGenesisOf } from '../../consensus/index.ts'
import { SOURCE_KINDS } from '../../clock/index.ts'
import type { SourceReport } from '../../clock/index.ts'
import type { Signer } from '../../crypto/index.ts'
import { stampCheckOf, stampTrustOfGenesis } from '../../stamps/index.ts'
import { openThreadedStamps } from '../../stamps/io/sqlite-stamps.ts'
import type { Chimer } from '../chimer.ts'
import type { Config } from '../config.ts'
import type { ChainOptions } from '../deciding.ts'
import { OfflineDesk } from '../offline-desk.ts'
import { Stamping } from '../stamping.ts'
import type { StampChain } from '../stamping.ts'
import { openOfflineShelf } from './offline-shelf.ts'

export const stampsPathOf = (directory: string): string => join(directory, 'stamps.sqlite')

export interface OpenStampingOptions {
  readonly time: Time
  readonly directory: string
  readonly config: Pick<Config, 'consensus'>
  readonly signer: Pick<Signer, 'nodeId' | 'sign'>
  readonly archive: ChainOptions['store']
  readonly chimer: Chimer
}

export interface OpenedStamping extends AsyncDisposable {
  readonly stamping: Stamping
  /** Where stamps that were made offline are handed in. */
  readonly offline: OfflineDesk
}

/** Throws `TC_STAMP_STORE`, which says what to do. To be opened before the node begins, so that it hears of every block. */
export const openStamping = async (options: OpenStampingOptions): Promise<OpenedStamping> => {
  const { time, directory, config, signer, archive, chimer } = options
  const { networkId, slotNs } = chimer.genesis
  const store = openThreadedStamps(stampsPathOf(directory), { networkId, node: signer.nodeId })
  try {
    const stamping = new Stamping({
      time,
      turn: setImmediate,
      signer,
      store,
      chain: chainOf(chimer, archive),
      paceNs: max(slotNs, BigInt(config.consensus.paceMs ?? 0) * NS_PER_MS),
      read: () => readUsable(chimer),
      sources: () => sourcesOf(chimer.timekeeper.reports()),
      onTrouble: ({ code, message }) => chimer.events.emit({ type: 'trouble', code, message }),
    })
    stamping.start()
    return { stamping, offline: offlineDeskOf(options, stamping), [Symbol.asyncDispose]: () => closed(stamping, store) }
  } catch (cause) {
    await store[Symbol.asyncDispose]()
    throw cause
  }
}

const offlineDeskOf = ({ directory, chimer }: OpenStampingOptions, stamps: Stamping): OfflineDesk =>
  new OfflineDesk({
    turn: setImmediate,
    networkId: chimer.genesis.networkId,
    checkStamp: stampCheckOf(stampTrustOfGenesis(chainGenesisOf(chimer.genesis))),
    shelf: openOfflineShelf(directory),
    stamps,
    read: () => readUsable(chimer),
  })

const closed = async (stamping: Stamping, store: AsyncDisposable): Promise<void> => {
  await stamping[Symbol.asyncDispose]()
  await store[Symbol.asyncDispose]()
}

const chainOf = ({ deciding, events }: Chimer, archive: StampChain['archive']): StampChain => ({
  get state() {
    return deciding.state
  },
  get isHalted() {
    return deciding.halted !== undefined
  },
  block: (height) => deciding.block(height),
  submit: (bytes) => deciding.submit(bytes),
  onBlock: (listener) =>
    events.listen((event) => {
      if (event.type === 'block') listener(event.decided)
    }),
  archive,
})

/** The clock, where it may be acted on. */
const readUsable = (chimer: Chimer): TimeInterval | undefined => {
  const reading = chimer.timekeeper.read()
  return reading?.status === 'unsynchronised' ? undefined : reading
}

/** The kinds that stand behind the clock, a bit each. */
export const sourcesOf = (reports: readonly SourceReport[]): number =>
  reports.reduce((bits, { kind, state }) => (state === 'selected' ? bits | (1 << SOURCE_KINDS.indexOf(kind)) : bits), 0)
