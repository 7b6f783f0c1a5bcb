/** A devnet's nodes give time-stamp tokens that OpenSSL's command takes, with what the node itself serves and nothing else. */
import { equal, match, ok } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { openClient } from '../src/services/client.ts'
import { childrenOf, runProgram, untilGone } from './devnet/run.ts'
import { programPath } from './real/program.ts'

const openssl = programPath('openssl')
const run = promisify(execFile)

const whenSynchronised = async (api: string): Promise<void> => {
  const client = openClient({ baseUrl: api })
  if ((await client.status()).clock.status === 'synchronised') return
  for await (const _ of client.events({ types: ['clock'], signal: AbortSignal.timeout(30_000) }))
    if ((await client.status()).clock.status === 'synchronised') return
}

test('tokens of a devnet', { skip: openssl === undefined ? 'this machine has no openssl' : false }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'truechimer-devnet-tsa-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const place = (name: string): string => join(folder, name)
  writeFileSync(place('contract.txt'), 'we agree')
  const devnet = runProgram(['devnet', '--no-lie', '--nodes', '4', '--api', '127.0.0.1:0'])
  const [, api = ''] = await devnet.line(/time-stamps \(RFC 3161\) (http:\/\/\S+)\/tsa/)
  await whenSynchronised(api)
  writeFileSync(place('ca.pem'), await (await fetch(`${api}/tsa/ca.pem`)).text())

  const ask = ['ts', '-query', '-data', place('contract.txt'), '-sha512', '-cert', '-out', place('query.tsq')]
  await run(openssl ?? '', ask)
  const query = readFileSync(place('query.tsq'))
  const headers = { 'content-type': 'application/timestamp-query' }
  const answer = await fetch(`${api}/tsa`, { method: 'POST', headers, body: Uint8Array.from(query) })
  writeFileSync(place('response.tsr'), Buffer.from(await answer.arrayBuffer()))
  const parts = ['-in', place('response.tsr'), '-queryfile', place('query.tsq'), '-CAfile', place('ca.pem')]
  match((await run(openssl ?? '', ['ts', '-verify', ...parts])).stdout, /Verification: OK/)
  match(
    (await run(openssl ?? '', ['ts', '-reply', '-in', place('response.tsr'), '-text'])).stdout,
    /Accuracy: .*micros/,
  )

  const checked = await runProgram([
    'tsa',
    'verify',
    place('contract.txt'),
    place('response.tsr'),
    '--ca',
    place('ca.pem'),
  ]).ended()
  equal(checked.code, 0, checked.stderr.join('\n'))
  const nodes = childrenOf(devnet.pid)
  devnet.kill('SIGINT')
  ok((await devnet.ended()).code === 0)
  await untilGone(nodes, AbortSignal.timeout(30_000))
})
