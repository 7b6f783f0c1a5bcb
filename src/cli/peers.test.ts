/** `truechimer peers` against an API: what stands on standard output, and how it ends. */
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { PEERS_EXAMPLE, WITNESS_ID_EXAMPLE } from '../services/examples.ts'
import { openHttpApi } from '../services/http-api.ts'
import type { PeersView } from '../services/schema.ts'
import { tableBackend } from '../services/table-backend.test-kit.ts'
import { peers } from './peers.ts'
import type { PeersOptions } from './peers.ts'

/** Asks a node of tables; what is written to standard output is caught. */
const ask = async (
  t: TestContext,
  options: Omit<PeersOptions, 'api' | 'sort'>,
  view: PeersView = PEERS_EXAMPLE,
): Promise<{ readonly code: number; readonly said: string }> => {
  const backend = tableBackend()
  backend.table.peers = view
  await using api = await openHttpApi({ backend, listen: { host: '127.0.0.1', port: 0 } })
  let said = ''
  const write = t.mock.method(process.stdout, 'write', (text: string) => ((said += text), true))
  try {
    const code = await peers({ ...options, api: api.address, sort: 'score' })
    return { code, said }
  } finally {
    write.mock.restore()
  }
}

test('a table, and exit 0 where somebody is connected', async (t) => {
  const { code, said } = await ask(t, {})
  equal(code, 0)
  match(said, /1 connected, 0 remembered/)
  match(said, /bede +out +tcp +ip4\/192\.0 +620 µs +1\.0\.0 +−4 +918 kB +645 kB +63 +connected/)
  match(said, /dropped +7 rate-limited/)
})

test('connected to nobody: what to do, and exit 1', async (t) => {
  const { code, said } = await ask(t, {}, { ...PEERS_EXAMPLE, peers: [] })
  equal(code, 1)
  match(said, /connected to nobody.*--bootstrap/)
})

test('as JSON: the whole answer on one line, or the peer that was named', async (t) => {
  const { said } = await ask(t, { json: true })
  deepEqual(JSON.parse(said), PEERS_EXAMPLE)
  const one = await ask(t, { json: true, peer: WITNESS_ID_EXAMPLE.slice(0, 20) })
  deepEqual(JSON.parse(one.said), PEERS_EXAMPLE.peers[0])
})

test('a name that nobody has, and one that fits several, are wrong usage, with those that there are', async (t) => {
  await rejects(ask(t, { peer: 'nobody' }), {
    code: 'TC_USAGE',
    message: /No peer is called so\. This node knows: bede\./,
  })
  const [peer] = PEERS_EXAMPLE.peers
  ok(peer !== undefined)
  const twins = { ...PEERS_EXAMPLE, peers: [peer, { ...peer, name: 'cyra', id: `${peer.id.slice(0, -1)}B` }] }
  await rejects(ask(t, { peer: peer.id.slice(0, 12) }, twins), { code: 'TC_USAGE', message: /Several .* bede, cyra/ })
})

test('a watch asks again and ends by itself', async (t) => {
  const { code, said } = await ask(t, { watch: true, json: true, for: 1 })
  equal(code, 0)
  deepEqual(JSON.parse(said.split('\n')[0] ?? ''), PEERS_EXAMPLE)
})
