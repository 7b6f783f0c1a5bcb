/**
 * `truechimer clock watch`: the clock of a node, live. On a terminal one picture on a screen of its own, which is given back at
 * the end; else one line an event.
 */
import { openClient } from '../services/client.ts'
import type { Client, StreamState } from '../services/client.ts'
import { durationText } from '../services/explanations.ts'
import type { ClockView, StatusView } from '../services/schema.ts'
import { UNTIMED, frequencyText, picture, trailed } from './clock-picture.ts'
import type { ClockEvent, Seen } from './clock-picture.ts'
import { openEnding } from './ending.ts'
import type { ApiOptions } from './now.ts'
import { EXIT, colours, note, readerGone, say, sayJson, terminalColumns } from './output.ts'
import type { ExitCode } from './output.ts'
import { Screen } from './screen.ts'
import { boundText, signedText } from './source-lines.ts'

export interface ClockWatchOptions extends ApiOptions {
  /** Ends after this long, ms. */
  readonly for?: number
}

export const clockWatch = async (options: ClockWatchOptions): Promise<ExitCode> => {
  const { api, json = false } = options
  const client = openClient({ baseUrl: api })
  const status = await client.status()
  const keeping = await client.clock()
  using ending = openEnding()
  ending.endAfter(options.for)
  const keeper = new Keeper(openClient({ baseUrl: api, signal: ending.signal }), keeping)
  readerGone.addEventListener('abort', ending.end)
  using watch =
    json || !process.stdout.isTTY ? new LineWatch({ json, status }) : new ScreenWatch({ api, status, keeping })
  const onState = (state: StreamState): void => watch.tellState(state)
  let last: ClockEvent | undefined
  for await (const event of client.events({ types: ['clock'], signal: ending.signal, onState })) {
    last = event
    watch.show(event, await keeper.ask())
  }
  return last === undefined ? EXIT.no : EXIT.good
}

/** How often the clock's keeping is asked for beside the events, ms: its figures move slowly. */
const KEEPING_MS = 5000

/** How the clock is kept, not much older than `KEEPING_MS` while the node answers. */
class Keeper {
  readonly #client: Client
  #askedMs = performance.now()
  #keeping: ClockView

  constructor(client: Client, keeping: ClockView) {
    this.#client = client
    this.#keeping = keeping
  }

  /** Never rejects: a node that does not answer is told of by its stream of events, and the last figures stay. */
  async ask(): Promise<ClockView> {
    if (performance.now() - this.#askedMs < KEEPING_MS) return this.#keeping
    this.#askedMs = performance.now()
    const [answer] = await Promise.allSettled([this.#client.clock()])
    if (answer.status === 'fulfilled') this.#keeping = answer.value
    return this.#keeping
  }
}

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

  show(event: ClockEvent, keeping: ClockView): void {
    if (this.#isJson) return sayJson({ ...event, keeping })
    const { utc, uncertaintyNs, likely, status, frequencyPpb, hostOffsetNs } = event.time
    const bound = `± ${durationText(BigInt(uncertaintyNs))} (likely ± ${durationText(BigInt(likely.uncertaintyNs))})`
    say(`${utc.estimate}  ${bound}  ${status}  ${frequencyText(frequencyPpb)}, host clock ${signedText(hostOffsetNs)}`)
  }

  [Symbol.dispose](): void {}
}

class ScreenWatch implements Disposable {
  readonly #api: string
  #seen: Seen
  #isLost = false
  readonly #screen = new Screen(() => this.#draw())

  constructor(given: { readonly api: string; readonly status: StatusView; readonly keeping: ClockView }) {
    this.#api = given.api
    this.#seen = seenIn(given)
    this.#draw()
  }

  tellState(state: StreamState): void {
    const isLost = state === 'waiting' || (this.#isLost && state === 'connecting')
    if (isLost === this.#isLost) return
    this.#isLost = isLost
    this.#draw()
  }

  show({ time, sources }: ClockEvent, keeping: ClockView): void {
    const trail = trailed(this.#seen.trail, { atMs: performance.now(), offsetNs: time.hostOffsetNs })
    this.#seen = { ...this.#seen, time, clock: time, sources, keeping, trail }
    this.#draw()
  }

  [Symbol.dispose](): void {
    this.#screen[Symbol.dispose]()
    const { time } = this.#seen
    if (time !== undefined) say(`${time.utc.estimate}  ± ${boundText(time.uncertaintyNs)}  ${time.status}`)
  }

  #draw(): void {
    const foot = this.#isLost
      ? colours.yellow(`${this.#api} does not answer; trying again`)
      : colours.dim('Ctrl-C ends')
    this.#screen.draw(picture(this.#seen, { columns: terminalColumns(), paint: colours }), foot)
  }
}

const seenIn = ({ status, keeping }: { readonly status: StatusView; readonly keeping: ClockView }): Seen => ({
  name: status.node.name,
  network: status.network.name,
  acceptedVarianceNs: status.acceptedVarianceNs,
  clock: status.clock,
  keeping,
  time: undefined,
  sources: status.sources,
  trail: [],
})
