/** `truechimer block`: one block, what proves it, what is not settled; exit 1 where the node holds no such block. */
import { ApiError, openClient } from '../services/client.ts'
import { blockLines } from './chain-lines.ts'
import type { ApiOptions } from './now.ts'
import { EXIT, colours, note, noteColours, say, sayJson, terminalColumns } from './output.ts'
import type { ExitCode } from './output.ts'

export interface BlockOptions extends ApiOptions {
  /** A height, an id, or `latest`. */
  readonly block: string
}

export const block = async ({ api, json, block: wanted }: BlockOptions): Promise<ExitCode> => {
  try {
    const view = await openClient({ baseUrl: api }).block(wanted)
    if (json === true) sayJson(view)
    else for (const line of blockLines(view, { columns: terminalColumns(), paint: colours })) say(line)
    return EXIT.good
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'TC_API_UNKNOWN_BLOCK') throw error
    const { code, message } = error
    if (json === true) sayJson({ error: { code, message } })
    note(`${noteColours.yellow('no block')} ${message}`)
    return EXIT.no
  }
}
