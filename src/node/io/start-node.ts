/**
 * Starts a node from its data directory: opens key, signer, network and sources, joins them to a Chimer, and closes them in
 * the reverse order.
 */
import { seededRandom } from '../../base/index.ts'
import type { Random, Tai, Time } from '../../base/index.ts'
import type { Genesis } from '../../consensus/index.ts'
import { createOscillator } from '../../clock/index.ts'
import type { RoughtimeLink, Source } from '../../clock/index.ts'
import type { Signer } from '../../crypto/index.ts'
import { keyPathOf, openFileSigner } from '../../crypto/io/file-signer.ts'
import { readSeed } from '../../crypto/io/key-file.ts'
import type { PlacesOptions } from '../../network/index.ts'
import type { StampDesk } from '../../stamps/index.ts'
import { Chimer } from '../chimer.ts'
import type { ChimerOptions } from '../chimer.ts'
import { makeDiscipline } from '../clock-discipline.ts'
import type { Config } from '../config.ts'
import type { Cosigning } from '../cosigning.ts'
import type { ChainOptions } from '../deciding.ts'
import type { NodeEvent } from '../events.ts'
import type { OfflineDesk } from '../offline-desk.ts'
import { keysDirectoryOf, readGenesisFile } from './data-directory.ts'
import { openChain } from './open-chain.ts'
import { openCosigning } from './open-cosigning.ts'
import { makeSources } from './make-sources.ts'
import { openNetworking } from './open-networking.ts'
import type { OpenedNetworking } from './open-networking.ts'
import { openStamping } from './open-stamping.ts'
import { keepMalfeasance } from './roughtime-malfeasance.ts'
import { timeOverOscillator } from './simulated-time.ts'

export interface StartNodeOptions {
  readonly time: Time
  readonly random: Random
  readonly directory: string
  readonly config: Config
  /** For an encrypted key. */
  readonly passphrase: string | undefined
  /** The program and its version, for other people to read: `truechimer/0.1.0`. */
  readonly agent: string
  /** Told what does not stop the node and somebody should know. */
  readonly tell: (trouble: { readonly code: string; readonly message: string }) => void
  /** Wraps every source: a devnet bends them so. */
  readonly wrapSource?: (source: Source) => Source
}

export interface RunningNode extends AsyncDisposable {
  readonly chimer: Chimer
  /** The node's signer, open as long as the node is. */
  readonly signer: Pick<Signer, 'nodeId' | 'sign'>
  /** The time that the node runs on: the machine's, or a simulated oscillator's. */
  readonly time: Time
  readonly places: PlacesOptions
  /** Its decided blocks, for whoever asks of the past. */
  readonly store: ChainOptions['store']
  /** Where stamps are asked for; undefined where the configuration says not to (`serve.stamps`). */
  readonly stamping: StampDesk | undefined
  /** Where stamps that were made offline are handed in; there where the node stamps. */
  readonly offline: OfflineDesk | undefined
  /** Its log of stamps as others' tools read it, and its word on others' logs. */
  readonly cosigning: Cosigning
}

/** Rejects with a documented code where a file, the key, an address or a port stands in the way. */
export const startNode = async (options: StartNodeOptions): Promise<RunningNode> => {
  const { random, directory, config, passphrase } = options
  const genesis = await readGenesisFile(directory)
  const time = nodeTime(options.time, config)
  await using stack = new AsyncDisposableStack()
  const keys = keysDirectoryOf(directory)
  const secret = passphrase === undefined ? {} : { passphrase }
  const signer = stack.use(await openFileSigner({ directory: keys, ...secret }))
  const { networking, places }: OpenedNetworking = stack.use(
    await openNetworking({
      ...options,
      time,
      genesis,
      signer,
      seed: await readSeed(keyPathOf(keys), passphrase),
      now: (): Tai | undefined => chimer.now(),
      membership: { members: () => chimer.membership.members(), has: (id) => chimer.membership.has(id) },
      onRefused: ({ peer, reason, by, text }) => chimer.events.emit({ type: 'turned-away', peer, reason, by, text }),
    }),
  )
  const { chain } = stack.use(await openChain(directory, config))
  const clock = clockOf(options, { time, genesis, emit: (event) => chimer.events.emit(event) })
  const chimer: Chimer = stack.use(new Chimer({ time, random, genesis, signer, networking, chain, ...clock }))
  const stamps = config.serve.stamps
    ? stack.use(await openStamping({ time, directory, config, signer, archive: chain.store, chimer }))
    : undefined
  const { stamping, offline } = stamps ?? { stamping: undefined, offline: undefined }
  const { cosigning } = stack.use(openCosigning({ time, directory, signer, chimer, stamping }))
  await chimer.start()
  const opened = stack.move()
  return {
    chimer,
    signer,
    time,
    places,
    store: chain.store,
    stamping,
    offline,
    cosigning,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** What disciplines the node's clock, and by which sources. */
const clockOf = (
  { random, directory, config, wrapSource }: StartNodeOptions,
  node: { readonly time: Time; readonly genesis: Genesis; readonly emit: (event: NodeEvent) => void },
): Pick<ChimerOptions, 'discipline' | 'sources'> => {
  const { acceptedVarianceNs } = node.genesis.judgement
  const discipline = makeDiscipline({ acceptedVarianceNs, sources: config.sources })
  const knowledgeOf = discipline.knowledgeWithout.bind(discipline)
  const onContradiction = (links: readonly RoughtimeLink[]): void =>
    void keepMalfeasance(directory, links).then((trouble) => node.emit(trouble))
  const made = makeSources({ time: node.time, random, sources: config.sources, knowledgeOf, onContradiction })
  return { discipline, sources: made.map((source) => wrapSource?.(source) ?? source) }
}

const nodeTime = (time: Time, { oscillator }: Config): Time => {
  if (oscillator === null) return time
  const { offsetNs, driftPpb, walkPpb, seed } = oscillator
  const parameters = { offsetNs: BigInt(offsetNs), driftPpb, randomWalkPpb: walkPpb }
  return timeOverOscillator(time, createOscillator(parameters, seededRandom(BigInt(seed))))
}
