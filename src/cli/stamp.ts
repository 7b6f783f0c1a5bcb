/**
 * `truechimer stamp`: has files stamped by a node, which sees their digests and nothing else of them. What a run is made of is in
 * stamp-run.ts; here is what it says, and whom it trusts for checking what the node answers.
 *
 * The genesis of a network that is met for the first time is kept as the node gives it (known-networks.ts), and that is said aloud.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ChimerError, hexOf } from '../base/index.ts'
import type { Genesis } from '../consensus/index.ts'
import { realRandom } from '../node/io/real-ports.ts'
import { openClient } from '../services/client.ts'
import type { Client } from '../services/client.ts'
import { verifyStampInParallel } from '../stamps/io/parallel-verifier.ts'
import type { ImprintAlgorithm, StampProof, VerifiedStamp } from '../stamps/index.ts'
import { openEnding } from './ending.ts'
import { STANDARD_INPUT, walkFiles } from './file-walk.ts'
import { genesisFrom, keepNetwork, knownNetwork, networksDirectory } from './known-networks.ts'
import { EXIT, colours, note, noteColours, say, sayJson } from './output.ts'
import type { ExitCode } from './output.ts'
import { clockNote, stampJson, stampLine, stampNote } from './stamp-lines.ts'
import { stampNodeOf } from './stamp-node-client.ts'
import type { StampNode } from './stamp-node.ts'
import { writeOts } from './stamp-ots.ts'
import { openHashProgress } from './stamp-progress.ts'
import { StampRun } from './stamp-run.ts'
import type { StampNews, StampRunOptions } from './stamp-run.ts'
import { hostNow, trustOf } from './stamp-trust-files.ts'

export interface StampOptions {
  readonly files: readonly string[]
  /** A URL without a slash at the end. */
  readonly node: string
  readonly wait: 'final' | 'receipt'
  readonly beacon: boolean
  readonly algorithm: ImprintAlgorithm
  readonly private?: boolean
  readonly key?: string
  readonly again?: boolean
  readonly ots?: boolean
  /** URLs; the asked node where none is given. */
  readonly otsCalendar?: readonly string[]
  readonly out?: string
  readonly networks?: string
  readonly json?: boolean
}

export const stamp = async (options: StampOptions): Promise<ExitCode> => {
  mindUsage(options)
  using ending = openEnding()
  using progress = openHashProgress()
  const client = openClient({ baseUrl: options.node, signal: ending.signal })
  const genesis = await meet(client, options)
  const run = new StampRun({
    ...wishesOf(options),
    node: mindingClock(stampNodeOf(client, options.node), options),
    networkId: genesis.networkId,
    random: realRandom,
    signal: ending.signal,
    onProgress: (path, read) => progress.show(path, read),
    tell: (news) => {
      progress.clear()
      tell(news, options.json === true)
    },
    check: checker(genesis),
    ...(options.ots === true ? { onStamped: otsWriter(options, ending.signal) } : {}),
    pause: (ms) => sleep(ms, undefined, { signal: ending.signal }),
  })
  try {
    await run.stamp(walkFiles(options.files))
  } catch (cause) {
    progress.clear()
    if (run.waiting > 0) note(keptNote(run.waiting))
    if (ending.signal.aborted) return EXIT.failed
    throw cause
  }
  if (run.found === 0) note('There was nothing to stamp.')
  if (run.failed > 0) note(failedNote(run))
  return run.failed === 0 && run.found > 0 ? EXIT.good : EXIT.failed
}

const mindUsage = ({ files, out, key, again, ots, algorithm }: StampOptions): void => {
  const usage = (say: string): ChimerError => new ChimerError('TC_USAGE', say)
  const hasInput = files.includes(STANDARD_INPUT)
  if (hasInput && out === undefined)
    throw usage('Standard input has no name: say with --out where its proof is to go, such as --out NAME.chime.')
  if (out !== undefined && files.length !== 1) throw usage('--out is for one file, or for standard input.')
  if (ots === true && algorithm !== 'sha-256')
    throw usage('OpenTimestamps knows only sha-256 of our hashes: leave --algorithm or --ots out.')
  if (again === true && key !== undefined)
    throw usage('One file under one key is one stamp, so --again with --key makes none: take another key.')
}

const wishesOf = (
  options: StampOptions,
): Pick<StampRunOptions, 'algorithm' | 'wantsBeacon' | 'isPrivate' | 'again' | 'clientKey' | 'out' | 'wait'> => ({
  algorithm: options.algorithm,
  wantsBeacon: options.beacon,
  isPrivate: options.private === true,
  again: options.again === true,
  // Without beacon and key a file is one stamp for ever, which is not what is wanted by who asks again.
  clientKey: options.key ?? (options.again === true && !options.beacon ? hexOf(realRandom.bytes(16)) : ''),
  out: options.out,
  wait: options.wait,
})

/** The genesis of the node's network, which from now on is known to this user. */
export const meet = async (client: Client, options: Pick<StampOptions, 'node' | 'networks'>): Promise<Genesis> => {
  const view = await client.genesis()
  const genesis = genesisFrom(view)
  const directory = options.networks ?? networksDirectory(process.env)
  if ((await knownNetwork(directory, genesis.networkId)) !== undefined) return genesis
  const network = `network ${genesis.name}, ${hexOf(genesis.networkId)}`
  try {
    const path = await keepNetwork(directory, genesis, view.genesis)
    note(
      `First meeting with ${network}.\nIts genesis, as ${options.node} gave it, is kept in ${path}, and verify trusts it from now on.\n` +
        'You take this node’s word for it once: compare the id with what another member says.',
    )
  } catch (cause) {
    if (!(cause instanceof ChimerError)) throw cause
    note(`${cause.message} So verify will not know ${network}: give it a genesis with --genesis.`)
  }
  return genesis
}

/** Warns once where this machine's clock and the node's are far from each other. A stamp that may be of long ago says nothing of it. */
const mindingClock = (node: StampNode, { key, beacon }: StampOptions): StampNode => {
  if (key !== undefined || !beacon) return node
  let isTold = false
  return {
    ...node,
    submit: async (...asked) => {
      const { earliest } = hostNow()
      const taken = await node.submit(...asked)
      const [first] = taken
      const words =
        first === undefined ? undefined : clockNote({ earliest, latest: hostNow().latest }, first.receipt.received)
      if (words !== undefined && !isTold) note(`${noteColours.yellow('clock')} ${words}`)
      isTold ||= words !== undefined
      return taken
    },
  }
}

const otsWriter = (
  { node, otsCalendar = [`${node}/ots`] }: StampOptions,
  signal: AbortSignal,
): NonNullable<StampRunOptions['onStamped']> => {
  const calendars = otsCalendar.map((uri) => uri.replace(/\/+$/, ''))
  return async ({ path: file, chime, digest, algorithm }) => {
    if (algorithm !== 'sha-256')
      throw new ChimerError(
        'TC_USAGE',
        `${file} was stamped by ${algorithm}, which OpenTimestamps does not know. Add --again to stamp it by sha-256 too.`,
      )
    const { path, isNew } = await writeOts(chime, digest, { random: realRandom, calendars, signal })
    note(
      isNew
        ? `${path}: a pending OpenTimestamps file, which proves nothing yet`
        : `${path} is there and is left as it is`,
    )
  }
}

const checker = (genesis: Genesis): ((proof: StampProof) => Promise<VerifiedStamp>) => {
  const trust = trustOf(genesis)
  return async (proof) => {
    const verified = await verifyStampInParallel(proof, { trust })
    if (verified.verdict === 'accept') return verified.value
    throw new ChimerError(
      'TC_STAMP_PROOF',
      `The node’s proof does not hold: ${verified.link}, ${verified.reason}. The receipt is kept: ask again later, and tell the operator of the node.`,
    )
  }
}

const tell = (news: StampNews, isJson: boolean): void => {
  if (isJson) return sayJson(stampJson(news))
  const line = stampLine(news, colours)
  if (line !== undefined) say(line)
  const beside = stampNote(news, noteColours)
  if (beside !== undefined) note(beside)
}

/** Nothing of one file alone: its error was told. */
const failedNote = ({ failed, found }: StampRun): string =>
  failed === found ? 'Nothing was stamped.' : `${failed} of ${found} files went wrong; the others are stamped.`

const keptNote = (waiting: number): string =>
  `${waiting === 1 ? 'One receipt is' : `${waiting} receipts are`} kept in the .chime files; the same command goes on from there.`
