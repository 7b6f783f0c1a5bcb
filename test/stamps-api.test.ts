/**
 * Stamps from the first request to a proof that is checked with the genesis alone: four whole validators on loopback, one of which serves the
 * HTTP API over its real desk, disk and chain.
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { chainGenesisOf, readConfig, readGenesis } from '../src/node/index.ts'
import type { GenesisFile } from '../src/node/index.ts'
import { makeKey, readConfigFile, writeSettings } from '../src/node/io/data-directory.ts'
import { realRandom, realTime } from '../src/node/io/real-ports.ts'
import { startNode } from '../src/node/io/start-node.ts'
import type { RunningNode } from '../src/node/io/start-node.ts'
import { ApiError, openClient } from '../src/services/client.ts'
import type { Client } from '../src/services/client.ts'
import { openHttpApi } from '../src/services/http-api.ts'
import { openNodeBackend } from '../src/services/node-backend.ts'
import { openReceipt, openStampProof, stampTrustOfGenesis, verifyStamp } from '../src/stamps/index.ts'
import type { StampTrust, VerifiedStamp } from '../src/stamps/index.ts'

const VALIDATORS = 4
const SLOT_NS = 500_000_000

const stack = new AsyncDisposableStack()
let client: Client
let trust: StampTrust

const start = async (directory: string, bootstrap: readonly string[]): Promise<RunningNode> =>
  stack.use(
    await startNode({
      time: realTime,
      random: realRandom,
      directory,
      config: readConfig(await readConfigFile(directory), { bootstrap }),
      passphrase: undefined,
      agent: 'truechimer/test',
      tell: () => undefined,
    }),
  )

before(async () => {
  const root = mkdtempSync(join(tmpdir(), 'truechimer-stamps-'))
  stack.defer(() => rmSync(root, { recursive: true, force: true }))
  const places = Array.from({ length: VALIDATORS }, (_, i) => join(root, `${i}`))
  const ids = await Promise.all(
    places.map((directory) => makeKey({ random: realRandom, directory, passphrase: undefined })),
  )
  const parameters = { slotNs: SLOT_NS }
  const genesis: GenesisFile = { name: 'test', parameters, members: ids.map((id, i) => ({ id, name: `v${i}` })) }
  const config = { consensus: { validator: true }, sources: { hostBoundMs: 1, pollIntervalMs: 500 } }
  for (const place of places) await writeSettings(place, { config, genesis })
  const nodes: RunningNode[] = []
  for (const place of places)
    nodes.push(
      await start(
        place,
        nodes.flatMap(({ chimer }) => chimer.network.addresses().slice(0, 1)),
      ),
    )
  const [node] = nodes
  ok(node !== undefined)
  const { chimer, time, stamping } = node
  const backend = openNodeBackend({ chimer, time, version: 'test', stamps: stamping })
  const api = stack.use(await openHttpApi({ backend, listen: { host: '127.0.0.1', port: 0 } }))
  client = openClient({ baseUrl: api.address })
  trust = stampTrustOfGenesis(chainGenesisOf(readGenesis((await client.genesis()).genesis)))
})
beforeEach(() => ready())
after(() => stack.disposeAsync())

const digest = (): string => randomBytes(32).toString('hex')

/** Until the node may stamp it says why not; each block may change that. */
const ready = async (): Promise<void> => {
  for await (const _ of client.events({ types: ['block', 'judgement'], signal: AbortSignal.timeout(60_000) }))
    try {
      await client.stamps.submit({ imprint: digest() })
      return
    } catch (error) {
      ok(error instanceof ApiError && error.code === 'TC_API_STAMP_UNREADY', String(error))
    }
  throw new TypeError('the node never stamped')
}

const whenFinal = async (ids: readonly string[]): Promise<void> => {
  const states = new Map<string, string>()
  for await (const { id, state } of client.stamps.watch(ids, { signal: AbortSignal.timeout(60_000) }))
    states.set(id, state)
  deepEqual(
    ids.map((id) => states.get(id)),
    ids.map(() => 'final'),
  )
}

const verified = async (id: string, bytes: Uint8Array): Promise<VerifiedStamp> => {
  const opened = openStampProof(await client.stamps.proof(id))
  ok(opened.verdict === 'accept')
  const digested = new Uint8Array(createHash('sha256').update(bytes).digest())
  const verdict = verifyStamp(opened.value, { trust, digest: { algorithm: 'sha-256', digest: digested } })
  ok(
    verdict.verdict === 'accept',
    JSON.stringify(verdict, (_, value: unknown) => String(value)),
  )
  return verdict.value
}

test('from the digest to a proof that the genesis alone checks, with both bounds', async () => {
  const bytes = randomBytes(100)
  const imprint = createHash('sha256').update(bytes).digest('hex')
  const beacon = await client.stamps.beacon()
  const stamp = await client.stamps.submit({ imprint })
  ok(beacon !== null && stamp.entry.beacon !== null)
  ok(stamp.heightPromised > beacon.height)
  const receipt = openReceipt(Buffer.from(stamp.receipt, 'base64'))
  ok(receipt.verdict === 'accept')
  equal(receipt.value.position, stamp.position)
  await whenFinal([stamp.id])
  const found = await client.stamps.find(stamp.id)
  const { interval, height, isPromiseKept } = await verified(stamp.id, bytes)
  equal(height, found.height)
  ok(isPromiseKept)
  ok(interval.notBefore !== undefined && interval.notBefore <= interval.notAfter)
  ok(interval.notAfter >= BigInt(stamp.received.earliest))
})

test('a hundred at once, asked for twice under one key: the same stamps, all final', async () => {
  const asks = Array.from({ length: 100 }, () => ({ imprint: digest(), beacon: null }))
  const stamps = await client.stamps.submitMany(asks, { clientKey: 'twice' })
  const again = await client.stamps.submitMany(asks, { clientKey: 'twice' })
  deepEqual(
    again.map(({ id, receipt }) => [id, receipt]),
    stamps.map(({ id, receipt }) => [id, receipt]),
  )
  await whenFinal(stamps.map(({ id }) => id))
})

test('without a beacon the proof has an upper bound alone', async () => {
  const bytes = randomBytes(10)
  const imprint = createHash('sha256').update(bytes).digest('hex')
  const { id, entry } = await client.stamps.submit({ imprint, beacon: null })
  equal(entry.beacon, null)
  await whenFinal([id])
  const { interval } = await verified(id, bytes)
  equal(interval.notBefore, undefined)
})

test('a beacon that is no block is refused, and the newest is named', async () => {
  const refused = await client.stamps.submit({ imprint: digest(), beacon: digest() }).catch((error: unknown) => error)
  ok(refused instanceof ApiError)
  equal(refused.code, 'TC_API_STAMP_BEACON')
  ok(/The newest is [0-9a-f]{64} at height \d+.*\[beacon-unknown\]$/.test(refused.message))
})
