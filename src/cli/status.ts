/** `truechimer status`: a node's own state, its sources, and what it holds of the others. */
import { openClient } from '../services/client.ts'
import { durationText } from '../services/explanations.ts'
import type { NodeView, SourceView, StatusView } from '../services/schema.ts'
import type { ApiOptions } from './now.ts'
import { EXIT, colours, say, sayJson, table, terminalColumns } from './output.ts'
import type { ExitCode } from './output.ts'

export const status = async ({ api, json }: ApiOptions): Promise<ExitCode> => {
  const client = openClient({ baseUrl: api })
  const [own, others] = await Promise.all([client.status(), client.nodes()])
  if (json === true) sayJson({ ...own, nodes: others.nodes })
  else tell(own, others.nodes)
  return own.verdict.status === 'truechimer' ? EXIT.good : EXIT.no
}

const tell = (own: StatusView, nodes: readonly NodeView[]): void => {
  const { clock } = own
  say(`${colours.bold(own.node.name)}  ${own.node.id}`)
  say(`network  ${own.network.name}, slot ${own.slot}, ${countText(own.peers.length, 'peer')}`)
  say(`clock    ${clock.status}, ± ${boundText(clock.uncertaintyNs)}, ${frequencyText(clock.frequencyPpb)}`)
  say('')
  for (const line of sourceLines(own.sources)) say(line)
  say('')
  for (const line of nodeLines(nodes)) say(line)
}

export const boundText = (ns: number | null): string => (ns === null ? '–' : durationText(BigInt(ns)))

/** A signed length of time; a dash where it is not known. */
export const signedText = (ns: number | null): string =>
  ns === null ? '–' : `${ns < 0 ? '−' : '+'}${durationText(BigInt(Math.abs(ns)))}`

/** A frequency error in words: `+31.000 ppm (fast)`. One part per million is 86 ms a day. */
export const frequencyText = (ppb: number): string => {
  const size = `${(Math.abs(ppb) / 1000).toFixed(3)} ppm`
  return ppb === 0 ? size : `${size} ${ppb > 0 ? 'fast' : 'slow'}`
}

const countText = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`

/** One line a source below a line of heads; no source is said in words. */
export const sourceLines = (sources: readonly SourceView[], columns: number = terminalColumns()): string[] => {
  if (sources.length === 0)
    return ['no sources: this node has nothing to take the time from (--ntp, --gpsd, --host-bound-ms)']
  const rows = [
    ['source', 'state', 'offset', 'bound', 'reach', 'why'],
    ...sources.map(({ id, state, offsetNs, boundNs, reach, reason }) => [
      id,
      state === 'selected' ? colours.green(state) : state,
      signedText(offsetNs),
      boundText(boundNs),
      reach.toString(2).padStart(8, '0'),
      reason,
    ]),
  ]
  return table(rows, columns)
}

const STATUS_COLOURS: Readonly<Record<NodeView['status'], (text: string) => string>> = {
  truechimer: colours.green,
  falseticker: colours.red,
  absent: colours.yellow,
  unproven: colours.dim,
}

const nodeLines = (nodes: readonly NodeView[]): string[] =>
  table(
    [
      ['node', 'verdict', 'why'],
      ...nodes.map(({ name, status, explanation }) => [name, STATUS_COLOURS[status](status), explanation]),
    ],
    terminalColumns(),
  )
