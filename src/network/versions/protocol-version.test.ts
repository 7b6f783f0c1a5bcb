import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  OLDEST_SPOKEN,
  PROTOCOL_VERSION,
  VERSION_LENGTH_MAX,
  VERSION_NUMBER_MAX,
  compareVersions,
  isSameLine,
  parseVersion,
} from './protocol-version.ts'
import type { ProtocolVersion } from './protocol-version.ts'

const of = (text: string): ProtocolVersion => {
  const version = parseVersion(text)
  assert(version !== undefined, text)
  return version
}

test('three numbers are read', () => {
  assert.deepEqual(parseVersion('1.0.0'), { major: 1, minor: 0, patch: 0 })
  assert.deepEqual(parseVersion('0.10.999999'), { major: 0, minor: 10, patch: 999_999 })
  assert.equal('999999.999999.999999'.length, VERSION_LENGTH_MAX)
  assert.equal(of('999999.999999.999999').major, VERSION_NUMBER_MAX)
})

const NO_VERSIONS = [
  ['', '1', '1.0', '1.0.0.0', '1.0.', '.0.0', 'a.b.c'],
  ['01.0.0', '1.00.0', '1.0.01', '-1.0.0', '+1.0.0', '1e3.0.0', '1.0.0x1'],
  ['1000000.0.0', '1.0.1000000', '99999999999999999999.0.0'],
  // Good by semver 2.0.0, and not spoken here: releases before a version, and builds.
  ['1.0.0-alpha', '1.0.0-0.3.7', '1.0.0+20130313144700', '1.0.0-beta+exp.sha.5114f85'],
  ['v1.0.0', ' 1.0.0', '1.0.0 ', '1.0.0\n', '１.0.0', '1. 0.0'],
].flat()
for (const text of NO_VERSIONS)
  test(`${JSON.stringify(text)} is no version`, () => assert.equal(parseVersion(text), undefined))

test('versions are ordered as semver 2.0.0 §11 has it', () => {
  const ordered = ['0.9.9', '0.10.0', '1.0.0', '2.0.0', '2.1.0', '2.1.1', '2.10.0'].map(of)
  for (const [i, a] of ordered.entries())
    for (const [j, b] of ordered.entries()) assert.equal(Math.sign(compareVersions(a, b)), Math.sign(i - j))
})

const LINES: readonly (readonly [string, string, boolean])[] = [
  ['1.0.0', '1.9.3', true],
  ['1.0.0', '2.0.0', false],
  ['0.4.0', '0.4.9', true],
  ['0.4.0', '0.5.0', false],
  ['0.9.0', '1.0.0', false],
]
for (const [a, b, expected] of LINES)
  test(`${a} and ${b} are ${expected ? '' : 'not '}of one line`, () => {
    assert.equal(isSameLine(of(a), of(b)), expected)
    assert.equal(isSameLine(of(b), of(a)), expected)
  })

test('what this program says of itself holds together', () => {
  assert(compareVersions(of(OLDEST_SPOKEN), of(PROTOCOL_VERSION)) <= 0)
  assert(isSameLine(of(OLDEST_SPOKEN), of(PROTOCOL_VERSION)))
})

test('any text is a version that is written back the same, or none', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9.+-]{0,12}$/), (text) => {
      const version = parseVersion(text)
      if (version === undefined) return
      assert.equal(`${version.major}.${version.minor}.${version.patch}`, text)
    }),
    { numRuns: 300 },
  )
})
