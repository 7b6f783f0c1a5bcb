/**
 * `truechimer clock roughtime` from outside, against servers of ours in this process: honest ones, a liar, and reports on disk; and a
 * node that is fed by them, serves Roughtime itself, and keeps the proof.
 */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { z } from 'zod'
import { NS_PER_SEC, seededRandom } from '../../src/base/index.ts'
import { roughtimeServerOf, verifyRoughtimeReport } from '../../src/clock/index.ts'
import { signingKeyOf } from '../../src/crypto/index.ts'
import { openRoughtimeServer } from '../../src/services/roughtime-server.ts'
import type { RoughtimeServer } from '../../src/services/roughtime-server.ts'
import { hostBasis } from '../../src/services/time-servers.test-kit.ts'
import { runProgram } from '../devnet/run.ts'
import { machineTime } from '../real/machine-time.ts'

const root = mkdtempSync(join(tmpdir(), 'truechimer-roughtime-'))
after(() => rmSync(root, { recursive: true, force: true }))
const time = machineTime()

/** A server that is `awayNs` off, and how a person names it. */
const serve = async (
  seed: bigint,
  awayNs = 0n,
): Promise<{ readonly name: string; readonly server: RoughtimeServer }> => {
  const server = await openRoughtimeServer({
    time,
    random: seededRandom(seed),
    longTerm: signingKeyOf(seededRandom(seed).bytes(32)),
    listen: { host: '127.0.0.1', port: 0 },
    basis: hostBasis(time, { awayNs }),
  })
  return { server, name: `127.0.0.1:${server.port} ${server.publicKey}` }
}

const ask = (...args: readonly string[]): ReturnType<ReturnType<typeof runProgram>['ended']> =>
  runProgram(['clock', 'roughtime', ...args]).ended()

const answers = z.object({
  answers: z.array(
    z.object({
      server: z.string(),
      verdict: z.string(),
      contradicts: z.array(z.int()),
      radiusSec: z.string().nullable(),
    }),
  ),
  report: z.string().nullable(),
})

test('honest servers are good; a liar among them is shown, proved, and the proof is checked; a changed one is refused', async () => {
  const { server: a, name: honest } = await serve(1n)
  const { server: b, name: liar } = await serve(2n, 600n * NS_PER_SEC)
  await using _honest = a
  await using _liar = b
  const good = await ask('--server', honest, '--json')
  equal(good.code, 0, good.stderr.join())
  deepEqual(
    answers.parse(JSON.parse(good.stdout.join(''))).answers.map(({ verdict }) => verdict),
    ['good', 'good'],
  )

  const path = join(root, 'proof.json')
  const caught = await ask('--server', honest, '--server', liar, '--report', path, '--json')
  equal(caught.code, 1, caught.stderr.join())
  const said = answers.parse(JSON.parse(caught.stdout.join('')))
  equal(said.report, path)
  deepEqual(
    said.answers.map(({ contradicts }) => contradicts),
    [[], [3], [2], []],
  )
  if (process.platform !== 'win32') equal(statSync(path).mode & 0o777, 0o600)

  const proof = await ask('--verify', path)
  equal(proof.code, 0, proof.stderr.join())
  match(proof.stdout.join(), /a proof/)
  const text = readFileSync(path, 'utf8')
  const changed = join(root, 'changed.json')
  writeFileSync(changed, text.replaceAll(b.publicKey, a.publicKey))
  const refused = await ask('--verify', changed, '--json')
  equal(refused.code, 1, refused.stderr.join())
  deepEqual(JSON.parse(refused.stdout.join('')), { proves: false, reason: 'roughtime-delegation-signature', at: 2 })
})

for (const [name, args, code, tells] of [
  ['nothing to ask', [], 2, /--server.*--verify/],
  ['both at once', ['--server', 'x', '--verify', 'y'], 2, /not both/],
  ['a server without a key', ['--server', '127.0.0.1:2002'], 2, /HOST:PORT KEY/],
  [
    'more than a chain holds',
    Array.from({ length: 17 }, () => ['--server', `a:1 ${'A'.repeat(42)}E=`]).flat(),
    2,
    /32 questions|HOST:PORT KEY/,
  ],
  ['a report that is not there', ['--verify', join(root, 'none.json')], 3, /none\.json/],
] as const)
  test(`${name} is refused with what to do`, async () => {
    const { code: ended, stderr } = await ask(...args)
    equal(ended, code)
    match(stderr.join(), tells)
  })

test('a node takes Roughtime as a source, serves it under a key of its own, and keeps the proof of a lie', async () => {
  const { server: a, name: first } = await serve(3n)
  const { server: b, name: second } = await serve(4n)
  const { server: c, name: liar } = await serve(5n, -600n * NS_PER_SEC)
  await using _first = a
  await using _second = b
  await using _liar = c
  const directory = join(root, 'node')
  equal((await runProgram(['init', '--data', directory, '--no-encrypt']).ended()).code, 0)
  const where = ['--data', directory, '--api', '127.0.0.1:0', '--roughtime-serve', '127.0.0.1:0']
  const sources = ['--roughtime', [first, second, liar].join(','), '--host-bound-ms', '10']
  const node = runProgram(['node', ...where, ...sources, '--json'])
  try {
    const [ready] = await node.line(/^.*"ready".*$/)
    const { roughtime } = z.object({ serving: z.object({ roughtime: z.string() }) }).parse(JSON.parse(ready)).serving
    ok(roughtimeServerOf(roughtime) !== undefined, roughtime)
    if (process.platform !== 'win32') equal(statSync(join(directory, 'keys', 'roughtime.json')).mode & 0o777, 0o600)
    const [, report = ''] = await node.line(/TC_ROUGHTIME_MALFEASANCE.* the proof is (\S+\.json);/)
    equal(verifyRoughtimeReport(JSON.parse(readFileSync(report, 'utf8'))).verdict, 'accept')
    let asked = await ask('--server', roughtime, '--rounds', '1')
    // It answers nobody before a majority of its sources gave it the time.
    for (let i = 0; i < 10 && asked.code !== 0; i += 1) asked = await ask('--server', roughtime, '--rounds', '1')
    equal(asked.code, 0, asked.stdout.join())
  } finally {
    node.kill('SIGTERM')
    await node.ended()
  }
})
