/**
 * Malfeasance reports on disk: one JSON file each in a directory of their own, readable by their owner alone, synced, and never more
 * than a fixed number. What is there is never replaced: a liar must not be able to wash out old evidence with new.
 */
import { mkdir, open, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { ChimerError, hexOf } from '../../base/index.ts'
import { sha3 } from '../../crypto/index.ts'
import { codeOf, syncDirectory } from '../../crypto/io/disk.ts'
import type { RoughtimeLink } from '../roughtime-chain.ts'
import { roughtimeReportOf } from '../roughtime-report.ts'

/** Reports that a directory holds; at most about 150 KB each. */
export const ROUGHTIME_REPORT_FILES_MAX = 32

const NAME = /^roughtime-[0-9a-f]{16}\.json$/

/**
 * Writes the report of a contradiction into `directory`, which is made where it is missing. Returns its path, or undefined where as
 * many as may be are there already. `TC_ROUGHTIME_REPORT_IO` where the disk refuses.
 */
export const keepReport = async (directory: string, links: readonly RoughtimeLink[]): Promise<string | undefined> => {
  const text = `${JSON.stringify(roughtimeReportOf(links), undefined, 2)}\n`
  const path = join(directory, `roughtime-${hexOf(sha3(new TextEncoder().encode(text))).slice(0, 16)}.json`)
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const kept = (await readdir(directory)).filter((name) => NAME.test(name))
    if (kept.includes(basename(path))) return path
    if (kept.length >= ROUGHTIME_REPORT_FILES_MAX) return undefined
    await using file = await open(path, 'wx', 0o600)
    await file.writeFile(text)
    await file.sync()
    await syncDirectory(directory)
    return path
  } catch (cause) {
    const message = `cannot keep the Roughtime report ${path} (${codeOf(cause)})`
    throw new ChimerError('TC_ROUGHTIME_REPORT_IO', message, { facts: { path }, cause })
  }
}
