/** `truechimer genesis`: what a network holds to be given, from a data directory without a running node, or from a node. */
import { existsSync } from 'node:fs'
import { ChimerError, hexOf } from '../base/index.ts'
import { readGenesis } from '../consensus/index.ts'
import { genesisPathOf, readJson, writeNewJson } from '../node/io/data-directory.ts'
import { genesisFileOf } from '../services/chain-of-node.ts'
import { openClient } from '../services/client.ts'
import type { GenesisView } from '../services/schema.ts'
import { genesisLines } from './chain-lines.ts'
import { genesisFrom } from './known-networks.ts'
import type { ApiOptions } from './now.ts'
import { EXIT, colours, note, say, sayJson, terminalColumns } from './output.ts'
import type { ExitCode } from './output.ts'

export interface GenesisOptions extends ApiOptions {
  /** Read it here instead of asking. */
  readonly data?: string
  /** Write the genesis file here, as `truechimer init --genesis` and `verify --genesis` take it. */
  readonly out?: string
}

export const genesis = async ({ api, data, out, json }: GenesisOptions): Promise<ExitCode> => {
  const view = data === undefined ? await openClient({ baseUrl: api }).genesis() : await readIn(data)
  if (out !== undefined) return write(out, view, { from: data ?? api, json })
  if (json === true) sayJson(view)
  else for (const line of genesisLines(view, { columns: terminalColumns(), paint: colours })) say(line)
  return EXIT.good
}

/** Only what can be read back as this network is written. */
const write = async (
  out: string,
  view: GenesisView,
  { from, json }: { readonly from: string; readonly json: boolean | undefined },
): Promise<ExitCode> => {
  const { name, networkId } = genesisFrom(view)
  await writeNewJson(out, view.genesis, 'Choose another --out file.')
  if (json === true) sayJson({ file: out, networkId: view.networkId, name })
  else {
    say(`${out}: the genesis of network ${name}, ${hexOf(networkId)}, as ${from} gives it`)
    note('Who verifies with this file trusts these members. Compare the id with what another member says.')
  }
  return EXIT.good
}

const readIn = async (directory: string): Promise<GenesisView> => {
  const path = genesisPathOf(directory)
  if (!existsSync(path)) {
    const message = `${directory} is no data directory: it has no genesis.json. Make one with truechimer init, or leave --data out to ask a running node.`
    throw new ChimerError('TC_FILE_UNREADABLE', message, { facts: { path } })
  }
  const read = readGenesis(await readJson(path))
  return { networkId: hexOf(read.networkId), name: read.name, genesis: { ...genesisFileOf(read) } }
}
