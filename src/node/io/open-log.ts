/**
 * The log of a node in its data directory, `log/`, for the node itself. A log that cannot be opened or written is told and does not
 * stop the node: it goes on with its lines alone. Rules: docs/spec/log.md L-19.
 */
import { join } from 'node:path'
import { ChimerError } from '../../base/index.ts'
import type { Time, TimeInterval } from '../../base/index.ts'
import type { Signer } from '../../crypto/index.ts'
import { SEGMENT_BYTES_MAX, openFileLog } from '../../log/io/file-log.ts'
import type { FileLog } from '../../log/io/file-log.ts'
import type { NodeLog } from '../../log/io/node-log.ts'

export const logDirectoryOf = (directory: string): string => join(directory, 'log')

export interface KeepLogOptions {
  readonly log: NodeLog
  readonly time: Time
  /** The node's data directory. */
  readonly directory: string
  readonly networkId: Uint8Array
  readonly signer: Pick<Signer, 'nodeId' | 'sign'>
  readonly now: () => TimeInterval | null
  /** Megabytes (10^6 bytes) that the log may take, about. */
  readonly keepMb: number
}

/** Opens the log, has what was said so far written to it, and closes both in order. Never rejects for what a disk does. */
export const keepLog = async (options: KeepLogOptions): Promise<AsyncDisposable> => {
  const { log, now } = options
  const store = await opened(options)
  if (store !== undefined) {
    log.attach(store, now)
    const { tornBytes } = store.opening
    if (tornBytes > 0)
      log.record({ level: 'warn', type: 'operator', message: TORN, facts: { bytes: tornBytes, size: store.head.size } })
  }
  return {
    [Symbol.asyncDispose]: async () => {
      await log[Symbol.asyncDispose]()
      await store?.[Symbol.asyncDispose]().catch((cause: unknown) => tell(log, cause))
    },
  }
}

const TORN = 'the last write of the log had not finished when the node ended; its beginning was cut away'

const opened = async (options: KeepLogOptions): Promise<FileLog | undefined> => {
  const { log, time, directory, networkId, signer, now, keepMb } = options
  try {
    return await openFileLog({
      directory: logDirectoryOf(directory),
      time,
      networkId,
      signer,
      now,
      segmentsMax: Math.max(2, Math.floor((keepMb * 1_000_000) / SEGMENT_BYTES_MAX)),
      onTrouble: (trouble) => tell(log, trouble),
    })
  } catch (cause) {
    tell(log, cause)
    return undefined
  }
}

const tell = (log: NodeLog, cause: unknown): void => {
  if (!(cause instanceof ChimerError)) throw cause
  const message = `${cause.message}. The node goes on without`
  log.record({ level: 'warn', type: 'operator', message, facts: { code: cause.code } })
}
