/** Every reason that a source can have is a sentence, and is documented as a reason of its part. */
import { equal, match, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { SOURCE_REASONS, explainSource } from './source-explanations.ts'

const documented = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')

test('each reason is one short sentence that names no code', () => {
  for (const reason of new Set(SOURCE_REASONS)) {
    const sentence = explainSource(reason)
    match(sentence, /^[A-Za-z][^.]*(?:TLS 1\.3)?\.$/, reason)
    ok(sentence.length <= 90 && !sentence.includes(reason), `${reason}: ${sentence}`)
  }
})

test('each is documented', () => {
  for (const reason of SOURCE_REASONS) ok(documented.includes(`| \`${reason}\` |`), reason)
})

test('what is no reason has no sentence', () => {
  for (const reason of ['', 'toString', 'nonsense', 'in-range']) equal(explainSource(reason), '', reason)
})
