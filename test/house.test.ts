/**
 * The house rules as a test: rooms in order, imports that only point down, cores that touch nothing, files and functions
 * that fit a screen. Each rule is also shown to bite, on a planted offence. Rules: ARCHITECTURE.md "The house".
 */
import { deepEqual, ok } from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { inspect } from './house/inspect.ts'

const read = (pattern: string): ReadonlyMap<string, string> =>
  new Map(
    globSync(pattern, { exclude: (name) => name.includes('node_modules') || name.includes('web/dist') })
      .sort()
      .map((path) => [path, readFileSync(path, 'utf8')]),
  )
const house = read('{src,test,bench,scripts,web}/**/*.{ts,tsx}')

/** The offences of a file planted into the standing house. */
const planted = (path: string, text: string): readonly string[] =>
  inspect(new Map([...house, [path, text]])).filter((line) => line.startsWith(path))

test('the walk sees the house', () => ok(house.size > 40, `only ${house.size} files: the check is blind`))
test('the house is in order', () => deepEqual(inspect(house), []))

const plants: readonly (readonly [name: string, path: string, text: string, say: RegExp])[] = [
  ['an upward import', 'src/base/planted.ts', "import { judge } from '../validation/index.ts'\nvoid judge", /upward/],
  ['an upward re-export', 'src/base/planted.ts', "export * from '../clock/index.ts'", /upward/],
  ['an upward import() ', 'src/base/planted.ts', "export const load = () => import('../node/index.ts')", /upward/],
  [
    'a type-only upward import',
    'src/base/planted.ts',
    "import type { Docket } from '../validation/index.ts'\nexport type D = Docket",
    /upward/,
  ],
  ['a way around a door', 'src/proofs/planted.ts', "export { BoundedMap } from '../base/bounded.ts'", /door/],
  ['a core that imports its io', 'src/crypto/planted.ts', "export * from './io/key-file.ts'", /io\//],
  ['an unknown room', 'src/utils/planted.ts', 'export const one = 1', /no such room/],
  ['a clock read in a core', 'src/clock/planted.ts', 'export const now = () => Date.now()', /Time/],
  [
    'a clock read by another name',
    'src/clock/planted.ts',
    'export const now = () => globalThis.performance.now()',
    /Time/,
  ],
  ['a new Date', 'src/clock/planted.ts', 'export const now = () => new Date()', /Time/],
  ['a timer in a core', 'src/clock/planted.ts', 'setTimeout(() => {}, 1)', /timer/],
  ['chance in a core', 'src/clock/planted.ts', 'export const luck = Math.random()', /Random/],
  ['a file in a core', 'src/proofs/planted.ts', "import { readFileSync } from 'node:fs'\nvoid readFileSync", /node:fs/],
  ['crypto outside crypto', 'src/proofs/planted.ts', "import { hash } from 'node:crypto'\nvoid hash", /node:crypto/],
  [
    'chance from node:crypto',
    'src/crypto/planted.ts',
    "import { randomBytes } from 'node:crypto'\nvoid randomBytes",
    /randomBytes/,
  ],
  ['the process in a core', 'src/node/planted.ts', 'export const place = process.cwd()', /process/],
  ['a fetch in a core', 'src/node/planted.ts', "export const page = fetch('http://127.0.0.1/')", /fetch/],
  ['a bare error', 'src/cli/planted.ts', "throw new Error('oh')", /bare Error/],
  [
    'a dashboard that reaches into the house',
    'web/src/planted.ts',
    "import { Chimer } from '../../src/node/index.ts'\nvoid Chimer",
    /dashboard imports/,
  ],
  [
    'a file over 500 lines',
    'src/base/planted.ts',
    'export const one = 1\n'.repeat(501).replaceAll('one', 'one'),
    /501 lines/,
  ],
  [
    'a function over 70 lines',
    'src/base/planted.ts',
    `export const long = () => {\n${'  void 0\n'.repeat(70)}}`,
    /72 lines/,
  ],
  ['a file that does not parse', 'src/base/planted.ts', 'export const = 1', /does not parse/],
]
for (const [name, path, text, say] of plants)
  test(`it finds ${name}`, () => {
    const found = planted(path, text)
    ok(
      found.some((line) => say.test(line)),
      `not found: ${found.join(', ')}`,
    )
  })

test('it lets a comment speak of clocks', () =>
  deepEqual(planted('src/base/planted.ts', '// Date.now() and setTimeout live in node/io\nexport const one = 1'), []))
