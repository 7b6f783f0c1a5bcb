import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { COMPATIBILITY_RULES, INCOMPATIBILITY_REASONS, compatibilityOf } from './compatibility.ts'
import type { Speaker } from './compatibility.ts'
import { FEATURES, FEATURE_MEANINGS, isFeature, isFeatureName, sharedFeatures } from './features.ts'
import { REFUSAL_REASON_LENGTH_MAX, REFUSAL_TEXT_LENGTH_MAX } from './greeting.ts'
import { VERSION_NUMBER_MAX, parseVersion } from './protocol-version.ts'

interface Words {
  readonly network?: number
  readonly version?: string
  readonly oldest?: string
  readonly features?: readonly string[]
  readonly required?: readonly string[]
}

const speaker = ({
  network = 1,
  version = '1.0.0',
  oldest = version,
  features = [],
  required = [],
}: Words): Speaker => {
  const [is, back] = [parseVersion(version), parseVersion(oldest)]
  assert(is !== undefined && back !== undefined)
  return { networkId: new Uint8Array(32).fill(network), version: is, oldestSpoken: back, features, required }
}

/** Ours, theirs, and what ours finds: what is shared and spoken, or the reason and what theirs is told. */
const TABLE: readonly (readonly [string, Words, Words, readonly string[]])[] = [
  ['the same', {}, {}, ['', '1.0.0']],
  ['a newer minor', { oldest: '1.0.0' }, { version: '1.4.2', oldest: '1.0.0' }, ['', '1.0.0']],
  ['an older minor', { version: '1.4.2', oldest: '1.1.0' }, { version: '1.1.0' }, ['', '1.1.0']],
  [
    'a feature that both have, one that only we have, one that nobody here knows',
    { features: ['compression', 'quic'] },
    { features: ['quic', 'warp', 'relay'] },
    ['quic', '1.0.0'],
  ],
  [
    'a required feature that is there',
    { features: ['quic'], required: ['quic'] },
    { features: ['quic'] },
    ['quic', '1.0.0'],
  ],
  [
    'another network',
    { network: 1 },
    { network: 2, version: '7.0.0' },
    [
      'other-network',
      'This node belongs to network 01010101; yours to 02020202: to join this one, start yours with its genesis file.',
    ],
  ],
  [
    'an older major',
    { version: '2.0.0' },
    { version: '1.9.0' },
    [
      'incompatible-version',
      'This node speaks 2.0.0; yours speaks 1.9.0, which it does not understand: upgrade yours.',
    ],
  ],
  [
    'a newer major',
    { version: '1.9.0' },
    { version: '2.0.0' },
    [
      'incompatible-version',
      'This node speaks 1.9.0; yours speaks 2.0.0, which is too new for it: its operator must upgrade this node.',
    ],
  ],
  [
    'before 1.0.0 another minor',
    { version: '0.5.0' },
    { version: '0.4.7' },
    [
      'incompatible-version',
      'This node speaks 0.5.0; yours speaks 0.4.7, which it does not understand: upgrade yours.',
    ],
  ],
  ['before 1.0.0 another patch', { version: '0.4.0' }, { version: '0.4.7', oldest: '0.4.0' }, ['', '0.4.0']],
  [
    'older than we understand',
    { version: '1.4.0', oldest: '1.2.0' },
    { version: '1.1.0' },
    ['version-too-old', 'This node speaks 1.4.0 and understands back to 1.2.0; yours is 1.1.0: upgrade it.'],
  ],
  [
    'newer, and does not understand us any more',
    { version: '1.1.0' },
    { version: '1.4.0', oldest: '1.2.0' },
    [
      'version-too-old',
      'This node speaks 1.1.0; yours understands back to 1.2.0: its operator must upgrade this node.',
    ],
  ],
  [
    'without what we require',
    { features: ['quic', 'relay'], required: ['quic', 'relay'] },
    { features: ['relay'] },
    ['missing-feature', 'This node requires quic, which yours does not have: upgrade it, or switch that on.'],
  ],
  [
    'requiring what we have not',
    {},
    { features: ['a', 'b', 'c', 'd', 'e'], required: ['a', 'b', 'c', 'd', 'e'] },
    [
      'missing-feature',
      'Yours requires a, b, c and 2 more, which this node does not have: its operator must upgrade it, or switch that on.',
    ],
  ],
]
for (const [what, own, theirs, expected] of TABLE)
  test(`compatibility: ${what}`, () => {
    const found = compatibilityOf(speaker(own), speaker(theirs))
    assert.deepEqual(found.isCompatible ? [found.features.join(), found.spoken] : [found.reason, found.text], expected)
  })

const names = fc.uniqueArray(fc.constantFrom(...FEATURES, 'warp', 'x'.repeat(32), 'a', 'b', 'c', 'd'), {
  maxLength: 20,
})
const speakers: fc.Arbitrary<Speaker> = fc
  .record({
    network: fc.integer({ min: 1, max: 2 }),
    version: fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 3 }), fc.constantFrom(0, 1, VERSION_NUMBER_MAX)),
    behind: fc.nat({ max: 3 }),
    features: names,
    requiredCount: fc.nat({ max: 8 }),
  })
  .map(({ network, version: [major, minor, patch], behind, features, requiredCount }) =>
    speaker({
      network,
      version: `${major}.${minor}.${patch}`,
      oldest: `${major}.${Math.max(0, minor - behind)}.0`,
      features,
      required: features.slice(0, requiredCount),
    }),
  )

test('both sides come to one finding, and what they are told fits into a greeting', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(speakers, speakers, (one, other) => {
      const [here, there] = [compatibilityOf(one, other), compatibilityOf(other, one)]
      assert.equal(here.isCompatible, there.isCompatible)
      if (here.isCompatible) {
        assert.deepEqual(here, there)
        assert(here.features.every((name) => one.features.includes(name) && other.features.includes(name)))
        assert(one.required.every((name) => other.features.includes(name)))
        return
      }
      assert(!there.isCompatible)
      assert.equal(here.reason, there.reason)
      for (const { text, reason } of [here, there]) {
        assert.match(text, /^[\x20-\x7e]+$/)
        assert(text.length <= REFUSAL_TEXT_LENGTH_MAX && reason.length <= REFUSAL_REASON_LENGTH_MAX, text)
      }
      seen.add(here.reason)
    }),
    { numRuns: 400, seed: 4 },
  )
  assert.deepEqual(seen, new Set(INCOMPATIBILITY_REASONS))
})

test('each reason has one rule', () =>
  assert.deepEqual(
    COMPATIBILITY_RULES.map(({ reason }) => reason),
    INCOMPATIBILITY_REASONS,
  ))

test('features: their names are names, have a meaning each, and are shared in one order', () => {
  assert.deepEqual(Object.keys(FEATURE_MEANINGS).toSorted(), [...FEATURES].toSorted())
  for (const name of FEATURES) assert(isFeatureName(name) && isFeature(name))
  for (const name of ['', 'Quic', 'a--b', '-a', 'a-', 'a b', 'ä', 'x'.repeat(33)]) assert(!isFeatureName(name), name)
  assert(isFeatureName('compression-2') && !isFeature('compression-2'))
  assert.deepEqual(sharedFeatures(['relay', 'quic', 'warp'], ['warp', 'quic', 'relay']), ['quic', 'relay'])
})
