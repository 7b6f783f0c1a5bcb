/**
 * `truechimer clock watch`: the clock of a node, live. On a terminal one picture on a screen of its own, which is given back at
 * the end; else one line an event.
 */
import { openClient } from '../services/client.ts'
import type { StreamState } from '../services/client.ts'
import { durationText } from '../services/explanations.ts'
import type { EventView, StatusView } from '../services/schema.ts'
import { openEnding } from './ending.ts'
import type { ApiOptions } from './now.ts'
import { EXIT, colours, note, readerGone, say, sayJson, terminalColumns } from './output.ts'
import type { Colours, ExitCode } from './output.ts'
import { boundText, frequencyText, signedText, sourceLines } from './status.ts'

export interface ClockWatchOptions extends ApiOptions {
  /** Ends after this long, ms. */
  readonly for?: number
}

type ClockEvent = Extract<EventView, { readonly type: 'clock' }>

export const clockWatch = async (options: ClockWatchOptions): Promise<ExitCode> => {
  const { api, json = false } = options
  const client = openClient({ baseUrl: api })
  const status = await client.status()
  using ending = openEnding()
  ending.endAfter(options.for)
  readerGone.addEventListener('abort', ending.end)
  using watch = json || !process.stdout.isTTY ? new LineWatch({ json, status }) : new ScreenWatch({ api, status })
  const onState = (state: StreamState): void => watch.tellState(state)
  let last: ClockEvent | undefined
  for await (const event of client.events({ types: ['clock'], signal: ending.signal, onState })) {
    last = event
    watch.show(event)
  }
  return last === undefined ? EXIT.no : EXIT.good
}

const UNTIMED = 'This node has no time yet: a majority of its sources must agree first.'

/** One line an event, for files and pipes. */
class LineWatch implements Disposable {
  readonly #isJson: boolean

  constructor({ json, status }: { readonly json: boolean; readonly status: StatusView }) {
    this.#isJson = json
    if (status.clock.status === 'unsynchronised') note(UNTIMED)
  }

  tellState(state: StreamState): void {
    if (state === 'waiting') note('The node does not answer; trying again.')
  }

  show(event: ClockEvent): void {
    if (this.#isJson) return sayJson(event)
    const { utc, uncertaintyNs, status, frequencyPpb, hostOffsetNs } = event.time
    const bound = durationText(BigInt(uncertaintyNs))
    say(
      `${utc.estimate}  ± ${bound}  ${status}  ${frequencyText(frequencyPpb)}, host clock ${signedText(hostOffsetNs)}`,
    )
  }

  [Symbol.dispose](): void {}
}

/** Xterm's alternate screen, without a cursor, and back. */
const ENTER = '\u001B[?1049h\u001B[?25l'
const LEAVE = '\u001B[?25h\u001B[?1049l'
/** Draws over what was there without a blank in between. */
const HOME = '\u001B[H'
const END_LINE = '\u001B[K\r\n'
const END_SCREEN = '\u001B[J'

class ScreenWatch implements Disposable {
  readonly #api: string
  #seen: Seen
  #isLost = false
  readonly #redraw = (): void => this.#draw()

  constructor({ api, status }: { readonly api: string; readonly status: StatusView }) {
    this.#api = api
    this.#seen = seenIn(status)
    process.stdout.write(ENTER)
    process.stdout.on('resize', this.#redraw)
    this.#draw()
  }

  tellState(state: StreamState): void {
    const isLost = state === 'waiting' || (this.#isLost && state === 'connecting')
    if (isLost === this.#isLost) return
    this.#isLost = isLost
    this.#draw()
  }

  show({ time, sources }: ClockEvent): void {
    this.#seen = { ...this.#seen, time, clock: time, sources }
    this.#draw()
  }

  [Symbol.dispose](): void {
    process.stdout.off('resize', this.#redraw)
    process.stdout.write(LEAVE)
    const { time } = this.#seen
    if (time !== undefined) say(`${time.utc.estimate}  ± ${boundText(time.uncertaintyNs)}  ${time.status}`)
  }

  #draw(): void {
    const rows = Math.max(1, process.stdout.rows - 1)
    const foot = this.#isLost
      ? colours.yellow(`${this.#api} does not answer; trying again`)
      : colours.dim('Ctrl-C ends')
    const lines = [...picture(this.#seen, { columns: terminalColumns(), paint: colours }), '', foot].slice(0, rows)
    process.stdout.write(HOME + lines.map((line) => line + END_LINE).join('') + END_SCREEN)
  }
}

/** What the picture is made of. `time` is missing until the node has one. */
export interface Seen {
  readonly name: string
  readonly network: string
  readonly acceptedVarianceNs: number
  readonly clock: StatusView['clock']
  readonly time: ClockEvent['time'] | undefined
  readonly sources: StatusView['sources']
}

const seenIn = ({ node, network, acceptedVarianceNs, clock, sources }: StatusView): Seen => ({
  name: node.name,
  network: network.name,
  acceptedVarianceNs,
  clock,
  time: undefined,
  sources,
})

/** The lines of the picture; none is longer than `columns` where its words allow. */
export const picture = (
  seen: Seen,
  { columns, paint }: { readonly columns: number; readonly paint: Colours },
): string[] => {
  const { name, network, acceptedVarianceNs, clock, time, sources } = seen
  const isGood = clock.status === 'synchronised' || clock.status === 'holdover'
  const status = isGood ? paint.green(clock.status) : paint.red(clock.status)
  const row = (head: string, value: string, more = ''): string =>
    `${paint.dim(head.padEnd(11))}${value.padEnd(18)}${paint.dim(more)}`.trimEnd()
  return [
    `${paint.bold(name)}  ${paint.dim(network)}  ${status}`,
    '',
    paint.bold(time === undefined ? waitingText(clock.status) : instantText(time.utc.estimate)),
    '',
    row('offset', signedText(clock.hostOffsetNs), 'host clock against this one'),
    row('bound', `± ${boundText(clock.uncertaintyNs)}`, `accepted up to ± ${boundText(acceptedVarianceNs)}`),
    row('frequency', frequencyText(clock.frequencyPpb), 'the counter that is corrected'),
    '',
    ...sourceLines(sources, columns),
  ]
}

const waitingText = (status: Seen['clock']['status']): string =>
  status === 'unsynchronised' ? UNTIMED : 'The next reading comes with the next slot.'

/** `2026-11-21 01:31:12.254541700 UTC` */
const instantText = (iso: string): string => iso.replace('T', ' ').replace(/Z$/, ' UTC')
