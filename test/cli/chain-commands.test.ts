/** `truechimer block`, `status` and `genesis` as they are called, against a real HTTP server over tables. */
import { readGenesis } from '../../src/consensus/index.ts'
import { deepEqual, equal, match, rejects } from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import picocolors from 'picocolors'
import { BLOCK_EXAMPLE, GENESIS_EXAMPLE } from '../../src/services/chain-examples.ts'
import { genesisFileOf } from '../../src/services/chain-of-node.ts'
import { openHttpApi } from '../../src/services/http-api.ts'
import type { BlockView } from '../../src/services/schema.ts'
import { WITNESS_ID_EXAMPLE, STATUS_EXAMPLE } from '../../src/services/examples.ts'
import { tableBackend } from '../../src/services/table-backend.test-kit.ts'
import type { TableBackend } from '../../src/services/table-backend.test-kit.ts'
import { block } from '../../src/cli/block.ts'
import { blockLines, genesisLines } from '../../src/cli/chain-lines.ts'
import { genesis } from '../../src/cli/genesis.ts'
import { status } from '../../src/cli/status.ts'

const drawing = { columns: Number.POSITIVE_INFINITY, paint: picocolors.createColors(false) }
const shown = (change: Partial<BlockView> = {}): string =>
  blockLines({ ...BLOCK_EXAMPLE, ...change }, drawing).join('\n')

/** Runs a command against a node of tables; what it writes is caught. */
const against = async (
  t: TestContext,
  run: (api: string) => Promise<number>,
  backend: TableBackend = tableBackend(),
): Promise<{ readonly code: number; readonly said: string; readonly noted: string }> => {
  await using api = await openHttpApi({ backend, listen: { host: '127.0.0.1', port: 0 } })
  const texts = { stdout: '', stderr: '' }
  const caught = (['stdout', 'stderr'] as const).map((name) =>
    t.mock.method(process[name], 'write', (text: string) => ((texts[name] += text), true)),
  )
  try {
    return { code: await run(api.address), said: texts.stdout, noted: texts.stderr }
  } finally {
    for (const write of caught) write.mock.restore()
  }
}

test('truechimer block: as text, as JSON, and exit 1 with what there is instead', async (t) => {
  const good = await against(t, (api) => block({ api, block: '1234' }))
  deepEqual([good.code, good.said], [0, `${shown()}\n`])
  const json = await against(t, (api) => block({ api, block: '1234', json: true }))
  deepEqual(JSON.parse(json.said), BLOCK_EXAMPLE)
  const none = await against(t, (api) => block({ api, block: '4000' }))
  deepEqual([none.code, none.said], [1, ''])
  match(none.noted, /There is no block 4000 yet: the newest is 1235\./)
  await rejects(
    against(t, (api) => block({ api, block: 'newest' })),
    { code: 'TC_API_BAD_REQUEST' },
  )
})

test('truechimer status tells the chain, and a node without one is told of without', async (t) => {
  const whole = await against(t, (api) => status({ api }))
  match(whole.said, /chain +height 1235, round 0, prevote/)
  const backend = tableBackend()
  backend.table.status = { ...STATUS_EXAMPLE, chain: null }
  const without = await against(t, (api) => status({ api }), backend)
  deepEqual([without.code, /chain/.test(without.said)], [0, false])
})

test('truechimer genesis: of a node, and of a directory without one, alike', async (t) => {
  const asked = await against(t, (api) => genesis({ api, json: true }))
  deepEqual(JSON.parse(asked.said), GENESIS_EXAMPLE)
  const directory = await mkdtemp(join(tmpdir(), 'truechimer-genesis-'))
  try {
    const file = { name: 'own', members: [{ id: WITNESS_ID_EXAMPLE, name: 'ada', weight: 3 }] }
    await writeFile(join(directory, 'genesis.json'), JSON.stringify(file))
    const { said } = await against(t, (api) => genesis({ api, data: directory }))
    match(said, /^network +own\nid +[0-9a-f]{64}\n/)
    match(said, /\nada +3 \(100 %\) +12D3KooW/)
    match(said, /\nconsensus\.epochSlots +3600\n/)
    match(said, /\nslotNs +1000000000 {2}\(1 s\)\n/)
    match(said, /\nstanding\.alphaPpb +500000000 {2}\(50 %\)\n/)
    await rejects(genesis({ api: 'http://127.0.0.1:1', data: join(directory, 'none') }), { code: 'TC_FILE_UNREADABLE' })
  } finally {
    await rm(directory, { recursive: true })
  }
})

test('a genesis written out with its defaults is the same network', () => {
  const read = readGenesis({ name: 'own', members: [{ id: WITNESS_ID_EXAMPLE, name: 'ada' }] })
  deepEqual(readGenesis(genesisFileOf(read)), read)
  equal(genesisLines({ networkId: 'ab', name: 'own', genesis: {} }, drawing)[0], 'network  own')
})
