/** What a store says of the past: the set that was kept last, and nothing where it holds nothing that can be read. */
import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { ValidatorSet, encodeValidators } from '../consensus/index.ts'
import type { LightReader } from '../consensus/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import { archiveOf } from './chain-archive.ts'
import { keyOf } from './chain-source.test-kit.ts'

const set = new ValidatorSet([{ id: nodeIdText(keyOf(0)), key: keyOf(0), weight: 7n }])
const storeOf = (validators: LightReader['validators']): LightReader => ({
  range: undefined,
  block: () => undefined,
  validators,
})

test('who voted at an old height', () => {
  const archive = archiveOf(
    storeOf((height) => (height < 5 ? undefined : { height: 5, validators: encodeValidators(set) })),
  )
  equal(archive.validatorsAt?.(9)?.total, 7n)
  equal(archive.validatorsAt?.(4), undefined)
})

test('what cannot be read is not known, and of an empty store there is no proof', () => {
  const archive = archiveOf(storeOf(() => ({ height: 1, validators: new Uint8Array([1]) })))
  equal(archive.validatorsAt?.(1), undefined)
  equal(archive.lightProof?.(0, 1), undefined)
})
