/** `truechimer log prove` and `verify`: an entry shown to somebody else, and a log or such a proof checked. */
import { readFile, writeFile } from 'node:fs/promises'
import { ChimerError, equalBytes } from '../base/index.ts'
import { nodeIdText, parseNodeId } from '../crypto/index.ts'
import { describeFileSigner } from '../crypto/io/file-signer.ts'
import { ENTRY_PROOF_BYTES_MAX, cidText, openEntryProof } from '../log/index.ts'
import { verifyLog } from '../log/io/verify-files.ts'
import type { LogReport } from '../log/io/verify-files.ts'
import { keysDirectoryOf, reasonOf } from '../node/io/data-directory.ts'
import { logDirectoryOf } from '../node/io/open-log.ts'
import { realTime } from '../node/io/real-ports.ts'
import { openEnding } from './ending.ts'
import { openLogOf } from './log-read.ts'
import type { LogOptions, LogShowOptions } from './log-read.ts'
import { entryJson, entryLine, jsonLine } from './log-view.ts'
import { EXIT, colours, note, say, sayJson } from './output.ts'
import type { ExitCode } from './output.ts'

export interface LogProveOptions extends LogShowOptions {
  /** Where to write; by default `entry-<sequence>.proof` here. */
  readonly out?: string
}

/** What a log answers where the entry is not there, or not covered yet. */
const NO_CODES: readonly string[] = ['TC_LOG_UNKNOWN_ENTRY', 'TC_LOG_UNCOVERED']

export const logProve = async ({ data, json = false, entry, out }: LogProveOptions): Promise<ExitCode> => {
  const log = openLogOf(data)
  const sealed = 'digest' in entry ? await log.find(entry.digest) : await log.at(entry.sequence)
  if (sealed === undefined) {
    note('There is no such entry in this log, or it has been dropped with the oldest.')
    return EXIT.no
  }
  const proof = await log.prove(sealed.digest).catch((cause: unknown) => {
    if (!(cause instanceof ChimerError) || !NO_CODES.includes(cause.code)) throw cause
    note(`${cause.message} [${cause.code}]`)
    return undefined
  })
  if (proof === undefined) return EXIT.no
  const path = out ?? `entry-${sealed.entry.sequence}.proof`
  await writeProof(path, proof)
  const cid = cidText(sealed.digest)
  if (json) sayJson({ cid, sequence: sealed.entry.sequence, file: path, bytes: proof.length })
  else say(`${path}: ${proof.length} bytes, which show ${cid}. Check them with: truechimer log verify --proof ${path}`)
  return EXIT.good
}

const writeProof = async (path: string, proof: Uint8Array): Promise<void> => {
  try {
    await writeFile(path, proof, { flag: 'wx' })
  } catch (cause) {
    throw new ChimerError('TC_FILE_UNWRITABLE', `Cannot write ${path}: ${reasonOf(cause)}.`, { facts: { path }, cause })
  }
}

export interface LogVerifyOptions extends LogOptions {
  /** Check this file instead of a log. */
  readonly proof?: string
  /** Whose log it must be. */
  readonly node?: string
}

/** Exit 1 where anything is wrong; then the first entry that is wrong is named. */
export const logVerify = async (options: LogVerifyOptions): Promise<ExitCode> => {
  const nodeId = options.node === undefined ? undefined : nodeIdOf(options.node)
  if (options.proof !== undefined) return verifyProof(options.proof, nodeId, options.json === true)
  const owner = nodeId ?? (await keyIn(options.data))
  using ending = openEnding()
  using progress = openProgress()
  const report = await verifyLog({
    directory: logDirectoryOf(options.data),
    time: realTime,
    signal: ending.signal,
    onProgress: progress.show,
    ...(owner === undefined ? {} : { owner: { nodeId: owner } }),
  })
  progress[Symbol.dispose]()
  if (options.json === true) sayJson(reportJson(report))
  else tellReport(report)
  if (ending.signal.aborted) note('Told to stop before the end: the rest was not looked at.')
  return report.fault === undefined && !ending.signal.aborted ? EXIT.good : EXIT.no
}

const nodeIdOf = (text: string): Uint8Array => {
  const parsed = parseNodeId(text)
  if (parsed.verdict === 'accept') return parsed.value
  throw new ChimerError('TC_USAGE', `--node must be a node’s id, such as 12D3KooW…: ${parsed.reason}.`)
}

/** Whose directory it is; a log that was copied somewhere without its key may be anybody's. */
const keyIn = async (data: string): Promise<Uint8Array | undefined> => {
  try {
    return (await describeFileSigner(keysDirectoryOf(data))).nodeId
  } catch (cause) {
    if (!(cause instanceof ChimerError)) throw cause
    note(`${cause.message}. So the log is checked to be of one node, whichever that is`)
    return undefined
  }
}

const reportJson = (report: LogReport): unknown => ({
  good: report.fault === undefined,
  fault: report.fault ?? null,
  first: report.first,
  size: report.size,
  checkpoints: report.checkpoints,
  uncovered: report.uncovered,
  head: report.head,
  node: report.nodeId === undefined ? null : nodeIdText(report.nodeId),
})

const tellReport = (report: LogReport): void => {
  const { fault, first, size, checkpoints, uncovered, head, nodeId } = report
  if (fault !== undefined) {
    const name = fault.cid === null ? '' : ` (${fault.cid} as it stands)`
    say(
      `${colours.red('bad')} entry ${fault.sequence}${name}: ${fault.reason} in its ${fault.record} record, ${fault.path} byte ${fault.offset}`,
    )
    say(`${size - first} entries before it are good`)
    return
  }
  say(`${colours.green('good')} entries ${first} to ${size - 1} of ${nodeId === undefined ? '?' : nodeIdText(nodeId)}`)
  say(`${checkpoints} checkpoints; ${uncovered} entries after the last one are chained but under no signature yet`)
  if (head !== null) say(`newest ${head}`)
}

const verifyProof = async (path: string, nodeId: Uint8Array | undefined, json: boolean): Promise<ExitCode> => {
  const opened = openEntryProof(await readProof(path))
  const isOther =
    opened.verdict === 'accept' && nodeId !== undefined && !equalBytes(opened.value.checkpoint.nodeId, nodeId)
  if (opened.verdict !== 'accept' || isOther) {
    const reason = opened.verdict === 'accept' ? 'wrong-log' : opened.reason
    if (json) sayJson({ good: false, reason })
    else say(`${colours.red('bad')} ${path} shows nothing: ${reason}`)
    return EXIT.no
  }
  const { sealed, checkpoint } = opened.value
  const node = nodeIdText(checkpoint.nodeId)
  if (json) say(jsonLine({ good: true, node, size: checkpoint.size, entry: entryJson(sealed) }))
  else {
    say(entryLine(sealed, colours))
    say(`${colours.green('good')} ${cidText(sealed.digest)}`)
    say(`is entry ${sealed.entry.sequence} of the ${checkpoint.size} that ${node} signed`)
    if (nodeId === undefined) note('Give --node to have the node’s id compared too.')
  }
  return EXIT.good
}

const readProof = async (path: string): Promise<Uint8Array> => {
  try {
    return (await readFile(path)).subarray(0, ENTRY_PROOF_BYTES_MAX + 1)
  } catch (cause) {
    throw new ChimerError('TC_FILE_UNREADABLE', `Cannot read ${path}: ${reasonOf(cause)}.`, { facts: { path }, cause })
  }
}

/** Between two drawings, ms. */
const DRAW_MS = 250
const CLEAR = '\r\u001B[K'

/** How far a long check has come, on a terminal only. */
const openProgress = (): Disposable & {
  readonly show: (bytes: { readonly done: number; readonly all: number }) => void
} => {
  let drawnMs = performance.now()
  let isDrawn = false
  return {
    show: ({ done, all }) => {
      if (!process.stderr.isTTY || performance.now() - drawnMs < DRAW_MS) return
      drawnMs = performance.now()
      isDrawn = true
      process.stderr.write(`${CLEAR}checked ${Math.floor((100 * done) / Math.max(1, all))} %`)
    },
    [Symbol.dispose]: () => {
      if (isDrawn) process.stderr.write(CLEAR)
      isDrawn = false
    },
  }
}
