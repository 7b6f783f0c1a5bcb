/**
 * What a node does with a proof that two Roughtime servers contradict each other: it keeps the report in its data directory and
 * tells it as trouble. Which of the two is wrong the proof does not say; selection hears the other sources. Rule:
 * docs/spec/sources.md S-57.
 */
import { join } from 'node:path'
import { ChimerError } from '../../base/index.ts'
import type { RoughtimeLink } from '../../clock/index.ts'
import { keepReport } from '../../clock/io/roughtime-reports.ts'
import type { NodeEvent } from '../events.ts'

const malfeasanceDirectoryOf = (directory: string): string => join(directory, 'malfeasance')

type Trouble = Extract<NodeEvent, { readonly type: 'trouble' }>

const keyOf = (link: RoughtimeLink | undefined): string => Buffer.from(link?.publicKey ?? []).toString('base64')

/** Keeps the report of `links`, from the contradicted answer to the one that contradicts it, and returns what to tell. Never rejects. */
export const keepMalfeasance = async (directory: string, links: readonly RoughtimeLink[]): Promise<Trouble> => {
  const what = `The Roughtime servers ${keyOf(links[0])} and ${keyOf(links.at(-1))} contradict each other: at least one of them is wrong`
  try {
    const path = await keepReport(malfeasanceDirectoryOf(directory), links)
    const proof =
      path === undefined
        ? 'as many proofs as may be are kept already; move them away'
        : `the proof is ${path}; check it with: truechimer clock roughtime --verify ${path}`
    return { type: 'trouble', code: 'TC_ROUGHTIME_MALFEASANCE', message: `${what}; ${proof}` }
  } catch (cause) {
    if (!(cause instanceof ChimerError)) throw cause
    return { type: 'trouble', code: cause.code, message: `${what}; ${cause.message}` }
  }
}
