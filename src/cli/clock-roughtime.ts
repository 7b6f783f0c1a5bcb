/**
 * `truechimer clock roughtime`: asks Roughtime servers in a chain and holds their answers against each other, or checks a report that
 * somebody made of such a chain. It needs no node and no clock: the answers alone are judged.
 *
 * Twice in the same order unless told otherwise: a server that is fast shows only when another answers after it (RFC 10049,
 * "Measurement Sequence").
 */
import { existsSync } from 'node:fs'
import { ChimerError, NS_PER_SEC } from '../base/index.ts'
import {
  ROUGHTIME_LINKS_MAX,
  roughtimeContradicts,
  roughtimeReportOf,
  roughtimeServerOf,
  verifyRoughtimeReport,
} from '../clock/index.ts'
import type { RoughtimeReply, RoughtimeServerName } from '../clock/index.ts'
import { NtpAddresses } from '../clock/io/ntp-addresses.ts'
import { RoughtimeSequence } from '../clock/io/roughtime-sequence.ts'
import { ROUGHTIME_TIMEOUT_NS } from '../clock/io/roughtime-source.ts'
import { readJson, writeNewJson } from '../node/io/data-directory.ts'
import { realRandom, realTime } from '../node/io/real-ports.ts'
import { explainSource } from '../services/source-explanations.ts'
import { openEnding } from './ending.ts'
import { EXIT, colours, note, say, sayJson, table, terminalColumns } from './output.ts'
import type { ExitCode } from './output.ts'

export interface ClockRoughtimeOptions {
  readonly server?: readonly string[]
  readonly rounds: number
  readonly report?: string
  readonly verify?: string
  readonly json?: boolean
}

/** One answer, or why there is none; instants as Unix seconds in text, since a server may say what no calendar has. */
export interface RoughtimeRow {
  /** `HOST:PORT`, or the key where only that is known. */
  readonly server: string
  readonly publicKey: string
  readonly version: string | null
  readonly midpointUnixSec: string | null
  readonly radiusSec: string | null
  /** `good`, `contradicts` and with which answers (counted from 1), or a documented reason. */
  readonly verdict: string
  readonly contradicts: readonly number[]
}

export const clockRoughtime = async (options: ClockRoughtimeOptions): Promise<ExitCode> => {
  const { server = [], verify } = options
  if ((verify === undefined) === (server.length === 0))
    throw new ChimerError('TC_USAGE', 'Give --server "HOST:PORT KEY" (several times), or --verify FILE, and not both.')
  return verify === undefined ? askServers(options) : checkReport(verify, options.json === true)
}

const serversOf = (names: readonly string[]): readonly (RoughtimeServerName & { readonly name: string })[] =>
  names.map((name) => {
    const server = roughtimeServerOf(name)
    if (server !== undefined) return { ...server, name: name.split(' ')[0] ?? name }
    const say = `${name} is no Roughtime server: write "HOST:PORT KEY", the key in base64 as the server publishes it.`
    throw new ChimerError('TC_USAGE', say)
  })

/** ns as seconds, with as many digits as are needed. */
const secondsText = (ns: bigint): string => {
  const [whole, rest] = [ns / NS_PER_SEC, ns % NS_PER_SEC]
  return rest === 0n ? `${whole}` : `${whole}.${rest.toString().padStart(9, '0').replace(/0+$/, '')}`
}

/** The calendar's name for a Unix time that has one. */
const utcText = (unixSec: string): string => {
  const date = new Date(Number(unixSec) * 1000)
  return Number.isNaN(date.getTime()) ? unixSec : date.toISOString().replace('.000Z', 'Z')
}

interface Answered {
  readonly server: string
  readonly publicKey: Uint8Array
  /** Undefined: none came, for `reason`. */
  readonly reply: RoughtimeReply | undefined
  readonly reason: string
}

/** Rows of answers in their order, each held against all others. */
const rowsOf = (answers: readonly Answered[]): readonly RoughtimeRow[] =>
  answers.map(({ server, publicKey, reply, reason }, i) => {
    const against = answers.flatMap(({ reply: other }, j) => {
      if (reply === undefined || other === undefined) return []
      const isAgainst = i < j ? roughtimeContradicts(reply, other) : i > j && roughtimeContradicts(other, reply)
      return isAgainst ? [j + 1] : []
    })
    return {
      server,
      publicKey: Buffer.from(publicKey).toString('base64'),
      version: reply?.dialect.name ?? null,
      midpointUnixSec: reply === undefined ? null : secondsText(reply.midpointUnixNs),
      radiusSec: reply === undefined ? null : secondsText(reply.radiusNs),
      verdict: reply === undefined ? reason : against.length === 0 ? 'good' : 'contradicts',
      contradicts: against,
    }
  })

const tellRows = (rows: readonly RoughtimeRow[]): void => {
  const lines = rows.map(({ server, version, midpointUnixSec, radiusSec, verdict, contradicts }, i) => {
    const why = explainSource(verdict)
    const word = why === '' ? verdict : `${why} [${verdict}]`
    const words = contradicts.length === 0 ? word : `contradicts ${contradicts.join(', ')}`
    return [
      String(i + 1),
      server,
      midpointUnixSec === null ? '' : utcText(midpointUnixSec),
      radiusSec === null ? '' : `± ${radiusSec} s`,
      version ?? '',
      verdict === 'good' ? colours.green(words) : colours.red(words),
    ]
  })
  const head = ['', 'server', 'midpoint', 'radius', 'version', 'verdict'].map((word) => colours.dim(word))
  for (const line of table([head, ...lines], terminalColumns())) say(line)
}

const askServers = async (options: ClockRoughtimeOptions): Promise<ExitCode> => {
  const servers = serversOf(options.server ?? [])
  if (servers.length * options.rounds > ROUGHTIME_LINKS_MAX)
    throw new ChimerError(
      'TC_USAGE',
      `At most ${ROUGHTIME_LINKS_MAX} questions: give fewer servers, or fewer --rounds.`,
    )
  // Before anybody is asked: a proof that has no place to go is lost.
  if (options.report !== undefined && existsSync(options.report))
    throw new ChimerError(
      'TC_FILE_EXISTS',
      `${options.report} is there already, and nothing is overwritten. ${REPORT_ADVICE}`,
    )
  using ending = openEnding()
  const sequence = new RoughtimeSequence(realTime, realRandom)
  const answers: Answered[] = []
  for (let round = 0; round < options.rounds; round += 1)
    for (const server of servers) {
      const answer = await askOne(sequence, server, ending.signal)
      if (!ending.signal.aborted) answers.push(answer)
    }
  const rows = rowsOf(answers)
  const isContradicted = rows.some(({ contradicts }) => contradicts.length > 0)
  if (isContradicted && options.report !== undefined)
    await writeNewJson(options.report, roughtimeReportOf(sequence.links), REPORT_ADVICE)
  if (options.json === true) sayJson({ answers: rows, report: isContradicted ? (options.report ?? null) : null })
  else {
    tellRows(rows)
    if (isContradicted) note(contradictionNote(options.report))
  }
  if (answers.every(({ reply }) => reply === undefined)) return EXIT.failed
  return rows.every(({ verdict }) => verdict === 'good') ? EXIT.good : EXIT.no
}

const REPORT_ADVICE = 'Choose another --report file.'

const contradictionNote = (report: string | undefined): string =>
  report === undefined
    ? 'At least one server is wrong. With --report FILE the proof is written down.'
    : `At least one server is wrong. The proof is in ${report}.`

const askOne = async (
  sequence: RoughtimeSequence,
  server: RoughtimeServerName & { readonly name: string },
  signal: AbortSignal,
): Promise<Answered> => {
  const { name, host, port, publicKey, form } = server
  const none = (reason: string): Answered => ({ server: name, publicKey, reply: undefined, reason })
  const address = await new NtpAddresses(realTime, host).current(signal)
  if (address === undefined) return none('roughtime-no-address')
  let strange: string | undefined
  const outcome = await sequence.ask({
    to: { address, port },
    publicKey,
    form,
    timeoutNs: ROUGHTIME_TIMEOUT_NS,
    signal,
    onStranger: (reason) => (strange = reason),
  })
  if (outcome.type === 'answer') return { server: name, publicKey, reply: outcome.answer.reply, reason: '' }
  if (outcome.type === 'aborted') return none('')
  // What was passed over tells more than the silence behind it.
  return none(outcome.type === 'refused' ? outcome.reason : (strange ?? outcome.reason))
}

const checkReport = async (path: string, isJson: boolean): Promise<ExitCode> => {
  const verdict = verifyRoughtimeReport(await readJson(path))
  if (verdict.verdict === 'reject') {
    const { reason, at } = verdict
    if (isJson) sayJson({ proves: false, reason, at: at === undefined ? null : at + 1 })
    else say(`${colours.red('no proof')}  ${at === undefined ? reason : `answer ${at + 1}: ${reason}`}`)
    return EXIT.no
  }
  const rows = rowsOf(
    verdict.value.answers.map(({ publicKey, ...reply }) => ({
      server: Buffer.from(publicKey).toString('base64'),
      publicKey,
      reply,
      reason: '',
    })),
  )
  if (isJson) sayJson({ proves: true, answers: rows })
  else {
    tellRows(rows)
    say(`${colours.bold('a proof')}  these answers were given in this order and cannot all be true`)
  }
  return EXIT.good
}
