/** `truechimer now`: the time by a node, with how sure it is. */
import { ApiError, openClient } from '../services/client.ts'
import { durationText } from '../services/explanations.ts'
import { EXIT, colours, note, say, sayJson } from './output.ts'
import type { ExitCode } from './output.ts'

export interface ApiOptions {
  /** A URL without a slash at the end. */
  readonly api: string
  readonly json?: boolean
}

export const now = async ({ api, json }: ApiOptions): Promise<ExitCode> => {
  try {
    const time = await openClient({ baseUrl: api }).time()
    const bound = durationText(BigInt(time.uncertaintyNs))
    if (json === true) sayJson(time)
    else say(`${time.utc.estimate}  ± ${bound}  ${colours.dim(time.status)}`)
    return time.status === 'unsynchronised' ? EXIT.no : EXIT.good
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'TC_API_UNSYNCHRONISED') throw error
    if (json === true) sayJson({ status: 'unsynchronised' })
    note(error.message)
    return EXIT.no
  }
}
