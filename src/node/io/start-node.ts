/**
 * Starts a node from its data directory: opens key, signer, network and sources, joins them to a Chimer, and closes them in
 * the reverse order.
 */
import { seededRandom } from '../../base/index.ts'
import type { Random, Time } from '../../base/index.ts'
import { createOscillator } from '../../clock/index.ts'
import type { RoughtimeLink, Source } from '../../clock/index.ts'
import { keyPathOf, openFileSigner } from '../../crypto/io/file-signer.ts'
import { readSeed } from '../../crypto/io/key-file.ts'
import { openLibp2pNetwork } from '../../network/io/libp2p.ts'
import { Chimer } from '../chimer.ts'
import { makeDiscipline } from '../clock-discipline.ts'
import type { Config } from '../config.ts'
import { keysDirectoryOf, readGenesisFile } from './data-directory.ts'
import { makeSources } from './make-sources.ts'
import { keepMalfeasance } from './roughtime-malfeasance.ts'
import { timeOverOscillator } from './simulated-time.ts'

export interface StartNodeOptions {
  readonly time: Time
  readonly random: Random
  readonly directory: string
  readonly config: Config
  /** For an encrypted key. */
  readonly passphrase: string | undefined
  /** Wraps every source: a devnet bends them so. */
  readonly wrapSource?: (source: Source) => Source
}

export interface RunningNode extends AsyncDisposable {
  readonly chimer: Chimer
  /** The time that the node runs on: the machine's, or a simulated oscillator's. */
  readonly time: Time
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
  const network = stack.use(
    await openLibp2pNetwork({
      time,
      privateKey: await readSeed(keyPathOf(keys), passphrase),
      listen: config.listen,
      bootstrap: config.bootstrap,
    }),
  )
  const { acceptedVarianceNs } = genesis.judgement
  const discipline = makeDiscipline({ acceptedVarianceNs, sources: config.sources })
  const knowledgeOf = discipline.knowledgeWithout.bind(discipline)
  const onContradiction = (links: readonly RoughtimeLink[]): void =>
    void keepMalfeasance(directory, links).then((trouble) => chimer.events.emit(trouble))
  const made = makeSources({ time, random, sources: config.sources, knowledgeOf, onContradiction })
  const sources = made.map((source) => options.wrapSource?.(source) ?? source)
  const chimer = stack.use(new Chimer({ time, random, genesis, signer, network, discipline, sources }))
  await chimer.start()
  const opened = stack.move()
  return { chimer, time, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

const nodeTime = (time: Time, { oscillator }: Config): Time => {
  if (oscillator === null) return time
  const { offsetNs, driftPpb, walkPpb, seed } = oscillator
  const parameters = { offsetNs: BigInt(offsetNs), driftPpb, randomWalkPpb: walkPpb }
  return timeOverOscillator(time, createOscillator(parameters, seededRandom(BigInt(seed))))
}
