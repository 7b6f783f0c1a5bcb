/**
 * Checks the log in a directory from its first kept byte to its last, and names the first that is wrong: in which file, at which
 * byte, in which entry, and why. Takes no lock; at the end of a log that is being written it waits for the last frame to be whole.
 *
 * Rules: docs/spec/log.md L-13.
 */
import { stat } from 'node:fs/promises'
import { NS_PER_MS } from '../../base/index.ts'
import type { Time } from '../../base/index.ts'
import { sha3 } from '../../crypto/index.ts'
import { cidText } from '../entry.ts'
import { LogVerifier } from '../verification.ts'
import type { LogOwner, LogReason } from '../verification.ts'
import { noLog } from './disk-failures.ts'
import { SegmentScan, listSegments } from './segment-scan.ts'
import type { SegmentFile } from './segment-scan.ts'

/** A last frame that is not whole is looked at again so often, this far apart. */
const LOOKS = 5
const LOOK_NS = 200n * NS_PER_MS

export interface LogFault {
  /** Of the entry that is wrong; where a header or a checkpoint is wrong, of the next entry. */
  readonly sequence: number
  /** What is wrong. */
  readonly record: 'segment' | 'entry' | 'checkpoint' | 'unknown'
  readonly reason: LogReason
  /** The name of an entry as its bytes now stand; null where they are no whole frame. */
  readonly cid: string | null
  readonly path: string
  readonly offset: number
}

export interface LogReport {
  /** Undefined: nothing is wrong. */
  readonly fault: LogFault | undefined
  readonly first: number
  /** Good entries reach up to here. */
  readonly size: number
  readonly checkpoints: number
  /** Good entries that no checkpoint covers. */
  readonly uncovered: number
  /** Of the newest good entry. */
  readonly head: string | null
  /** Whose log it is by its first header, 32 bytes. */
  readonly nodeId: Uint8Array | undefined
}

export interface VerifyOptions {
  readonly directory: string
  readonly time: Time
  readonly owner?: LogOwner
  /** Called after every piece, with bytes so far and in all. */
  readonly onProgress?: (bytes: { readonly done: number; readonly all: number }) => void
  readonly signal?: AbortSignal
}

/** `TC_LOG_UNREADABLE` where there is no log or a file cannot be read; what is wrong in it is in the report. */
export const verifyLog = async (options: VerifyOptions): Promise<LogReport> => {
  const segments = await listSegments(options.directory)
  if (segments.length === 0) throw noLog(options.directory)
  const verifier = new LogVerifier(options.owner)
  let all = 0
  for (const { path } of segments) all += (await stat(path).catch(() => ({ size: 0 }))).size
  let done = 0
  let fault: LogFault | undefined
  for (const segment of segments) {
    await using scan = await SegmentScan.open(segment.path)
    const progress = (): void => options.onProgress?.({ done: done + scan.at, all: Math.max(all, done + scan.at) })
    fault = await verifySegment({ ...options, verifier, scan, segment, progress })
    done += scan.at
    if (fault !== undefined || options.signal?.aborted === true) break
  }
  const { first, size, checkpoints, uncovered, digest, header } = verifier
  const head = digest === null ? null : cidText(digest)
  return { fault, first, size, checkpoints, uncovered, head, nodeId: header?.nodeId }
}

const verifySegment = async (parts: {
  readonly verifier: LogVerifier
  readonly scan: SegmentScan
  readonly segment: SegmentFile
  readonly time: Time
  readonly progress: () => void
  readonly signal?: AbortSignal
}): Promise<LogFault | undefined> => {
  const { verifier, scan, segment, time, progress, signal } = parts
  const faultAt = (offset: number, what: Pick<LogFault, 'record' | 'reason' | 'cid'>): LogFault => ({
    ...what,
    sequence: verifier.size,
    path: segment.path,
    offset,
  })
  for (let looks = 0; ;) {
    const frames = await scan.next()
    for (const frame of frames) {
      const { kind, bytes, offset } = frame
      const isOutOfPlace = (kind === 'segment') !== (offset === 0)
      const verdict = isOutOfPlace ? NO_HEADER : verifier.take(frame)
      if (verdict.verdict !== 'accept')
        return faultAt(offset, {
          record: kind,
          reason: verdict.reason,
          cid: kind === 'entry' ? cidText(sha3(bytes)) : null,
        })
    }
    progress()
    if (signal?.aborted === true) return undefined
    if (frames.length > 0) continue
    if (scan.left === 0 && scan.at > 0) return undefined
    looks += 1
    if (looks > LOOKS || scan.fault !== undefined)
      return faultAt(scan.at, { record: 'unknown', reason: scan.fault ?? 'torn-tail', cid: null })
    await new Promise<void>((resolve) => void time.schedule(LOOK_NS, resolve))
  }
}

const NO_HEADER = { verdict: 'reject', reason: 'no-header' } as const
