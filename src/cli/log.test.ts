/** The log as a person at a terminal reads it. */
import { deepEqual, equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import pino from 'pino'
import picocolors from 'picocolors'
import { humanLines } from './log.ts'

const plain = picocolors.createColors(false)

/** What the log says of one call, without its time. */
const said = (log: (logger: pino.Logger) => void): string[] => {
  const lines: string[] = []
  log(pino({ level: 'trace' }, { write: (line) => lines.push(...humanLines(line, plain)) }))
  return lines.map((line) => line.replace(/^\d\d:\d\d:\d\d /, ''))
}

const cases: readonly (readonly [name: string, log: (logger: pino.Logger) => void, lines: readonly string[]])[] = [
  ['a message', (logger) => logger.info('the node stops'), ['info  the node stops']],
  ['a warning with facts', (logger) => logger.warn({ code: 'TC_X', slot: 7 }, 'late'), ['warn  late code=TC_X slot=7']],
  ['lists and nothing', (logger) => logger.info({ at: ['/a'], of: null }, 'm'), ['info  m at=["/a"] of=null']],
  ['facts alone', (logger) => logger.debug({ a: true }), ['debug  a=true']],
  ['a part of the program', (logger) => logger.child({ part: 'api' }).error('m'), ['error m']],
]
for (const [name, log, lines] of cases) test(name, () => deepEqual(said(log), lines))

test('a bug shows its stack', () => {
  const [first, ...stack] = said((logger) => logger.error({ err: new TypeError('oh') }, 'request failed'))
  equal(first, 'error request failed')
  match(stack.join('\n'), /^TypeError: oh\n +at /)
})
test('a warning does not', () => equal(said((logger) => logger.warn({ err: new TypeError('oh') }, 'm')).length, 1))

test('the time is the host’s', () =>
  match(humanLines('{"time":0,"level":30,"msg":"m"}', plain)[0] ?? '', /^\d\d:\d\d:\d\d info  m$/))
test('a line that is no JSON stays as it is', () => deepEqual(humanLines('oh\n', plain), ['oh']))
test('a line of another shape does not throw', () => deepEqual(humanLines('{"level":"x"}', plain), ['--:--:-- 0     ']))
