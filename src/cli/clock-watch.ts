/** `truechimer clock watch`: the clock of a node, live. On a terminal one picture that is redrawn; else one line an event. */
import { openClient } from '../services/client.ts'
import { durationText } from '../services/explanations.ts'
import type { EventView } from '../services/schema.ts'
import type { ApiOptions } from './now.ts'
import { EXIT, colours, say, sayJson } from './output.ts'
import type { ExitCode } from './output.ts'
import { signedText, sourceLines } from './status.ts'

export interface ClockWatchOptions extends ApiOptions {
  /** Ends after this long, ms. */
  readonly for?: number
}

type ClockEvent = Extract<EventView, { readonly type: 'clock' }>

export const clockWatch = async (options: ClockWatchOptions): Promise<ExitCode> => {
  const client = openClient({ baseUrl: `http://${options.api}` })
  await client.status()
  const ending = new AbortController()
  process.once('SIGINT', () => ending.abort())
  const timer = options.for === undefined ? undefined : setTimeout(() => ending.abort(), options.for)
  let seen = 0
  for await (const event of client.events({ types: ['clock'], signal: ending.signal })) {
    seen += 1
    show(event, options.json === true)
  }
  clearTimeout(timer)
  return seen > 0 ? EXIT.good : EXIT.no
}

const show = (event: ClockEvent, json: boolean): void => {
  if (json) return sayJson(event)
  const { time, sources } = event
  const head = `${time.utc.estimate}  ± ${durationText(BigInt(time.uncertaintyNs))}  ${time.status}`
  const rate = `${time.frequencyPpb.toFixed(1)} ppb, host clock ${signedText(time.hostOffsetNs)}`
  if (process.stdout.isTTY !== true) return say(`${head}  ${rate}`)
  process.stdout.write('\u001B[2J\u001B[H')
  say(colours.bold(head))
  say(colours.dim(rate))
  say('')
  for (const line of sourceLines(sources)) say(line)
}
