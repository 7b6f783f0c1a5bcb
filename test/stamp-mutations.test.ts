/**
 * A hundred thousand changed proofs: bits and bytes turned, cut, put in, moved, and values changed behind a true spelling. None crashes
 * what reads it, and none is believed but for what the whole one says. `TRUECHIMER_FUZZ_RUNS` says how many, where it is set.
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../src/base/index.ts'
import { fuzzRuns } from '../src/clock/fuzz.test-kit.ts'
import { decodeData, encodeData } from '../src/codec/index.ts'
import { ed25519Scheme, hashScheme } from '../src/consensus/light-chain.test-kit.ts'
import type { Scheme } from '../src/consensus/light-chain.test-kit.ts'
import { STAMP_LINKS, STAMP_PROOF_BYTES_MAX, openStampProof, verifyStamp } from '../src/stamps/index.ts'
import type { VerifiedStamp } from '../src/stamps/index.ts'
import { stampedChain } from '../src/stamps/stamp-chain.test-kit.ts'
import type { StampedChain } from '../src/stamps/stamp-chain.test-kit.ts'

const MUTATIONS = 100_000
/** With signatures as they are made; the others' are hashes, which cost nothing. */
const MUTATIONS_SIGNED = 1500

const random = seededRandom(62n)
const below = (limit: number): number => {
  const [a = 0, b = 0, c = 0] = random.bytes(3)
  return ((a * 256 + b) * 256 + c) % limit
}

/** Values of a decoded proof, each with what puts another in its place. */
const placesIn = (data: unknown): readonly { readonly value: unknown; readonly put: (value: unknown) => void }[] => {
  if (!Array.isArray(data)) return []
  return data.flatMap((value: unknown, i) => [
    { value, put: (other: unknown) => void (data[i] = other) },
    ...placesIn(value),
  ])
}

const otherValue = (value: unknown): unknown => {
  if (typeof value === 'boolean') return !value
  if (typeof value === 'number') return Math.abs(value + 1 - below(3) * below(200))
  if (typeof value === 'bigint') return value + 1n - BigInt(2 * below(2))
  if (!(value instanceof Uint8Array)) return Array.isArray(value) ? value.toReversed() : value
  if (value.length === 0) return random.bytes(32)
  const unit = [4, 32, 64].find((length) => value.length > length && value.length % length === 0)
  const pieces = unit === undefined ? 1 : value.length / unit
  const length = unit ?? value.length
  const [from, to] = [below(pieces) * length, below(pieces) * length]
  const copy = value.slice()
  if (below(2) === 0) copy.copyWithin(to, from, from + length)
  else copy[below(copy.length)] = below(256)
  return copy
}

/** Another value behind a spelling that holds. */
const changedValue = (bytes: Uint8Array): Uint8Array => {
  const decoded = decodeData(bytes, STAMP_PROOF_BYTES_MAX)
  ok(decoded.verdict === 'accept')
  const data = decoded.value
  const places = placesIn(data)
  const place = places[below(places.length)]
  ok(place !== undefined)
  place.put(otherValue(place.value))
  return encodeData(data)
}

const KINDS: readonly ((bytes: Uint8Array) => Uint8Array)[] = [
  (bytes) => {
    const at = below(bytes.length)
    return bytes.with(at, (bytes[at] ?? 0) ^ (1 << below(8)))
  },
  (bytes) => bytes.with(below(bytes.length), below(256)),
  (bytes) => bytes.subarray(0, below(bytes.length)),
  (bytes) => Uint8Array.of(...bytes, ...random.bytes(1 + below(8))),
  (bytes) => bytes.slice().copyWithin(below(bytes.length), below(bytes.length), below(bytes.length)),
  changedValue,
]

const factsOf = (verified: VerifiedStamp): string =>
  JSON.stringify(verified, (_, value: unknown) => (typeof value === 'bigint' ? `${value} ns` : value))

const tryAll = (
  { bytes, trust, digest }: StampedChain,
  { verifier }: Scheme,
  count: number,
): ReadonlyMap<string, number> => {
  const met = new Map<string, number>()
  const meet = (name: string): void => void met.set(name, (met.get(name) ?? 0) + 1)
  const whole = openStampProof(bytes)
  ok(whole.verdict === 'accept')
  const truth = verifyStamp(whole.value, { trust, digest, verifier })
  ok(truth.verdict === 'accept')
  const facts = factsOf(truth.value)
  for (let i = 0; i < count; i += 1) {
    const kind = KINDS[i % KINDS.length]
    ok(kind !== undefined)
    const changed = kind(bytes)
    const opened = openStampProof(changed)
    if (opened.verdict !== 'accept') {
      meet(opened.reason)
      continue
    }
    const found = verifyStamp(opened.value, { trust, digest, verifier })
    meet(found.verdict === 'accept' ? 'accept' : found.link)
    if (found.verdict !== 'accept') continue
    // The sizes of a receipt's group and of a block are in no fact: a path may fit another one too (T-18).
    equal(factsOf(found.value), facts)
  }
  return met
}

test('no changed proof is believed, and the changes reach every link that a change of one value can break', () => {
  const scheme = hashScheme()
  const count = fuzzRuns(MUTATIONS)
  const met = tryAll(stampedChain({ scheme, batchSize: 1000 }), scheme, count)
  const reached = STAMP_LINKS.filter((link) => met.has(link))
  if (count < MUTATIONS) return
  // A beacon is part of what was stamped, and so the receipt fails first.
  deepEqual(
    reached,
    STAMP_LINKS.filter((link) => link !== 'beacon'),
  )
  for (const reason of ['malformed', 'wrong-shape', 'non-canonical']) ok(met.has(reason), reason)
})

test('nor with signatures of Ed25519', () => {
  const scheme = ed25519Scheme()
  const salted = stampedChain({ scheme, batchSize: 300, salt: new Uint8Array(16).fill(5) })
  const met = tryAll(salted, scheme, Math.min(fuzzRuns(MUTATIONS_SIGNED), MUTATIONS_SIGNED))
  ok((met.get('votes') ?? 0) > 0 && (met.get('receipt') ?? 0) > 0)
})
