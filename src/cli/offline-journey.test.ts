/** What lies where a journey puts its record: its own is replaced, somebody else's is kept. */
import { deepEqual, equal } from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { NS_PER_HOUR, hexOf } from '../base/index.ts'
import { encodeRecord, openVectors } from '../proofs/index.ts'
import type { OfflineRecord } from '../proofs/index.ts'
import { recordOf } from '../proofs/offline.test-kit.ts'
import { TAI } from '../proofs/proofs.test-suite.ts'
import { keepForeign } from './offline-journey.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'truechimer-journey-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const journeyOf = ({ vectors }: OfflineRecord): { readonly id: string } => {
  const opened = openVectors(vectors)
  if (opened.verdict !== 'accept') throw new TypeError(opened.reason)
  return { id: hexOf(opened.value.id) }
}

test('a record of this journey makes room, and nothing does too', async () => {
  const path = join(root, 'a.offline')
  const record = await recordOf(2)
  equal(await keepForeign(path, journeyOf(record)), undefined)
  writeFileSync(path, encodeRecord({ ...record, returned: undefined }))
  equal(await keepForeign(path, journeyOf(record)), undefined)
})

test('a record of another journey, and what is no record, is moved aside', async () => {
  const path = join(root, 'a.offline')
  const [one, other] = [await recordOf(2), await recordOf(2, { vectors: { expires: TAI + 9n * NS_PER_HOUR } })]
  writeFileSync(path, encodeRecord(other))
  equal(await keepForeign(path, journeyOf(one)), `${path}.1`)
  deepEqual(new Uint8Array(readFileSync(`${path}.1`)), encodeRecord(other))
  writeFileSync(path, 'notes of mine')
  equal(await keepForeign(path, journeyOf(one)), `${path}.2`)
  deepEqual(readdirSync(root).toSorted(), ['a.offline.1', 'a.offline.2'])
})
