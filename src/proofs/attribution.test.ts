/** Attribution chains: what holds, and every way in which one does not. Rules P-50 to P-64. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { NS_PER_HOUR, NS_PER_SEC, equalBytes } from '../base/index.ts'
import { fuzzRuns } from '../clock/fuzz.test-kit.ts'
import { encodeData, decodeData } from '../codec/index.ts'
import {
  CAMERA,
  CHECKER,
  EDITOR,
  PAPER,
  PHOTOGRAPH,
  blockOf,
  chainOf,
  contentOf,
  digestOfLink,
  proofOfLink,
  toldCheck,
} from './attribution.test-kit.ts'
import type { Step } from './attribution.test-kit.ts'
import {
  ATTRIBUTION_LINKS_MAX,
  AttributionWalk,
  NO_LINK,
  checkAttribution,
  encodeAttributionChain,
  isActorName,
  openAttributionChain,
  openAttributionLink,
} from './index.ts'
import type { AttributionAdmission, AttributionChain, AttributionLinkBody } from './index.ts'
import { NETWORK, TAI, withFlippedBit } from './proofs.test-suite.ts'

const check = (chain: AttributionChain, networkId = NETWORK): AttributionAdmission =>
  checkAttribution(chain, { networkId, checkStamp: toldCheck })
const said = (admission: AttributionAdmission): string =>
  admission.verdict === 'accept' ? 'accept' : `${admission.at} ${admission.check} ${admission.reason}`

const good = await chainOf(PHOTOGRAPH)
const at = (index: number): AttributionChain[number] => {
  const link = good[index]
  ok(link !== undefined)
  return link
}
/** The photograph with one step changed. */
const changed = (
  index: number,
  change: Partial<Omit<Step, 'body'>> & { readonly body?: Partial<AttributionLinkBody> },
): Promise<AttributionChain> =>
  chainOf(
    PHOTOGRAPH.map((step, i) => (i === index ? { ...step, ...change, body: { ...step.body, ...change.body } } : step)),
  )

test('a chain that follows the rules holds, each link in its two-sided interval', () => {
  const admission = check(good)
  ok(admission.verdict === 'accept')
  const { links, holder, isAwaited } = admission.value
  deepEqual(
    links.map(({ link, notBefore, notAfter }) => [link.relation, notBefore, notAfter]),
    PHOTOGRAPH.map(({ body }, i) => {
      const from = TAI + BigInt(i) * NS_PER_HOUR
      return [body.relation, from, from + 4n * NS_PER_SEC]
    }),
  )
  deepEqual(holder, EDITOR.nodeId)
  equal(isAwaited, false)
})

test('every beginning of a chain holds; one that ends in a handing-on awaits its receiver', () => {
  for (let length = 1; length <= good.length; length += 1) {
    const admission = check(good.slice(0, length))
    ok(admission.verdict === 'accept')
    equal(admission.value.isAwaited, length === 2)
  }
})

test('links bound each other: what was there before, and what came after', async () => {
  const wide = await changed(2, { told: { notBefore: TAI, notAfter: TAI + 100n * NS_PER_HOUR } })
  const admission = check(wide)
  ok(admission.verdict === 'accept')
  const [, handed, received, cropped] = admission.value.links
  equal(received?.notBefore, handed?.notBefore)
  equal(received?.notAfter, cropped?.stamped.notAfter)
})

describe('what is refused: which link, which check, and why', () => {
  const foreign = new Uint8Array(32).fill(9)
  const table: readonly (readonly [string, () => Promise<AttributionChain> | AttributionChain, string])[] = [
    ['no links', () => [], '0 form attribution-empty'],
    ['a cut-off link', () => [{ ...at(0), link: at(0).link.subarray(1) }], '0 form malformed'],
    [
      'a turned bit of a signature',
      () => [{ ...at(0), link: withFlippedBit(at(0).link, 8 * at(0).link.length - 3) }],
      '0 signature bad-signature',
    ],
    [
      'a link of another network',
      () => changed(2, { body: { networkId: foreign } }),
      '2 order attribution-wrong-network',
    ],
    ['links in another order', () => [at(0), at(2), at(1)], '1 order attribution-not-next'],
    ['a link left out', () => [...good.slice(0, 3), ...good.slice(4)], '3 order attribution-not-next'],
    ['the origin left out', () => good.slice(1), '0 order attribution-not-next'],
    ['a link twice', () => [at(0), at(0)], '1 order attribution-not-next'],
    [
      'a chain that begins in the middle',
      () => chainOf([{ actor: CAMERA, body: { relation: 'reviewed' } }]),
      '0 order attribution-wrong-relation',
    ],
    ['a second origin', () => changed(4, { body: { relation: 'created' } }), '4 order attribution-wrong-relation'],
    [
      'receiving what nobody handed on',
      () => changed(4, { actor: EDITOR, body: { relation: 'received' } }),
      '4 order attribution-wrong-relation',
    ],
    ['a stranger who changes it', () => changed(3, { actor: PAPER }), '3 actor attribution-wrong-actor'],
    ['a receiver who is another', () => changed(2, { actor: PAPER }), '2 actor attribution-wrong-actor'],
    [
      'a giver who goes on after giving',
      () => changed(2, { actor: CAMERA, body: { relation: 'transformed', content: contentOf('x') } }),
      '2 actor attribution-wrong-actor',
    ],
    [
      'a review before the receiver has signed',
      () => changed(2, { actor: CHECKER, body: { relation: 'reviewed' } }),
      '2 actor attribution-wrong-actor',
    ],
    ['a reviewer who takes it', () => changed(5, { actor: CHECKER }), '5 actor attribution-wrong-actor'],
    [
      'handing it to oneself',
      () => changed(1, { body: { receiver: CAMERA.nodeId } }),
      '1 actor attribution-wrong-actor',
    ],
    [
      'content that does not follow',
      () => changed(4, { body: { before: contentOf('other'), content: contentOf('other') } }),
      '4 content attribution-wrong-content',
    ],
    [
      'a review that changes',
      () => changed(4, { body: { content: contentOf('other') } }),
      '4 content attribution-wrong-content',
    ],
    [
      'a change that changes nothing',
      () => changed(3, { body: { content: contentOf('raw') } }),
      '3 content attribution-wrong-content',
    ],
    [
      'a change of hash',
      () => changed(3, { body: { content: { algorithm: 'sha3-256', digest: contentOf('x').digest } } }),
      '3 content attribution-wrong-content',
    ],
    [
      'an origin that says there was something',
      () => changed(0, { body: { before: contentOf('raw') } }),
      '0 content attribution-wrong-content',
    ],
    ['content left out', () => changed(4, { body: { before: undefined } }), '4 content attribution-wrong-content'],
    [
      'no proof yet',
      () => [...good.slice(0, 2), { ...at(2), proof: new Uint8Array(0) }],
      '2 stamp attribution-unstamped',
    ],
    ['the same stamp twice', () => [at(0), { ...at(1), proof: at(0).proof }], '1 stamp stamp-wrong-imprint'],
    ['a stamp of another network', () => changed(1, { told: { networkId: foreign } }), '1 stamp stamp-wrong-network'],
    [
      'a stamp with another beacon',
      () => changed(3, { told: { beacon: blockOf(90) } }),
      '3 stamp attribution-wrong-beacon',
    ],
    [
      'stamped before the one before',
      () => changed(3, { told: { notBefore: TAI, notAfter: TAI + NS_PER_HOUR } }),
      '3 time attribution-backwards',
    ],
    [
      'a claim after its stamp',
      () => changed(3, { body: { claimed: { earliest: TAI + 4n * NS_PER_HOUR, latest: TAI + 5n * NS_PER_HOUR } } }),
      '3 time attribution-wrong-claim',
    ],
    [
      'a claim before an earlier step',
      () =>
        chainOf([
          { actor: CAMERA, body: { relation: 'created', claimed: { earliest: TAI - 5n, latest: TAI } } },
          {
            actor: CAMERA,
            body: {
              relation: 'transformed',
              content: contentOf('x'),
              claimed: { earliest: TAI - 9n, latest: TAI - 6n },
            },
          },
        ]),
      '1 time attribution-wrong-claim',
    ],
  ]
  for (const [name, make, expected] of table) test(name, async () => equal(said(check(await make())), expected))

  test('a link re-signed by another key breaks the link after it', async () => {
    const forged = await chainOf([{ actor: PAPER, body: { relation: 'created', name: 'Camera 7' } }])
    equal(said(check([...forged, ...good.slice(1)])), '1 order attribution-not-next')
  })
  test('a tail from another chain does not fit, however like it is', async () => {
    const other = await changed(0, { body: { note: 'another' } })
    equal(said(check([...good.slice(0, 3), ...other.slice(3)])), '3 order attribution-not-next')
  })
  test('a new signature over the same words is another link', async () => {
    const again = await changed(0, {})
    deepEqual(again[0]?.link, at(0).link)
    equal(
      said(check([{ ...at(0), proof: proofOfLink(digestOfLink(at(1).link), { notAfter: TAI, beacon: blockOf(1) }) }])),
      '0 stamp stamp-wrong-imprint',
    )
  })
  test('links before the broken one are told as good', async () => {
    const admission = check(await changed(3, { actor: PAPER }))
    ok(admission.verdict !== 'accept')
    equal(admission.links.length, 3)
  })
})

describe('text', () => {
  const table: readonly (readonly [string, boolean])[] = [
    ['Ada', true],
    ['Ada <script>alert(1)</script>', true],
    ['עדה', true],
    ['Ada 👩‍🚀', true],
    ['', false],
    [' Ada', false],
    ['Ada\n', false],
    ['A\u001b[2Jda', false],
    ['A\u202eda', false],
    ['A\u2028da', false],
    ['A\ud800', false],
    ['a'.repeat(65), false],
  ]
  for (const [name, expected] of table) test(JSON.stringify(name), () => equal(isActorName(name), expected))

  test('a name that steers the screen is refused', async () => {
    equal(said(check(await changed(0, { body: { name: 'A\u001b[2Jda' } }))), '0 form attribution-bad-text')
    equal(said(check(await changed(0, { body: { note: 'two\nlines' } }))), '0 form attribution-bad-text')
  })
  test('a claim that ends before it begins, a receiver where none belongs, a key that is none', async () => {
    const claimed = { earliest: TAI, latest: TAI - 1n }
    equal(said(check(await changed(0, { body: { claimed } }))), '0 form attribution-reversed')
    equal(said(check(await changed(0, { body: { receiver: EDITOR.nodeId } }))), '0 form wrong-shape')
    equal(said(check(await changed(1, { body: { receiver: new Uint8Array(32).fill(255) } }))), '1 signature bad-key')
  })
})

describe('bytes', () => {
  test('a file and back', () => {
    const encoded = encodeAttributionChain(good)
    ok(encoded.verdict === 'accept')
    deepEqual(openAttributionChain(encoded.value), { verdict: 'accept', value: good })
  })
  test('at most so many links, in the file and in the walk', async () => {
    const many = Array.from({ length: ATTRIBUTION_LINKS_MAX + 1 }, () => at(0))
    deepEqual(encodeAttributionChain(many), { verdict: 'reject', reason: 'too-large' })
    const review: Step = { actor: CHECKER, body: { relation: 'reviewed', beacon: blockOf(1) } }
    const long = await chainOf([...PHOTOGRAPH, ...Array.from({ length: ATTRIBUTION_LINKS_MAX - 5 }, () => review)])
    equal(said(check(long)), `${ATTRIBUTION_LINKS_MAX} form attribution-too-long`)
  })
  test('a link has one spelling', () => {
    const data = decodeData(at(0).link, 4096)
    ok(data.verdict === 'accept')
    deepEqual(encodeData(data.value), at(0).link)
  })
  test('no bit of a link or of its proof can be turned unnoticed; nothing throws', () => {
    const [first] = good
    ok(first !== undefined)
    const next = good.slice(1, 2)
    fc.assert(
      fc.property(fc.nat(8 * first.link.length - 1), (bit) => {
        const turned = { ...first, link: withFlippedBit(first.link, bit) }
        ok(check([turned, ...next]).verdict !== 'accept')
      }),
      { numRuns: fuzzRuns(150) },
    )
  })
  test('bytes of anybody are refused with a reason', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300, size: 'max' }), (bytes) => {
        ok(openAttributionChain(bytes).verdict === 'reject' && openAttributionLink(bytes).verdict === 'reject')
      }),
      { numRuns: fuzzRuns(500) },
    )
  })
})

test('any walk of permitted steps holds, and no permutation of it does', async () => {
  const walk = new AttributionWalk(NETWORK)
  for (const { link } of good) equal(walk.step(link).verdict, 'accept')
  equal(walk.count, good.length)
  ok(equalBytes(walk.last?.digest ?? NO_LINK, digestOfLink(at(5).link)))
  fc.assert(
    fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 1 }), (order) => {
      const isBeginning = order.every((place, i) => place === i)
      equal(check(order.map(at)).verdict === 'accept', isBeginning)
    }),
    { numRuns: 100 },
  )
})
