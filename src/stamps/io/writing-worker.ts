/** The thread that writes stamps: writing-thread.ts sends rows and takes the answers. */
import assert from 'node:assert/strict'
import { parentPort, workerData } from 'node:worker_threads'
import type { ChimerError } from '../../base/index.ts'
import { joinSqliteFile } from '../../crypto/io/sqlite-file.ts'
import type { Taken } from '../stamping-port.ts'
import { SHARED_FORM } from './stamp-schema.ts'
import { stampStoreFailure } from './stamp-store-failures.ts'
import { TakenWriter } from './taken-rows.ts'
import type { TakenRows } from './taken-rows.ts'

export type WrittenAnswer =
  | { readonly type: 'written'; readonly taken: Taken }
  | { readonly type: 'failed'; readonly message: string; readonly facts: ChimerError['facts'] }

const isRows = (message: unknown): message is TakenRows =>
  typeof message === 'object' && message !== null && 'entries' in message && 'contents' in message

const path: unknown = workerData
assert(typeof path === 'string')
const writer = new TakenWriter(joinSqliteFile(path, SHARED_FORM))

const answerTo = (rows: TakenRows): WrittenAnswer => {
  try {
    return { type: 'written', taken: writer.write(rows) }
  } catch (cause) {
    const { message, facts } = stampStoreFailure(path, cause)
    return { type: 'failed', message, facts }
  }
}

parentPort?.on('message', (message: unknown) => {
  assert(isRows(message))
  parentPort?.postMessage(answerTo(message), [])
})
