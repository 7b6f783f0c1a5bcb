/** Handing in over real sockets what was stamped offline, with the client and with a table for a desk. */
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ChimerError } from '../base/index.ts'
import { OFFLINE_DESK_REASONS } from '../node/index.ts'
import type { OfflineAnswer } from '../node/index.ts'
import { OFFLINE_REASONS } from '../proofs/index.ts'
import { ask } from './asking.test-kit.ts'
import { openClient } from './client.ts'
import type { ApiError, Client } from './client.ts'
import { openHttpApi } from './http-api.ts'
import type { ApiLimits } from './limits.ts'
import { explainOffline } from './offline-reasons.ts'
import { tableBackend } from './table-backend.test-kit.ts'
import { NEWEST, tableDesk } from './table-stamps.test-kit.ts'

const DRAWING = 'ab'.repeat(32)
const EVIDENCE = Uint8Array.of(1, 2, 3)

interface Opened extends AsyncDisposable {
  readonly client: Client
  readonly address: string
  /** What was handed in, as the desk got it. */
  readonly handed: { readonly record: Uint8Array; readonly beacon: string | null }[]
}

/** A desk that answers `refusal`, fails with it, or takes everything. */
const open = async (refusal?: OfflineAnswer | ChimerError, limits: Partial<ApiLimits> = {}): Promise<Opened> => {
  const handed: Opened['handed'] = []
  const stamps = tableDesk()
  const offline = {
    submit: async (record: Uint8Array, beacon: string | null): Promise<OfflineAnswer> => {
      handed.push({ record, beacon })
      if (refusal instanceof ChimerError) throw refusal
      if (refusal !== undefined) return refusal
      const taken = await stamps.submit([
        { algorithm: 'sha3-256', imprint: new Uint8Array(32), beacon, clientKey: DRAWING },
      ])
      const stamp = taken.verdict === 'accept' ? taken.value[0] : undefined
      ok(stamp !== undefined)
      return { verdict: 'accept', value: { id: DRAWING, stamp } }
    },
    evidence: async (id: string) => (id === DRAWING ? EVIDENCE : undefined),
  }
  const backend = { ...tableBackend({ stamps: false }), stamps, offline }
  const api = await openHttpApi({ backend, listen: { host: '127.0.0.1', port: 0 }, limits })
  const client = openClient({ baseUrl: api.address })
  return { client, address: api.address, handed, [Symbol.asyncDispose]: () => api[Symbol.asyncDispose]() }
}

const coded = (code: string, message: RegExp) => (error: ApiError) => {
  equal(error.code, code)
  match(error.message, message)
  return true
}

test('a record of two megabytes goes through as it is, and its stamp comes back', async () => {
  await using node = await open()
  const record = new Uint8Array(2_097_152).fill(7)
  const { drawing, stamp } = await node.client.offline.submit(record, { beacon: NEWEST.block })
  equal(drawing, DRAWING)
  deepEqual([stamp.entry.algorithm, stamp.entry.beacon], ['sha3-256', NEWEST.block])
  deepEqual(node.handed, [{ record, beacon: NEWEST.block }])
})

test('evidence is shown where there is some', async () => {
  await using node = await open()
  deepEqual(await node.client.offline.evidence(DRAWING), EVIDENCE)
  await rejects(node.client.offline.evidence('cd'.repeat(32)), coded('TC_API_UNKNOWN_DRAWING', /no evidence/))
})

describe('refusals', () => {
  const table: readonly (readonly [string, OfflineAnswer, string, RegExp])[] = [
    [
      'a record that does not hold names link and stamp',
      { verdict: 'reject', reason: 'offline-expired', link: 'stamps', at: 4 },
      'TC_API_OFFLINE_REFUSED',
      /refused at stamps 4\. A stamp was made after the vectors had expired\. \[offline-expired\]$/,
    ],
    [
      'one that is no record',
      { verdict: 'reject', reason: 'malformed' },
      'TC_API_OFFLINE_REFUSED',
      /^The record was refused\..* \[malformed\]$/,
    ],
    ['an old beacon names the newest', { verdict: 'ignore', reason: 'beacon-stale' }, 'TC_API_STAMP_BEACON', /3d3d/],
    ['no time', { verdict: 'ignore', reason: 'clock-not-ready', link: 'return' }, 'TC_API_STAMP_UNREADY', /clock/],
  ]
  for (const [name, refusal, code, message] of table)
    test(name, async () => {
      await using node = await open(refusal)
      await rejects(node.client.offline.submit(Uint8Array.of(1), { beacon: null }), coded(code, message))
    })

  test('a disk that keeps nothing is told, and no path of this machine', async () => {
    const full = new ChimerError('TC_FILE_UNWRITABLE', 'Cannot write /srv/ada/offline/x.record: no space left.')
    await using node = await open(full)
    await rejects(node.client.offline.submit(Uint8Array.of(1), { beacon: null }), (error: ApiError) => {
      deepEqual([error.code, error.status, error.message.includes('/srv')], ['TC_API_STAMP_STORE', 503, false])
      return true
    })
  })

  test('every reason of a desk has its sentence', () =>
    deepEqual(
      [...OFFLINE_REASONS, ...OFFLINE_DESK_REASONS].filter((reason) => explainOffline(reason) === ''),
      [],
    ))

  test('bodies that are none, and too large ones, do not reach the desk', async () => {
    await using node = await open(undefined, { offlineBodyBytesMax: 1000 })
    const post = async (body: string) =>
      (
        await ask(`${node.address}/v1/offline`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
        })
      ).status
    const statuses = []
    for (const body of ['{', '{}', '{"record":"*","beacon":null}', '{"record":"hA==","beacon":"ab"}', ' '.repeat(2000)])
      statuses.push(await post(body))
    deepEqual(statuses, [400, 400, 400, 400, 413])
    deepEqual(node.handed, [])
  })
})
