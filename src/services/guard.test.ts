import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { CONTENT_SECURITY_POLICY, hostName } from './guard.ts'

const names: [string | undefined, string | undefined][] = [
  ['localhost', 'localhost'],
  ['LocalHost:8080', 'localhost'],
  ['127.0.0.1:1', '127.0.0.1'],
  ['[::1]', '::1'],
  ['[2001:DB8::1]:443', '2001:db8::1'],
  ['::1', undefined],
  ['localhost:', undefined],
  ['localhost:123456', undefined],
  ['localhost@evil.example', undefined],
  ['evil.example, localhost', undefined],
  ['localhost/evil', undefined],
  ['', undefined],
  [undefined, undefined],
  ['a'.repeat(254), undefined],
]
for (const [header, name] of names)
  test(`the name in ${JSON.stringify(header)?.slice(0, 40)} is ${name}`, () => equal(hostName(header), name))

test('the content policy lets no inline script or foreign source in', () =>
  ok(!/unsafe|\*|https?:/.test(CONTENT_SECURITY_POLICY)))
