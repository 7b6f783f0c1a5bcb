/** `truechimer log` from outside: what each command answers, on which stream, and with which exit code. */
import { deepEqual, equal, match } from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { nodeIdText } from '../../src/crypto/index.ts'
import { memorySigner } from '../../src/crypto/io/memory-signer.ts'
import { LOG_LEVELS, LOG_TYPES, cidText } from '../../src/log/index.ts'
import { openFileLog } from '../../src/log/io/file-log.ts'
import { realTime } from '../../src/node/io/real-ports.ts'
import { runProgram } from '../devnet/run.ts'

const root = mkdtempSync(join(tmpdir(), 'truechimer-cli-log-'))
after(() => rmSync(root, { recursive: true, force: true }))
const data = join(root, 'ada')
const signer = memorySigner({ seed: new Uint8Array(32).fill(4) })
const log = await openFileLog({ directory: join(data, 'log'), time: realTime, networkId: new Uint8Array(32), signer })
const written = await log.append(
  Array.from({ length: 24 }, (_, i) => ({
    level: LOG_LEVELS[i % LOG_LEVELS.length] ?? 'info',
    type: LOG_TYPES[i % LOG_TYPES.length] ?? 'clock',
    time: null,
    message: `number ${i}`,
    payload: {},
  })),
)
await log[Symbol.asyncDispose]()
const segment = join(data, 'log', 'segment-0000000000.log')
const cid = cidText(written[7]?.digest ?? new Uint8Array(32))

const run = async (...args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> => {
  const { code, stdout, stderr } = await runProgram(['log', ...args]).ended()
  return { code, out: stdout.join('\n'), err: stderr.join('\n') }
}
const lines = (out: string): readonly string[] => out.trimEnd().split('\n')

describe('truechimer log', { concurrency: 2 }, () => {
  test('tail: the last ones that match', async () => {
    const { code, out } = await run('tail', '--data', data, '--level', 'error', '-n', '3')
    equal(code, 0)
    deepEqual(
      lines(out).map((line) => line.split(' ')[0]),
      ['17', '22', '23'],
    )
  })
  test('show: one, by its CID; 1 where there is none', async () => {
    const { code, out } = await run('show', cid, '--data', data, '--json')
    deepEqual([code, JSON.parse(out).message], [0, 'number 7'])
    equal((await run('show', '99', '--data', data)).code, 1)
  })
  test('export: JSON lines', async () => {
    const { code, out } = await run('export', '--data', data, '--type', 'clock', '--from', '5')
    deepEqual([code, lines(out).map((line) => JSON.parse(line).sequence)], [0, [9, 17]])
  })
  test('export: a file, once; 3 and why where it cannot be written', async () => {
    const file = join(root, 'export.jsonl')
    equal((await run('export', '--data', data, '--out', file)).code, 0)
    for (const path of [file, join(root, 'nowhere', 'export.jsonl')]) {
      const { code, err } = await run('export', '--data', data, '--out', path)
      equal(code, 3)
      match(err, /^error Cannot write .*\[TC_FILE_UNWRITABLE\]\n?$/)
    }
  })
  test('prove and verify --proof, offline', async () => {
    const file = join(root, 'entry.proof')
    equal((await run('prove', cid, '--data', data, '--out', file)).code, 0)
    const good = await run('verify', '--proof', file, '--node', nodeIdText(signer.nodeId), '--json')
    deepEqual([good.code, JSON.parse(good.out).entry.cid], [0, cid])
    const proof = readFileSync(file)
    proof[60] = (proof[60] ?? 0) ^ 1
    writeFileSync(`${file}.bad`, proof)
    equal((await run('verify', '--proof', `${file}.bad`)).code, 1)
  })
  test('verify: good, and the first bad entry by number', async () => {
    equal((await run('verify', '--data', data)).code, 0)
    const other = join(root, 'spoilt')
    const copy = await openFileLog({
      directory: join(other, 'log'),
      time: realTime,
      networkId: new Uint8Array(32),
      signer,
    })
    await copy[Symbol.asyncDispose]()
    const spoilt = readFileSync(segment)
    const at = spoilt.indexOf('number 11')
    spoilt[at] = (spoilt[at] ?? 0) ^ 1
    writeFileSync(join(other, 'log', 'segment-0000000000.log'), spoilt)
    const { code, out } = await run('verify', '--data', other, '--json')
    deepEqual([code, JSON.parse(out).fault.sequence, JSON.parse(out).fault.reason], [1, 11, 'bad-checksum'])
  })
  test('wrong usage is 2, a missing log is 3', async () => {
    const usage = await run('show', 'nonsense', '--data', data)
    equal(usage.code, 2)
    match(usage.err, /bafyr/)
    const missing = await run('tail', '--data', join(root, 'none'))
    equal(missing.code, 3)
    match(missing.err, /TC_LOG_UNREADABLE/)
  })
})
