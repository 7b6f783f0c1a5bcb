import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { roughtimeServerOf } from './roughtime-server-name.ts'

const KEY = 'AW5uAoTSTDfG5NfY1bTh08GUnOqlRb+HVhbJ3ODJvsE='
const publicKey = new Uint8Array(Buffer.from(KEY, 'base64'))

test('servers are named by place and key', () => {
  deepEqual(roughtimeServerOf(`roughtime.example:2002 ${KEY}`), {
    host: 'roughtime.example',
    port: 2002,
    publicKey,
    form: 'framed',
  })
  deepEqual(roughtimeServerOf(`[2001:db8::2:33]:2002 ${KEY} classic`), {
    host: '2001:db8::2:33',
    port: 2002,
    publicKey,
    form: 'classic',
  })
})
for (const [name, text] of [
  ['nothing', ''],
  ['no key', 'roughtime.example:2002'],
  ['no port', `roughtime.example ${KEY}`],
  ['port 0', `roughtime.example:0 ${KEY}`],
  ['port 65536', `roughtime.example:65536 ${KEY}`],
  ['a short key', `roughtime.example:2002 ${KEY.slice(4)}`],
  ['a key of small order', `roughtime.example:2002 ${'A'.repeat(43)}=`],
  [
    'a key off the curve',
    `roughtime.example:2002 ${Buffer.from(Uint8Array.of(2, ...new Uint8Array(31))).toString('base64')}`,
  ],
  ['another form', `roughtime.example:2002 ${KEY} tcp`],
] as const)
  test(`${name} is refused`, () => equal(roughtimeServerOf(text), undefined))
