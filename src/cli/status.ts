/** `truechimer status`: a node's own state, its sources, and what it holds of the others. */
import { openClient } from '../services/client.ts'
import type { NodeView, StatusView } from '../services/schema.ts'
import { frequencyText } from './clock-picture.ts'
import type { ApiOptions } from './now.ts'
import { EXIT, colours, say, sayJson, table, terminalColumns } from './output.ts'
import type { ExitCode } from './output.ts'
import { boundText, sourceLines } from './source-lines.ts'

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
  const likely = clock.likely === null ? '' : ` (likely ± ${boundText(clock.likely.uncertaintyNs)})`
  say(`clock    ${clock.status}, ± ${boundText(clock.uncertaintyNs)}${likely}, ${frequencyText(clock.frequencyPpb)}`)
  say('')
  for (const line of sourceLines(own.sources, { columns: terminalColumns(), paint: colours })) say(line)
  say('')
  for (const line of nodeLines(nodes)) say(line)
}

const countText = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`

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
