/**
 * The devnet from outside: five real processes, one liar, found and taken back; and nothing left behind, however it ends.
 */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openClient } from '../src/services/client.ts'
import { childrenOf, runProgram, untilGone } from './devnet/run.ts'

const patience = (): AbortSignal => AbortSignal.timeout(30_000)

test('one of five lies, is found, and is taken back; nobody else is struck off', async () => {
  const devnet = runProgram(['devnet', '--for', '45s', '--json', '--api', '127.0.0.1:0'])
  const [, directory = ''] = await devnet.line(/their data is in (\S+)/)
  await devnet.line(/dashboard http/)
  const nodes = childrenOf(devnet.pid)
  equal(nodes.length, 5)
  const { code, stdout } = await devnet.ended()
  const seen = JSON.parse(stdout.at(-1) ?? '')
  deepEqual(
    { nodes: seen.nodes, falsetickersFound: seen.falsetickersFound, honestFramed: seen.honestFramed },
    { nodes: 5, falsetickersFound: 1, honestFramed: 0 },
  )
  for (const name of ['detectMs', 'recoverMs', 'medianAbsOffsetNs', 'proofs', 'attestations'])
    ok(Number.isInteger(seen[name]) && seen[name] > 0, `${name} is ${seen[name]}`)
  equal(code, 0)
  equal(stdout.length, 1, 'only the answer goes to standard output')
  await untilGone(nodes, patience())
  ok(!existsSync(directory), 'the temporary folder is gone')
})

test('killed without warning it leaves no process, and its kept data starts again as the same nodes', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'truechimer-test-'))
  t.after(() => rmSync(data, { recursive: true, force: true }))
  const start = (): ReturnType<typeof runProgram> =>
    runProgram(['devnet', '--no-lie', '--data', data, '--api', '127.0.0.1:0'])
  const first = start()
  const [, api = ''] = await first.line(/dashboard (http:\/\/\S+?)\/?$/)
  const before = await openClient({ baseUrl: api }).nodes()
  const orphans = childrenOf(first.pid)
  first.kill('SIGKILL')
  await first.ended()
  await untilGone(orphans, patience())

  const second = start()
  const [, again = ''] = await second.line(/dashboard (http:\/\/\S+?)\/?$/)
  const after = await openClient({ baseUrl: again }).nodes()
  deepEqual(
    after.nodes.map(({ id }) => id),
    before.nodes.map(({ id }) => id),
  )
  const nodes = childrenOf(second.pid)
  second.kill('SIGINT')
  equal((await second.ended()).code, 0)
  await untilGone(nodes, patience())
  equal(JSON.parse(readFileSync(join(data, 'node-1', 'genesis.json'), 'utf8')).members.length, 5)
})

test('an address in use is named, with what to do, and nothing is left', async (t) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const devnet = runProgram(['devnet', '--no-lie', '--json', '--api', `127.0.0.1:${port}`])
  const { code, stdout } = await devnet.ended()
  equal(code, 3)
  const { error } = JSON.parse(stdout.at(-1) ?? '')
  equal(error.code, 'TC_DEVNET_NODE')
  match(error.message, new RegExp(`${port}`))
  deepEqual(childrenOf(devnet.pid), [])
})
