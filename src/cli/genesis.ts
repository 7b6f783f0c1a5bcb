/** `truechimer genesis`: what a network holds to be given, from a data directory without a running node, or from a node. */
import { existsSync } from 'node:fs'
import { ChimerError, hexOf } from '../base/index.ts'
import { readGenesis } from '../node/genesis.ts'
import { genesisPathOf, readJson } from '../node/io/data-directory.ts'
import { genesisFileOf } from '../services/chain-of-node.ts'
import { openClient } from '../services/client.ts'
import type { GenesisView } from '../services/schema.ts'
import { genesisLines } from './chain-lines.ts'
import type { ApiOptions } from './now.ts'
import { EXIT, colours, say, sayJson, terminalColumns } from './output.ts'
import type { ExitCode } from './output.ts'

export interface GenesisOptions extends ApiOptions {
  /** Read it here instead of asking. */
  readonly data?: string
}

export const genesis = async ({ api, data, json }: GenesisOptions): Promise<ExitCode> => {
  const view = data === undefined ? await openClient({ baseUrl: api }).genesis() : await readIn(data)
  if (json === true) sayJson(view)
  else for (const line of genesisLines(view, { columns: terminalColumns(), paint: colours })) say(line)
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
