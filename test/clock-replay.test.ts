/** `truechimer clock replay` from outside: files as people have them, every wrong one named by file and line, and readers that leave. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runProgram } from './devnet/run.ts'

const PROGRAM = new URL('../bin/truechimer.js', import.meta.url).pathname
const root = mkdtempSync(join(tmpdir(), 'truechimer-replay-'))
after(() => rmSync(root, { recursive: true, force: true }))

let made = 0
const file = (content: string | Uint8Array): string => {
  const path = join(root, `${(made += 1)}.csv`)
  writeFileSync(path, content)
  return path
}
/** A counter that is right, and a server whose time is a million seconds ahead of it, 1 ms away each way. */
const exchange = (sec: number, source = 'a'): string =>
  `${source},${sec}.000,${1_000_000 + sec}.001,${1_000_000 + sec}.001,${sec}.002`
const HEADER = 'src,t1,t2,t3,t4'
const LINES = [10, 26, 42, 58].map((sec) => exchange(sec))
const GOOD = file(`${HEADER}\n${LINES.join('\n')}\n`)
const AT = file('local\n5\n60.5\n')

const replay = (
  exchanges: string,
  at: string,
  ...flags: string[]
): ReturnType<ReturnType<typeof runProgram>['ended']> =>
  runProgram(['clock', 'replay', '--exchanges', exchanges, '--at', at, ...flags]).ended()

test('what it prints: local time, estimate and interval, nothing before the first answer', async () => {
  const { code, stdout, stderr } = await replay(GOOD, AT)
  deepEqual([code, stderr, stdout.slice(0, 2)], [0, [], ['local,estimate,earliest,latest', '5.000000000,,,']])
  const [local, ...times] = (stdout[2] ?? '').split(',')
  deepEqual([local, times.length, stdout.length], ['60.500000000', 3, 3])
  const [estimate = 0, earliest = 0, latest = 0] = times.map((time) => Number(time) - 1_000_060.5)
  ok(Math.abs(estimate) < 1e-4 && earliest <= 0 && earliest > -2e-3 && latest >= 0 && latest < 2e-3, times.join())
})

test('with or without a header, with carriage returns, empty lines, further columns, and no end of the last line', async () => {
  const expected = (await replay(GOOD, AT)).stdout
  const same: readonly (readonly [string, string])[] = [
    [file(LINES.join('\n')), file('5\n60.5')],
    [file(`${HEADER}\r\n${LINES.join('\r\n')}\r\n`), file('local\r\n5\r\n60.5\r\n')],
    [file(`${HEADER}\n\n${LINES.join('\n\n')}\n\n\n`), file('local,truth\n5,1\n60.5,2\n')],
  ]
  for (const said of await Promise.all(same.map(([exchanges, at]) => replay(exchanges, at)))) {
    deepEqual([said.code, said.stdout], [0, expected])
  }
})

test('--likely adds the 95 % range inside the interval, --json says the same', async () => {
  const [plain, json] = await Promise.all([replay(GOOD, AT, '--likely'), replay(GOOD, AT, '--json')])
  equal(plain.stdout[0], 'local,estimate,earliest,latest,likely_earliest,likely_latest')
  equal(plain.stdout[1], '5.000000000,,,,,')
  const [local, estimate, earliest = '', latest = '', likelyEarliest = '', likelyLatest = ''] = (
    plain.stdout[2] ?? ''
  ).split(',')
  ok(earliest <= likelyEarliest && likelyEarliest < likelyLatest && likelyLatest <= latest)
  const [silent, said] = json.stdout.map((line): unknown => JSON.parse(line))
  deepEqual(said, { local, status: 'synchronised', estimate, earliest, latest, likelyEarliest, likelyLatest })
  const none = { estimate: null, earliest: null, latest: null, likelyEarliest: null, likelyLatest: null }
  deepEqual(silent, { local: '5.000000000', status: 'unsynchronised', ...none })
})

test('exit 1 where it never had the time', async () => {
  equal((await replay(GOOD, file('1\n2\n'))).code, 1)
})

test('what cannot be used: exit 2, TC_REPLAY_INPUT, the file and the line', async () => {
  const many = Array.from({ length: 65 }, (_, i) => exchange(100 + i, `s${i}`)).join('\n')
  const binary = Uint8Array.from({ length: 4096 }, (_, i) => (i * 167 + 13) % 256)
  const late = file('1000\n')
  const missing = join(root, 'none.csv')
  const rows: readonly (readonly [string, string, string, RegExp])[] = [
    ['no such file', missing, AT, /none\.csv cannot be read/],
    ['no such times', GOOD, missing, /none\.csv cannot be read/],
    ['a directory', root, AT, /cannot be read/],
    ['an empty file', file(''), AT, /\d+\.csv holds no line/],
    ['no times', GOOD, file('\n\n'), /\d+\.csv holds no line/],
    ['too few columns', file(`${HEADER}\n${LINES[0]}\na,1,2,3\n`), late, /\.csv, line 3: wrong-columns/],
    ['another separator', file('a;1;2;3;4\n'), late, /\.csv, line 1: wrong-columns/],
    ['no number', file(`${HEADER}\na,1,2,x,4\n`), late, /\.csv, line 2: not-seconds/],
    ['impossible', file('\n\na,2,5,5,1\n'), late, /\.csv, line 3: impossible-exchange/],
    ['out of order', file(`${LINES[1]}\n${LINES[0]}\n`), late, /\.csv, line 2: exchanges must be in order of t4/],
    ['times out of order', GOOD, file('2\n1\n'), /\.csv, line 2: local times must be in order/],
    ['times that are none', GOOD, file('local\nnow\n'), /\.csv, line 2: not-seconds/],
    ['65 sources', file(many), late, /\.csv, line 65: a clock takes 64 sources at most/],
    ['a line without end', file('1'.repeat(1_000_000)), late, /\.csv, line 1: line-too-long/],
    ['blanks without end', file(`${' '.repeat(200_000)}\n${LINES[0]}`), late, /\.csv, line 1: line-too-long/],
    ['a binary file', file(binary), late, /\.csv, line 1: (line-too-long|wrong-columns)/],
    ['a device without end', '/dev/zero', late, /zero, line 1: line-too-long/],
  ]
  const said = await Promise.all(rows.map(([, exchanges, at]) => replay(exchanges, at)))
  for (const [index, [name, , , tells]] of rows.entries()) {
    equal(said[index]?.code, 2, name)
    match(said[index]?.stderr.join('\n') ?? '', tells, name)
    match(said[index]?.stderr.join('\n') ?? '', /\[TC_REPLAY_INPUT\]$/, name)
  }
})

test('both files must be named', async () => {
  const { code, stderr } = await runProgram(['clock', 'replay', '--at', AT]).ended()
  equal(code, 2)
  match(stderr.join('\n'), /--exchanges/)
})

test('a reader that leaves ends it early and quietly', { timeout: 60_000 }, async () => {
  const times = file(Array.from({ length: 100_000 }, (_, i) => `${60 + i}`).join('\n'))
  // Were it to go on, it would come to this line and complain.
  const endless = file(`${LINES.join('\n')}\n${exchange(90_000)}\nnonsense\n`)
  const child = spawn(process.execPath, [PROGRAM, 'clock', 'replay', '--exchanges', endless, '--at', times])
  let complaints = ''
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()))
  await once(child.stdout, 'data')
  child.stdout.destroy()
  const [code]: unknown[] = await once(child, 'close')
  deepEqual([code, complaints], [0, ''])
})
