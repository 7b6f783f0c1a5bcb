/** The order of writes to the signer's memory, and what a failing disk does to it. */
import { describe, test } from 'node:test'
import { deepEqual, equal, rejects } from 'node:assert/strict'
import { FRESH_HEAD } from '../index.ts'
import type { SignerHead } from '../index.ts'
import { headFileOf } from './head-file.ts'
import type { HeadFile } from './head-file.ts'

const headAt = (sequence: number): SignerHead => ({ sequence, tai: BigInt(sequence), digest: new Uint8Array(32) })

/** A disk that notes what begins and ends, and fails where it is told to. */
const disk = (
  fails: (copy: 0 | 1, sequence: number) => boolean,
): { readonly log: string[]; readonly file: HeadFile } => {
  const log: string[] = []
  const put = async (copy: 0 | 1, head: SignerHead): Promise<void> => {
    log.push(`begin ${copy}:${head.sequence}`)
    await Promise.resolve()
    if (fails(copy, head.sequence)) throw new RangeError('the disk is on fire')
    log.push(`end ${copy}:${head.sequence}`)
  }
  const close = async (): Promise<void> => {
    log.push('close')
  }
  return { log, file: headFileOf({ path: '/memory', head: FRESH_HEAD, put, close }) }
}

test('never both copies at once; the second before the next first, and before closing', async () => {
  const { log, file } = disk(() => false)
  await file.write(headAt(1))
  equal(log.includes('end 0:1'), true)
  await file.write(headAt(2))
  await file[Symbol.asyncDispose]()
  deepEqual(log, [1, 2].flatMap((n) => [`begin 0:${n}`, `end 0:${n}`, `begin 1:${n}`, `end 1:${n}`]).concat('close'))
})

describe('a failing disk', () => {
  test('under the first copy: the head stays, and nothing is written any more', async () => {
    const { log, file } = disk((copy, sequence) => copy === 0 && sequence === 2)
    await file.write(headAt(1))
    await rejects(file.write(headAt(2)), { code: 'TC_SIGNER_STATE_IO' })
    equal(file.head.sequence, 1)
    await rejects(file.write(headAt(2)), { code: 'TC_SIGNER_STATE_IO' })
    equal(log.filter((line) => line === 'begin 0:2').length, 1)
    await file[Symbol.asyncDispose]()
    equal(log.at(-1), 'close')
  })

  test('under the second copy: the first is the truth, and nothing is written any more', async () => {
    const { log, file } = disk((copy) => copy === 1)
    await file.write(headAt(1))
    equal(file.head.sequence, 1)
    await rejects(file.write(headAt(2)), { code: 'TC_SIGNER_STATE_IO' })
    await rejects(file.write(headAt(2)), { code: 'TC_SIGNER_STATE_IO' })
    equal(file.head.sequence, 1)
    equal(log.includes('begin 0:2'), false)
  })
})
