/** docs/errors.md and the code say the same: every code and every reason is documented, and nothing else is. */
import { deepEqual, ok } from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { findSayings } from './house/codes.ts'

const sources = globSync('src/**/*.ts').filter((path) => !/\.test(-suite|-kit)?\.ts$/.test(path))
const { codes, reasons } = findSayings(new Map(sources.map((path) => [path, readFileSync(path, 'utf8')])))
const [codePart = '', reasonPart = ''] = readFileSync('docs/errors.md', 'utf8').split('\n## Reasons\n')
/** The first cells of the tables' rows. */
const documented = (part: string): string[] =>
  [...part.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name = '']) => name).sort()

test('the search finds what there is', () => ok(codes.size > 40 && reasons.size > 80))
test('codes', () => deepEqual(documented(codePart), [...codes].sort()))
test('reasons', () => deepEqual(documented(reasonPart), [...reasons].sort()))
