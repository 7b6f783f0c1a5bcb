/** Key files as text: what opens them, what does not, and what a hostile one cannot cost. */
import { describe, test } from 'node:test'
import { deepEqual, equal, match, throws } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { hexOf, seededRandom } from '../base/index.ts'
import { describeKey, KEY_TEXT_MAX, openSeed, plainSeed, publicKeyOf, sealSeed, SCRYPT_COST } from './index.ts'

const seed = new Uint8Array(32).fill(0x5e)
/** The cheapest cost that is read: 16 MiB. */
const cost = { n: 2 ** 14, r: 1, p: 1 }
const sealed = sealSeed(seededRandom(1n), { seed, passphrase: 'correct horse', cost })

const record = z.record(z.string(), z.unknown())
const withField = (text: string, path: readonly [string] | readonly [string, string], value: unknown): string => {
  const data = record.parse(JSON.parse(text))
  const [first, second] = path
  return JSON.stringify({
    ...data,
    [first]: second === undefined ? value : { ...record.parse(data[first]), [second]: value },
  })
}

describe('sealed', () => {
  test('opens with its passphrase', () => deepEqual(openSeed(sealed, 'correct horse'), seed))
  test('tells whose it is without', () =>
    deepEqual(describeKey(sealed), { publicKey: publicKeyOf(seed), encrypted: true }))
  test('does not hold the seed', () => equal(sealed.includes(hexOf(seed)), false))
  test('wrong passphrase', () => throws(() => openSeed(sealed, 'correct house'), { code: 'TC_PASSPHRASE_WRONG' }))
  test('no passphrase', () => throws(() => openSeed(sealed), { code: 'TC_PASSPHRASE_NEEDED' }))
  test('empty passphrase', () => throws(() => openSeed(sealed, ''), { code: 'TC_PASSPHRASE_LENGTH' }))
  test('endless passphrase', () => throws(() => openSeed(sealed, 'x'.repeat(1025)), { code: 'TC_PASSPHRASE_LENGTH' }))
  test('composed and decomposed letters are one passphrase', () => {
    const text = sealSeed(seededRandom(2n), { seed, passphrase: 'caf\u00e9', cost })
    deepEqual(openSeed(text, 'cafe\u0301'), seed)
  })
  test('salt and nonce are fresh each time', () => {
    const random = seededRandom(3n)
    const texts = [1, 2].map(() => sealSeed(random, { seed, passphrase: 'p', cost }))
    equal(new Set(texts).size, 2)
  })
  test('the usual cost is 128 MiB', () => equal(128 * SCRYPT_COST.n * SCRYPT_COST.r, 2 ** 27))
})

describe('a changed field breaks the seal', () => {
  const rows: readonly (readonly [readonly [string] | readonly [string, string], unknown])[] = [
    [['publicKey'], hexOf(publicKeyOf(new Uint8Array(32)))],
    [['nonce'], '00'.repeat(12)],
    [['ciphertext'], '00'.repeat(48)],
    [['kdf', 'salt'], '00'.repeat(32)],
    [['kdf', 'n'], 2 ** 15],
    [['kdf', 'r'], 2],
    [['kdf', 'p'], 2],
  ]
  for (const [path, value] of rows) {
    test(path.join('.'), () =>
      throws(() => openSeed(withField(sealed, path, value), 'correct horse'), { code: 'TC_PASSPHRASE_WRONG' }),
    )
  }
})

describe('not a key file', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['no JSON', 'seed: 1'],
    ['null', 'null'],
    ['an array', '[]'],
    ['too long', sealed + ' '.repeat(KEY_TEXT_MAX)],
    ['another version', withField(sealed, ['format'], 'truechimer-key/2')],
    ['another cipher', withField(sealed, ['encryption'], 'rot13')],
    ['an unknown field', withField(sealed, ['comment'], 'hello')],
    ['memory without end', withField(sealed, ['kdf', 'n'], 2 ** 30)],
    ['n no power of two', withField(sealed, ['kdf', 'n'], 2 ** 14 + 1)],
    ['n too cheap', withField(sealed, ['kdf', 'n'], 2 ** 10)],
    ['blocks without end', withField(sealed, ['kdf', 'r'], 1024)],
    ['time without end', withField(sealed, ['kdf', 'p'], 1_000_000)],
    ['a short salt', withField(sealed, ['kdf', 'salt'], '00')],
    ['capital letters', withField(sealed, ['nonce'], 'AB'.repeat(12))],
    ['a prototype', '{"__proto__":{"encryption":"none"}}'],
    ['plain, with a key that is not the seed’s', withField(plainSeed(seed), ['publicKey'], '00'.repeat(32))],
    ['plain, and a cipher beside', withField(plainSeed(seed), ['nonce'], '00'.repeat(12))],
  ]
  for (const [name, text] of rows) {
    test(name, () => throws(() => openSeed(text, 'correct horse'), { code: 'TC_KEY_MALFORMED' }))
  }
  test('no error quotes the file', () => {
    const broken = plainSeed(seed).replace('"encryption"', '"encryptio')
    throws(
      () => openSeed(broken),
      (error) => {
        const shown = error instanceof Error ? `${error.stack}${String(error.cause)}` : ''
        return shown !== '' && !shown.includes('5e5e5e')
      },
    )
  })
})

describe('plain', () => {
  test('opens without a passphrase, and says what it is', () => {
    deepEqual(openSeed(plainSeed(seed)), seed)
    deepEqual(describeKey(plainSeed(seed)), { publicKey: publicKeyOf(seed), encrypted: false })
    match(plainSeed(seed), /"encryption": "none"/)
  })
})

test('a file written by the first version of this format opens', () => {
  const text = readFileSync(new URL('../../test/vectors/crypto-key-file.json', import.meta.url), 'utf8')
  equal(hexOf(openSeed(text, 'truechimer')), '5e'.repeat(32))
})
