/** How commands speak: when there are colours, how tables fit a terminal, and which exit code an error has. */
import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ChimerError } from '../base/index.ts'
import { jsonText, reportFailure, table, tamed, visibleLength, wantsColours } from './output.ts'

const colourTable: readonly (readonly [
  env: Record<string, string>,
  isTerminal: boolean | undefined,
  wanted: boolean,
])[] = [
  [{}, true, true],
  [{}, false, false],
  [{ CI: 'true' }, undefined, false],
  [{ NO_COLOR: '1' }, true, false],
  [{ NO_COLOR: '' }, true, true],
  [{ FORCE_COLOR: '1' }, false, true],
  [{ FORCE_COLOR: '' }, false, true],
  [{ FORCE_COLOR: '0' }, true, false],
  [{ FORCE_COLOR: 'false' }, true, false],
  [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
  [{ TERM: 'dumb' }, true, false],
]
for (const [environment, isTerminal, wanted] of colourTable)
  test(`colours for ${JSON.stringify(environment)} on ${isTerminal === true ? 'a terminal' : 'a pipe'}: ${wanted}`, () =>
    equal(wantsColours(environment, isTerminal), wanted))

test('columns line up, colours do not count, and nothing hangs over at the end', () =>
  deepEqual(
    table([
      ['a', 'long head', 'why'],
      ['\u001B[31mwide\u001B[39m', 'x', ''],
    ]),
    ['a     long head  why', '\u001B[31mwide\u001B[39m  x'],
  ))

test('the last column is wrapped under itself', () =>
  deepEqual(table([['node', 'the quick brown fox jumps over it']], 26), [
    'node  the quick brown fox',
    '      jumps over it',
  ]))

test('a terminal too narrow for words gets long lines', () =>
  deepEqual(table([['node', 'the quick brown fox jumps']], 10), ['node  the quick brown fox jumps']))

test('no rows make no lines', () => deepEqual(table([]), []))

test('wrapping loses no word and keeps the width', () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(words, fc.integer({ min: 22, max: 60 }), (given, columns) => {
      const lines = table([['head', given.join(' ')]], columns)
      ok(lines.every((line) => visibleLength(line) <= columns))
      deepEqual(
        lines
          .join(' ')
          .split(/ +/)
          .filter((word) => word !== ''),
        ['head', ...given],
      )
    }),
    { numRuns: 100 },
  )
})

test('a bug is thrown on, and never told as an answer', () => {
  const bug = new TypeError('oh')
  throws(() => reportFailure(bug, false), bug)
})

test('what a person wrote wrongly is wrong usage; what the world did is a failure', (t) => {
  const stderr = t.mock.method(process.stderr, 'write', () => true)
  equal(reportFailure(new ChimerError('TC_CONFIG_INVALID', 'no'), false), 2)
  equal(reportFailure(new ChimerError('TC_API_LISTEN', 'no'), false), 3)
  equal(stderr.mock.callCount(), 2)
})

const ordersTable: readonly (readonly [what: string, line: string, wanted: string])[] = [
  ['colours of ours', '\u001B[32mvalid\u001B[39m a\tb\nc', '\u001B[32mvalid\u001B[39m a\tb\nc'],
  ['a cleared screen', 'ada\u001B[2J\u001B[H', 'ada\uFFFD[2J\uFFFD[H'],
  ['a window title', '\u001B]0;owned\u0007', '\uFFFD]0;owned\uFFFD'],
  ['eight-bit orders', '\u009B2J', '\uFFFD2J'],
  ['a line overwritten', 'not valid\rvalid', 'not valid\uFFFDvalid'],
  ['letters from right to left', '\u202Egpj.exe', '\uFFFDgpj.exe'],
]
for (const [what, line, wanted] of ordersTable)
  test(`what a terminal is told, whoever wrote it: ${what}`, () => equal(tamed(line), wanted))

test('JSON says the same to a program, and steers no terminal', () => {
  const answer = { name: 'a\u001B[2J\u009B2J\u202E\u007F' }
  equal(tamed(jsonText(answer)), jsonText(answer))
  deepEqual(JSON.parse(jsonText(answer)), answer)
})
