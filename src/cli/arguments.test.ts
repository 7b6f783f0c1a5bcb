/** What may be typed behind a flag, and what is refused. */
import { deepEqual, equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidArgumentError } from 'commander'
import { apiUrl, duration, list, milliseconds, whole } from './arguments.ts'
import { parseDuration } from './duration.ts'

const durations: readonly (readonly [text: string, ms: number | undefined])[] = [
  ['500ms', 500],
  ['60s', 60_000],
  ['5m', 300_000],
  ['1.5h', 5_400_000],
  ['0.5ms', 0.5],
  ['999h', 3_596_400_000],
  ['1000h', undefined],
  ['0s', undefined],
  ['60', undefined],
  ['s', undefined],
  ['', undefined],
  ['-1s', undefined],
  ['1e3s', undefined],
  ['1 s', undefined],
  ['.5s', undefined],
  ['1d', undefined],
]
for (const [text, ms] of durations) test(`“${text}” is ${ms} ms`, () => equal(parseDuration(text), ms))
test('a flag for a duration says what it takes', () => throws(() => duration('60'), /500ms, 60s/))

const urls: readonly (readonly [text: string, url: string | undefined])[] = [
  ['127.0.0.1:7340', 'http://127.0.0.1:7340'],
  ['localhost:80', 'http://localhost'],
  ['[::1]:7340', 'http://[::1]:7340'],
  ['http://127.0.0.1:7340/', 'http://127.0.0.1:7340'],
  ['https://time.example', 'https://time.example'],
  ['time.example', undefined],
  ['127.0.0.1', undefined],
  ['127.0.0.1:x', undefined],
  ['127.0.0.1:99999', undefined],
  ['http://127.0.0.1:1/v1/time', undefined],
  ['http://user@127.0.0.1:1', undefined],
  ['http://127.0.0.1:1?x', undefined],
  ['ftp://127.0.0.1:1', undefined],
  [':7340', undefined],
  ['', undefined],
]
for (const [text, url] of urls)
  test(`“${text}” asks ${url ?? 'nobody'}`, () => {
    if (url === undefined) throws(() => apiUrl(text), InvalidArgumentError)
    else equal(apiUrl(text), url)
  })

test('numbers are whole, in range, and decimal', () => {
  const nodes = whole({ min: 4, max: 20 })
  deepEqual(['4', '20'].map(nodes), [4, 20])
  for (const text of ['3', '21', '5.0', '0x5', '', ' 5', 'five', '1e1']) throws(() => nodes(text), /from 4 to 20/)
})

test('milliseconds are above zero and have no unit', () => {
  deepEqual(['1', '0.5', '16000'].map(milliseconds), [1, 0.5, 16_000])
  for (const text of ['abc', '0', '-1', '', '5ms', 'NaN', 'Infinity', '0x5'])
    throws(() => milliseconds(text), /milliseconds/)
})

test('lists come by commas and by repetition', () => deepEqual(list('c , d', list('a,b')), ['a', 'b', 'c', 'd']))
