/** `truechimer status`: a node's own state, its sources, and what it holds of the others. */
import { openClient } from '../services/client.ts'
import { durationText } from '../services/explanations.ts'
import type { NodeView, SourceView, StatusView } from '../services/schema.ts'
import type { ApiOptions } from './now.ts'
import { EXIT, colours, say, sayJson, table } from './output.ts'
import type { ExitCode } from './output.ts'

export const status = async ({ api, json }: ApiOptions): Promise<ExitCode> => {
  const client = openClient({ baseUrl: `http://${api}` })
  const [own, others] = await Promise.all([client.status(), client.nodes()])
  if (json === true) sayJson({ ...own, nodes: others.nodes })
  else tell(own, others.nodes)
  return own.verdict.status === 'truechimer' ? EXIT.good : EXIT.no
}

const tell = (own: StatusView, nodes: readonly NodeView[]): void => {
  const { clock } = own
  say(`${colours.bold(own.node.name)}  ${own.node.id}`)
  say(`network  ${own.network.name}, slot ${own.slot}, ${own.peers.length} peers`)
  say(`clock    ${clock.status}, ± ${boundText(clock.uncertaintyNs)}, ${clock.frequencyPpb.toFixed(0)} ppb`)
  say('')
  for (const line of sourceLines(own.sources)) say(line)
  say('')
  for (const line of nodeLines(nodes)) say(line)
}

const boundText = (ns: number | null): string => (ns === null ? '–' : durationText(BigInt(ns)))

/** A signed length of time. */
export const signedText = (ns: number | null): string =>
  ns === null ? '–' : `${ns < 0 ? '−' : '+'}${durationText(BigInt(Math.abs(ns)))}`

export const sourceLines = (sources: readonly SourceView[]): string[] =>
  table([
    ['source', 'state', 'offset', 'bound', 'reach', 'why'],
    ...sources.map(({ id, state, offsetNs, boundNs, reach, reason }) => [
      id,
      state === 'selected' ? colours.green(state) : state,
      signedText(offsetNs),
      boundText(boundNs),
      reach.toString(2).padStart(8, '0'),
      reason,
    ]),
  ])

const STATUS_COLOURS: Readonly<Record<NodeView['status'], (text: string) => string>> = {
  truechimer: colours.green,
  falseticker: colours.red,
  absent: colours.yellow,
  unproven: colours.dim,
}

const nodeLines = (nodes: readonly NodeView[]): string[] =>
  table([
    ['node', 'verdict', 'why'],
    ...nodes.map(({ name, status, explanation }) => [name, STATUS_COLOURS[status](status), explanation]),
  ])
