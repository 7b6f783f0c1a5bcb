/** What may be asked of an authority, and each way of asking wrongly with its refusal. */
import { deepEqual, equal } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hexOf } from '../base/index.ts'
import { TS_REFUSALS, TS_REQUEST_REASONS, encodeRequest, readRequest } from './rfc3161-request.ts'
import { encodeRefusal } from './rfc3161-response.ts'
import { readResponse } from './rfc3161-signed-data.ts'

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
const POLICY = '1.2.3'
const SHA256 = '300d 0609608648016503040201 0500'
const imprint = (algorithm: string, length: number): string => {
  const body = `${algorithm}04${length.toString(16).padStart(2, '0')}${'cc'.repeat(length)}`.replaceAll(' ', '')
  return `30${(body.length / 2).toString(16).padStart(2, '0')}${body}`
}
const request = (...parts: readonly string[]): Uint8Array => {
  const body = parts.join('').replaceAll(' ', '')
  return bytes(`3081${(body.length / 2).toString(16).padStart(2, '0')}${body}`)
}

describe('a request', () => {
  test('of everything is read as it was written', () => {
    const query = {
      imprint: { algorithm: '2.16.840.1.101.3.4.2.3', imprint: new Uint8Array(64).fill(7) },
      policy: POLICY,
      nonce: Uint8Array.of(1, 2),
      wantsCertificate: true,
    }
    deepEqual(readRequest(encodeRequest(query), [POLICY]), { verdict: 'accept', value: query })
  })
  test('of as little as may be', () => {
    const asked = readRequest(request('020101', imprint(SHA256, 32)), [POLICY])
    deepEqual(asked.verdict === 'accept' && [asked.value.policy, asked.value.nonce, asked.value.wantsCertificate], [
      undefined,
      undefined,
      false,
    ])
  })
  test('may leave the hash’s parameters out', () => {
    equal(readRequest(request('020101', imprint('300b 0609608648016503040201', 32)), []).verdict, 'accept')
  })
})

describe('refused', () => {
  const good = imprint(SHA256, 32)
  const table: readonly (readonly [string, Uint8Array, string])[] = [
    ['no bytes', bytes(''), 'tsa-bad-data-format'],
    ['no DER', bytes('ffffffff'), 'tsa-bad-data-format'],
    ['half a request', request('020101', good).subarray(0, 40), 'tsa-bad-data-format'],
    ['bytes behind it', bytes(`${hexOf(request('020101', good))}00`), 'tsa-bad-data-format'],
    ['version 2', request('020102', good), 'tsa-bad-request'],
    ['version 2 and all else wrong', request('020102', imprint('3007 06052b0e03021a', 9)), 'tsa-bad-request'],
    ['SHA-1', request('020101', imprint('3007 06052b0e03021a', 20)), 'tsa-bad-algorithm'],
    ['SHA3-256', request('020101', imprint('300b 0609608648016503040208', 32)), 'tsa-bad-algorithm'],
    ['parameters', request('020101', imprint('300e 0609608648016503040201 0401aa', 32)), 'tsa-bad-algorithm'],
    ['an imprint too short', request('020101', imprint(SHA256, 31)), 'tsa-bad-data-format'],
    ['an imprint too long', request('020101', imprint(SHA256, 33)), 'tsa-bad-data-format'],
    ['a nonce too long', request('020101', good, `0241${'01'.repeat(65)}`), 'tsa-bad-data-format'],
    ['another policy', request('020101', good, '06022a04'), 'tsa-unaccepted-policy'],
    ['an extension', request('020101', good, 'a009 3007 06022a03 040100'), 'tsa-unaccepted-extension'],
    ['an empty list of extensions', request('020101', good, 'a000'), 'tsa-unaccepted-extension'],
  ]
  for (const [name, asked, reason] of table)
    test(name, () => deepEqual(readRequest(asked, [POLICY]), { verdict: 'reject', reason }))

  test('more than 4 KiB', () =>
    deepEqual(readRequest(new Uint8Array(4097), []), { verdict: 'reject', reason: 'tsa-bad-data-format' }))
})

test('each refusal is a response that says its bit and its words', () => {
  for (const reason of TS_REQUEST_REASONS) {
    const { bit, text } = TS_REFUSALS[reason]
    deepEqual(readResponse(encodeRefusal(reason)), { status: '02', texts: [text], failures: [bit], token: undefined })
  }
})
