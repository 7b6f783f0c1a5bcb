/** Which proof goes with which file. */
import { deepEqual, equal } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { cardFor, isProofLike, pairsOf, shortName, sizeText } from './stamps-files.ts'

const named = (...names: readonly string[]): readonly { readonly name: string }[] => names.map((name) => ({ name }))
const pairs = (files: readonly string[], proofs: readonly string[]): readonly string[] =>
  pairsOf(named(...files), named(...proofs)).map(({ file, proof }) => `${file?.name ?? '-'} ${proof?.name ?? '-'}`)

describe('pairs of what was dropped at once', () => {
  const cases: readonly (readonly [
    files: readonly string[],
    proofs: readonly string[],
    expected: readonly string[],
  ])[] = [
    [['a.pdf'], ['a.pdf.chime'], ['a.pdf a.pdf.chime']],
    [['A.PDF'], ['a.pdf.chime'], ['A.PDF a.pdf.chime']],
    [['a.pdf'], ['a.pdf (1).chime'], ['a.pdf a.pdf (1).chime']],
    [['a.pdf'], ['proof.chime'], ['a.pdf proof.chime']],
    [
      ['b', 'a'],
      ['a.chime', 'b.chime'],
      ['a a.chime', 'b b.chime'],
    ],
    [['b', 'a'], ['a.chime'], ['a a.chime', 'b -']],
    [
      ['a', 'x'],
      ['y.chime', 'a.chime'],
      ['a a.chime', 'x y.chime'],
    ],
    [['x', 'z'], ['y.chime'], ['- y.chime', 'x -', 'z -']],
    [[], ['y.chime'], ['- y.chime']],
  ]
  for (const [files, proofs, expected] of cases)
    test(`${files.join(', ')} with ${proofs.join(', ')}`, () => deepEqual(pairs(files, proofs), expected))

  test('nothing is lost and nothing is used twice', () => {
    const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'))
    fc.assert(
      fc.property(names, names, (files, proofs) => {
        const made = pairsOf(named(...files), named(...proofs.map((name) => `${name}.chime`)))
        deepEqual(made.flatMap(({ file }) => file?.name ?? []).sort(), [...files].sort())
        deepEqual(made.flatMap(({ proof }) => proof?.name ?? []).sort(), proofs.map((name) => `${name}.chime`).sort())
      }),
    )
  })
})

describe('the card that a half completes', () => {
  const half = (id: string, fileName?: string, proofName?: string) => ({ id, fileName, proofName })
  test('by name before the only one that is left', () => {
    const cards = [half('1', undefined, 'a.chime'), half('2', undefined, 'b.chime')]
    equal(cardFor(cards, 'b', 'file'), '2')
    equal(cardFor(cards, 'c', 'file'), undefined)
    equal(cardFor(cards.slice(1), 'c', 'file'), '2')
  })
  test('a card that has both is left alone', () => {
    equal(cardFor([half('1', 'a', 'a.chime')], 'a', 'file'), undefined)
    equal(cardFor([half('1', 'a')], 'b', 'file'), undefined)
    equal(cardFor([half('1', 'a')], 'x.chime', 'proof'), '1')
  })
})

describe('what is meant for a proof', () => {
  const words = (text: string): Uint8Array => Uint8Array.of(0x8b, 0x78, 0x19, ...new TextEncoder().encode(text))
  const cases: readonly (readonly [name: string, size: number, head: Uint8Array, expected: boolean])[] = [
    ['a.chime', 10, Uint8Array.of(1, 2), true],
    ['a.CHIME', 0, new Uint8Array(0), true],
    ['a.chime', 5_000_000, words('truechimer/stamp-proof/1'), false],
    ['renamed.bin', 1700, words('truechimer/stamp-proof/1'), true],
    ['renamed.bin', 1700, words('truechimer/pending-stamp/1'), true],
    ['a.pdf', 1700, words('%PDF-1.7 truechimer/stamp-proof/1'), false],
  ]
  for (const [name, size, head, expected] of cases)
    test(`${name}, ${size} bytes: ${expected}`, () => equal(isProofLike(name, size, head), expected))
})

test('long names lose their middle, not their ending', () => {
  equal(shortName('contract.pdf', 20), 'contract.pdf')
  equal(shortName('a-very-long-name-of-a-contract.pdf', 16), 'a-very-l…act.pdf')
  equal(Array.from(shortName('😀'.repeat(40), 9)).length, 9)
})

test('sizes', () => {
  const cases = [
    [0, 'empty'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1000, '1 kB'],
    [3_210_000, '3.2 MB'],
    [999_950, '1 MB'],
    [10_000_000_000, '10 GB'],
  ] as const
  for (const [bytes, expected] of cases) equal(sizeText(bytes), expected)
})
