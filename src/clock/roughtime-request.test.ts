import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { seededRandom } from '../base/index.ts'
import { publicKeyOf } from '../crypto/index.ts'
import { fuzzRuns } from './fuzz.test-kit.ts'
import { bytesOfUint32, decodePacket, encodeMessage, frameMessage, ROUGHTIME_TAG as T } from './roughtime-message.ts'
import { decodeRoughtimeRequest, encodeRoughtimeRequest, roughtimeSrvOf } from './roughtime-request.ts'

const publicKey = publicKeyOf(new Uint8Array(32).fill(1))
const srv = roughtimeSrvOf(publicKey)
const nonce = seededRandom(1n).bytes(32)
const [V1, V8, V11, V12] = [1, 0x80_00_00_08, 0x80_00_00_0b, 0x80_00_00_0c]

/** A request with tags taken away or put in, padded to `length` bytes of message. */
const bent = (bend: Readonly<Record<string, Uint8Array | undefined>>, length = 1024): Uint8Array => {
  const usual: Record<string, Uint8Array | undefined> = {
    VER: bytesOfUint32(V1),
    NONC: nonce,
    TYPE: bytesOfUint32(0),
    SRV: srv,
  }
  const entries = Object.entries({ ...usual, ...bend }).flatMap(([name, value]) => {
    const tag = Object.entries(T).find(([known]) => known === name)?.[1]
    return value === undefined || tag === undefined ? [] : [[tag, value] as const]
  })
  const used = entries.reduce((sum, [, value]) => sum + value.length, 8 * (entries.length + 1))
  return frameMessage(encodeMessage(new Map([...entries, [T.ZZZZ, new Uint8Array(length - used)]])))
}
const heard = (packet: Uint8Array): string => {
  const judged = decodeRoughtimeRequest(packet, srv)
  return judged.verdict === 'accept' ? judged.value.dialect.name : `${judged.verdict} ${judged.reason}`
}

describe('what we send', () => {
  const packet = encodeRoughtimeRequest({ form: 'framed', nonce, publicKey })
  test('has a message of 1,024 bytes and the tags of the standard, and no clock', () => {
    equal(packet.length, 1036)
    const judged = decodePacket(packet)
    ok(judged.verdict === 'accept')
    deepEqual([...judged.value.keys()], [T.VER, T.SRV, T.NONC, T.TYPE, T.ZZZZ])
    deepEqual(judged.value.get(T.VER), bytesOfUint32(V1, V8, V11, V12))
    deepEqual(judged.value.get(T.NONC), nonce)
    ok(judged.value.get(T.ZZZZ)?.every((octet) => octet === 0))
  })
  test('is read as the best form', () => equal(heard(packet), 'rfc'))
  test('in the classic form has a nonce of 64 bytes and no frame', () => {
    const classic = encodeRoughtimeRequest({ form: 'classic', nonce: seededRandom(2n).bytes(64), publicKey })
    equal(classic.length, 1024)
    equal(heard(classic), 'classic')
  })
})

describe('what a server makes of', () => {
  for (const [name, packet, say] of [
    ['version 1', bent({}), 'rfc'],
    ['version 1 without SRV', bent({ SRV: undefined }), 'rfc'],
    ['another key’s SRV', bent({ SRV: new Uint8Array(32) }), 'ignore roughtime-request-other-key'],
    ['half an SRV', bent({ SRV: srv.subarray(0, 28) }), 'ignore roughtime-request-other-key'],
    ['drafts with TYPE', bent({ VER: bytesOfUint32(V12) }), 'draft-12'],
    [
      'drafts 12 and 13, without TYPE',
      bent({ VER: bytesOfUint32(V12), TYPE: undefined }),
      'ignore roughtime-request-no-common-version',
    ],
    ['version 1 without TYPE', bent({ TYPE: undefined }), 'ignore roughtime-request-no-common-version'],
    ['draft 11', bent({ VER: bytesOfUint32(V11), TYPE: undefined }), 'draft-11'],
    ['draft 8', bent({ VER: bytesOfUint32(V8), TYPE: undefined, SRV: undefined }), 'draft-08'],
    ['the best of many, with unknown ones', bent({ VER: bytesOfUint32(V1, 5, V8, 0xff_ff_ff_ff) }), 'rfc'],
    [
      'unknown versions',
      bent({ VER: bytesOfUint32(0, 2, 0xff_ff_ff_ff) }),
      'ignore roughtime-request-no-common-version',
    ],
    ['no versions', bent({ VER: new Uint8Array(0) }), 'ignore roughtime-request-versions'],
    ['no VER', bent({ VER: undefined }), 'ignore roughtime-request-versions'],
    ['a version twice', bent({ VER: bytesOfUint32(V1, V1) }), 'ignore roughtime-request-versions'],
    ['32 versions', bent({ VER: bytesOfUint32(...Array.from({ length: 32 }, (_, i) => i)) }), 'rfc'],
    [
      '33 versions',
      bent({ VER: bytesOfUint32(...Array.from({ length: 33 }, (_, i) => i)) }),
      'ignore roughtime-request-versions',
    ],
    ['a response', bent({ TYPE: bytesOfUint32(1) }), 'ignore roughtime-request-type'],
    ['a TYPE of eight bytes', bent({ TYPE: new Uint8Array(8) }), 'ignore roughtime-request-type'],
    ['no nonce', bent({ NONC: undefined }), 'ignore roughtime-request-nonce'],
    ['a nonce of 64 bytes', bent({ NONC: new Uint8Array(64) }), 'ignore roughtime-request-nonce'],
    ['a datagram of 1,024 bytes', bent({}, 1012), 'rfc'],
    ['a datagram of 1,020 bytes', bent({}, 1008), 'ignore roughtime-request-too-short'],
    ['a datagram of 1,500 bytes', bent({}, 1488), 'rfc'],
    ['a datagram of 1,504 bytes', bent({}, 1492), 'ignore roughtime-request-too-long'],
    ['zeros', new Uint8Array(1024), 'ignore roughtime-tag-count'],
  ] as const)
    test(name, () => equal(heard(packet), say))
})

test('any datagram has a verdict, and nobody is blamed', () =>
  fc.assert(
    fc.property(fc.nat(1035), fc.nat(255), fc.uint8Array({ maxLength: 64, size: 'max' }), (at, octet, tail) => {
      const packet = Uint8Array.of(...bent({}), ...tail)
      packet[at] = octet
      const judged = decodeRoughtimeRequest(packet, srv)
      ok(judged.verdict === 'accept' || judged.verdict === 'ignore')
    }),
    { numRuns: fuzzRuns(300) },
  ))
