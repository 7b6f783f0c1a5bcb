import { equal, notDeepEqual, deepEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { IdealSignatures, RealSignatures } from './ideal-signatures.ts'
import type { SignatureScheme } from './ideal-signatures.ts'
import { participant } from './participants.ts'

const owners = [participant(0), participant(1)]
const [ada = participant(0), bede = participant(1)] = owners
const DOMAIN = 'truechimer/vote/1'
const body = Uint8Array.from({ length: 101 }, (_, i) => i)

const schemes: readonly (readonly [string, SignatureScheme])[] = [
  ['ideal', new IdealSignatures(owners)],
  ['real', new RealSignatures(owners)],
]
for (const [name, scheme] of schemes) {
  const signature = scheme.sign(ada.key, DOMAIN, body)
  const signed = { publicKey: ada.key, domain: DOMAIN, body, signature }

  test(`${name}, Z-4: a signature holds`, () => equal(scheme.verify(signed), true))
  test(`${name}: one statement has one signature`, () => deepEqual(scheme.sign(ada.key, DOMAIN, body), signature))
  test(`${name}: not for another key`, () => equal(scheme.verify({ ...signed, publicKey: bede.key }), false))
  test(`${name}: not for a stranger's key`, () =>
    equal(scheme.verify({ ...signed, publicKey: participant(2).key }), false))
  test(`${name}: not in another domain`, () =>
    equal(scheme.verify({ ...signed, domain: 'truechimer/proposal/1' }), false))
  test(`${name}: not of another length`, () =>
    equal(scheme.verify({ ...signed, signature: signature.subarray(0, 63) }), false))
  test(`${name}: only an owner signs`, () => throws(() => scheme.sign(participant(2).key, DOMAIN, body), /owner/))
  test(`${name}: no flipped bit passes`, () =>
    fc.assert(
      fc.property(fc.nat(8 * body.length - 1), fc.nat(511), fc.boolean(), (inBody, inSignature, isBody) => {
        const flip = (bytes: Uint8Array, bit: number): Uint8Array =>
          bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
        const bent = isBody
          ? { ...signed, body: flip(body, inBody) }
          : { ...signed, signature: flip(signature, inSignature) }
        equal(scheme.verify(bent), false)
      }),
      { numRuns: 50 },
    ))
}

test('two owners sign differently', () => {
  const scheme = new IdealSignatures(owners)
  notDeepEqual(scheme.sign(ada.key, DOMAIN, body), scheme.sign(bede.key, DOMAIN, body))
})
