/** Genesis and checkpoint as what is trusted: the file's form, and what of it is refused. Rules T-25, T-26. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hexOf } from '../base/index.ts'
import { blockIdOf } from '../consensus/index.ts'
import { hashScheme } from '../consensus/light-chain.test-kit.ts'
import { CHECKPOINT_BYTES_MAX, readCheckpoint, stampTrustOfGenesis } from './index.ts'
import { StampedChainMaker } from './stamp-chain.test-kit.ts'
import { keyNamed, nameKey } from './stamp-trust.ts'

const scheme = hashScheme()
const maker = new StampedChainMaker({ scheme, batchSize: 2 })
const file = maker.checkpoint(5)
const reasonOf = (json: unknown): string => {
  const read = readCheckpoint(json)
  return read.verdict === 'accept' ? 'accept' : read.reason
}
const other = hexOf(scheme.keyOf(99))

describe('a checkpoint', () => {
  test('is read as it was written, by way of JSON', () => {
    const read = readCheckpoint(JSON.parse(JSON.stringify(file)))
    ok(read.verdict === 'accept')
    const { light, genesisKeys, asOf, networkId } = read.value
    const { header } = maker.chain.blockAt(5)
    deepEqual([light.height, light.block], [5, blockIdOf(header)])
    deepEqual(
      light.validators?.list.map(({ key }) => hexOf(key)),
      genesisKeys.map(hexOf),
    )
    deepEqual(networkId, maker.genesis.networkId)
    equal(asOf, header.time.timestamp)
    equal(read.value.period, undefined)
  })

  test('of the most members there can be is no longer than its limit', () => {
    const genesisKeys = Array.from({ length: 1024 }, () => other)
    const validators = genesisKeys.map((key) => ({ key, weight: '9223372036854775807' }))
    const long = { ...file, genesisKeys, validators }
    ok(JSON.stringify(long, null, 2).length < CHECKPOINT_BYTES_MAX)
  })

  for (const [name, json, reason] of [
    ['nothing', undefined, 'checkpoint-malformed'],
    ['null', null, 'checkpoint-malformed'],
    ['a list', [], 'checkpoint-malformed'],
    ['another form', { ...file, form: 'truechimer/checkpoint/2' }, 'checkpoint-malformed'],
    ['a network of 31 bytes', { ...file, networkId: file.networkId.slice(2) }, 'checkpoint-malformed'],
    ['digits in upper case', { ...file, networkId: file.networkId.toUpperCase() }, 'checkpoint-malformed'],
    ['height 0', { ...file, height: 0 }, 'checkpoint-malformed'],
    ['half a height', { ...file, height: 4.5 }, 'checkpoint-malformed'],
    ['a height as text', { ...file, height: '5' }, 'checkpoint-malformed'],
    ['no genesis keys', { ...file, genesisKeys: [] }, 'checkpoint-malformed'],
    ['genesis keys in another order', { ...file, genesisKeys: file.genesisKeys.toReversed() }, 'checkpoint-malformed'],
    [
      'a genesis key twice',
      { ...file, genesisKeys: [...file.genesisKeys, file.genesisKeys.at(-1)] },
      'checkpoint-malformed',
    ],
    ['no validators', { ...file, validators: [] }, 'checkpoint-malformed'],
    ['validators in another order', { ...file, validators: file.validators.toReversed() }, 'checkpoint-malformed'],
    [
      'a validator without weight',
      { ...file, validators: file.validators.with(0, { key: other, weight: '0' }) },
      'checkpoint-malformed',
    ],
    ['a weight as a number', { ...file, validators: [{ key: other, weight: 5 }] }, 'checkpoint-malformed'],
    [
      'a weight that is too great',
      { ...file, validators: [{ key: other, weight: '99999999999999999999' }] },
      'checkpoint-malformed',
    ],
    ['other validators', { ...file, validators: [{ key: other, weight: '5' }] }, 'checkpoint-wrong-validators'],
    ['another height', { ...file, height: 6 }, 'checkpoint-wrong-header'],
    ['a header cut short', { ...file, header: file.header.slice(0, -2) }, 'checkpoint-wrong-header'],
    ['another network', { ...file, networkId: other }, 'checkpoint-wrong-header'],
  ] as const)
    test(name, () => equal(reasonOf(json), reason))
})

test('trust in a genesis names the keys in the order of their bytes', () => {
  const trust = stampTrustOfGenesis(maker.genesis)
  const keys = trust.genesisKeys.map(hexOf)
  deepEqual(keys, keys.toSorted())
  deepEqual([trust.light.height, trust.light.block, trust.asOf], [0, hexOf(maker.genesis.networkId), undefined])
})

test('a key has one name', () => {
  const { genesisKeys } = stampTrustOfGenesis(maker.genesis)
  for (const [place, key] of genesisKeys.entries()) {
    equal(nameKey(genesisKeys, key), place)
    deepEqual(keyNamed(genesisKeys, place), key)
    equal(keyNamed(genesisKeys, key), undefined)
  }
  const stranger = scheme.keyOf(99)
  deepEqual(nameKey(genesisKeys, stranger), stranger)
  deepEqual(keyNamed(genesisKeys, stranger), stranger)
  equal(keyNamed(genesisKeys, genesisKeys.length), undefined)
})
