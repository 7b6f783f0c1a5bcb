/** `truechimer status`: a node's own state, its sources, the chain and what it waits for, and what it holds of the others. */
import { openClient } from '../services/client.ts'
import type { Client } from '../services/client.ts'
import type { NodeView, StatusView, ValidatorView } from '../services/schema.ts'
import { chainLines, votingLines } from './chain-lines.ts'
import { frequencyText } from './clock-picture.ts'
import type { ApiOptions } from './now.ts'
import { EXIT, colours, say, sayJson, table, terminalColumns } from './output.ts'
import type { ExitCode } from './output.ts'
import { boundText, sourceLines } from './source-lines.ts'

export const status = async ({ api, json }: ApiOptions): Promise<ExitCode> => {
  const client = openClient({ baseUrl: api })
  const [own, others] = await Promise.all([client.status(), client.nodes()])
  if (json === true) sayJson({ ...own, nodes: others.nodes })
  else tell(own, others.nodes, await memberOf(client, own))
  return own.verdict.status === 'truechimer' ? EXIT.good : EXIT.no
}

/** What the chain holds of the node itself, where there is one and it is a member. */
const memberOf = async (client: Client, { chain, node }: StatusView): Promise<ValidatorView | undefined> =>
  chain === null ? undefined : (await client.validators()).validators.find(({ id }) => id === node.id)

const tell = (own: StatusView, nodes: readonly NodeView[], member: ValidatorView | undefined): void => {
  const { clock } = own
  say(`${colours.bold(own.node.name)}  ${own.node.id}`)
  say(`network  ${own.network.name}, ${slotText(own)}, ${peersText(own.peers.length)}`)
  const likely = clock.likely === null ? '' : ` (likely ± ${boundText(clock.likely.uncertaintyNs)})`
  say(`clock    ${clock.status}, ± ${boundText(clock.uncertaintyNs)}${likely}, ${frequencyText(clock.frequencyPpb)}`)
  const drawing = { columns: terminalColumns(), paint: colours }
  if (own.chain !== null)
    for (const line of [...chainLines(own.chain, drawing), ...votingLines(own.chain, member, drawing)]) say(line)
  say('')
  for (const line of sourceLines(own.sources, drawing)) say(line)
  say('')
  for (const line of nodeLines(nodes)) say(line)
  if (own.chain?.round.stuck === true)
    say(colours.dim(`verdicts as after block ${own.chain.round.height - 1}: while no block comes none changes`))
}

const slotText = ({ slot, clock }: StatusView): string =>
  slot === 0 && clock.status === 'unsynchronised' ? 'no slot: it has no time' : `slot ${slot}`

const peersText = (count: number): string =>
  count === 0 ? 'no peers: truechimer peers says why' : `${count} peer${count === 1 ? '' : 's'}`

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
