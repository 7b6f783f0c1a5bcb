/**
 * The pages say what is there. Every rule that code cites stands in a page, once; every link leads somewhere; every script,
 * command, flag, variable and default that a page names exists; nothing that people need is left out of the lists.
 *
 * It cannot tell whether a sentence is true: a rule may exist and say something else than its citation means.
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path/posix'
import { describe, test } from 'node:test'
import type { Command } from 'commander'
import packageFile from '../package.json' with { type: 'json' }
import { makeProgram } from '../src/cli/main.ts'
import { CONFIG_VARIABLES, configSchema, flagOf } from '../src/node/config.ts'

const read = (pattern: string): ReadonlyMap<string, string> =>
  new Map(globSync(pattern).map((path) => [path, readFileSync(path, 'utf8')]))

const pages = read('{*.md,docs/**/*.md}')
const sources = read('{src,web/src,test,bench,scripts,bin}/**/*.{ts,tsx,js}')
const page = (path: string): string => pages.get(path) ?? ''
/** Every match of `pattern` in every text, as `file: match`; the first group where there is one. */
const findAll = (texts: ReadonlyMap<string, string>, pattern: RegExp): readonly { path: string; found: string }[] =>
  [...texts].flatMap(([path, text]) =>
    [...text.matchAll(pattern)].map((match) => ({ path, found: match[1] ?? match[0] })),
  )
const told = ({ path, found }: { readonly path: string; readonly found: string }): string => `${path}: ${found}`

describe('rules', () => {
  const specification = new Map([...pages].filter(([path]) => path.startsWith('docs/spec/')))
  const defined = findAll(specification, /\*\*([A-Z]-\d+)(?=[ .*])/g).map(({ found }) => found)
  const families = new Set(defined.map((rule) => rule.slice(0, 1)))
  const citation = new RegExp(`\\b[${[...families].join('')}]-\\d+\\b`, 'g')

  test('are found', () => ok(defined.length > 100 && families.size === 14, `${defined.length} rules`))
  test('have a number each', () => {
    deepEqual(
      defined.filter((rule, index) => defined.indexOf(rule) !== index),
      [],
    )
  })
  for (const [name, texts] of [
    ['code', sources],
    ['pages', pages],
  ] as const)
    test(`that ${name} cite exist`, () => {
      const cited = findAll(texts, citation)
      ok(cited.length > 50, `${cited.length} citations`)
      deepEqual(cited.filter(({ found }) => !defined.includes(found)).map(told), [])
    })
})

describe('links', () => {
  /** How a heading is addressed, as GitHub does it. */
  const anchorOf = (heading: string): string =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-')
  const isThere = (from: string, link: string): boolean => {
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? from : normalize(join(dirname(from), path))
    if (!existsSync(target)) return false
    return (
      anchor === undefined ||
      findAll(new Map([[target, page(target)]]), /^#+ (.+)$/gm).some(({ found }) => anchorOf(found) === anchor)
    )
  }

  test('between pages lead somewhere', () => {
    const links = findAll(pages, /\]\((?!https?:|mailto:)([^)\s]+)\)/g)
    ok(links.length > 30, `${links.length} links`)
    deepEqual(links.filter(({ path, found }) => !isThere(path, found)).map(told), [])
  })
  test('that code names lead somewhere', () => {
    const named = findAll(sources, /\bdocs\/[\w./-]+\.(?:md|png)\b/g)
    ok(named.length > 20)
    deepEqual(named.filter(({ found }) => !existsSync(found)).map(told), [])
  })
  test('files that pages name are there', () => {
    const named = findAll(pages, /`((?:src|test|web|bench|scripts|docs|\.ci)\/[\w./-]*)`/g)
    ok(named.length > 20)
    deepEqual(named.filter(({ found }) => !existsSync(found)).map(told), [])
  })
  test('ARCHITECTURE.md leads to every page of the specification', () => {
    const specified = globSync('docs/spec/*.md').filter((path) => !page('ARCHITECTURE.md').includes(`](${path})`))
    deepEqual(specified, [])
  })
  test('the list of decisions has each, by its title', () => {
    for (const path of globSync('docs/adr/0*.md')) {
      const [, number, title] = /^# (\d{4}) (.+)$/m.exec(page(path)) ?? []
      ok(page('docs/adr/README.md').includes(`| [${number}](${path.slice('docs/adr/'.length)}) | ${title} |`), path)
    }
  })
})

describe('commands', () => {
  const program = makeProgram()
  const wholeFamily = (command: Command): readonly Command[] => [command, ...command.commands.flatMap(wholeFamily)]
  const flagsOf = (command: Command): readonly string[] => [
    ...command.options.flatMap(({ long }) => long ?? []),
    '--help',
    '--version',
  ]
  const allFlags = new Set(wholeFamily(program).flatMap(flagsOf))
  /** What stands in code: spans in a line, and the lines of fenced blocks, without their remarks. */
  const codeOf = (text: string): readonly string[] => [
    ...[...text.matchAll(/^```(?:sh)?\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) =>
      block.replaceAll(/ +#.*$/gm, '').split(/\n|&&|;/),
    ),
    ...[...text.matchAll(/(?<!`)`([^`\n]+)`(?!`)/g)].map(([, span = '']) => span),
  ]
  const lines = [...pages].flatMap(([path, text]) => codeOf(text).map((code) => ({ path, code: code.trim() })))

  /** What is wrong with the words after `truechimer`. */
  const faultOf = (words: readonly string[]): string | undefined => {
    let command = program
    for (const word of words) {
      const next = command.commands.find((child) => child.name() === word)
      if (next !== undefined) command = next
      else if (command.commands.length > 0 && /^[a-z]+$/.test(word)) return `no command ${word}`
      else if (word.startsWith('--') && !flagsOf(command).includes(word)) return `no ${word} in ${command.name()}`
    }
    return undefined
  }

  test('of truechimer exist, with their flags', () => {
    const calls = lines.flatMap(({ path, code }) => {
      const [, words] = /(?:^|\s)truechimer (?:-- )?(.+)$/.exec(code) ?? []
      return words === undefined ? [] : [{ path, code, words: words.split(/\s+/) }]
    })
    ok(calls.length > 10, `${calls.length} calls`)
    deepEqual(
      calls.flatMap(({ path, code, words }) => {
        const fault = faultOf(words)
        return fault === undefined ? [] : [`${path}: ${code}: ${fault}`]
      }),
      [],
    )
    deepEqual(faultOf(['clock', 'wach']), 'no command wach')
    deepEqual(faultOf(['status', '--jsno']), 'no --jsno in status')
  })
  test('flags that are named alone are flags of some command', () => {
    const alone = lines.filter(({ code }) => /^(?:[a-z]+ )?--/.test(code))
    ok(alone.length > 10)
    const unknown = alone.filter(({ code }) => (code.match(/--[a-z-]+/g) ?? []).some((flag) => !allFlags.has(flag)))
    deepEqual(unknown, [])
  })
  test('of npm are scripts', () => {
    const scripts = new Set(Object.keys(packageFile.scripts))
    const run = [...lines, { path: '.ci/run', code: readFileSync('.ci/run', 'utf8') }]
    const named = run.flatMap(({ path, code }) =>
      [...code.matchAll(/\bnpm (?:run (?:-s )?)?(?!ci\b|run\b)([a-z][\w:]*)/g)].map(([, found = '']) => ({
        path,
        found,
      })),
    )
    ok(named.length > 10)
    deepEqual(named.filter(({ found }) => !scripts.has(found)).map(told), [])
  })
})

describe('settings', () => {
  const valueAt = (data: unknown, key: string): unknown =>
    key
      .split('.')
      .reduce((at: unknown, step) => (typeof at === 'object' && at !== null ? Reflect.get(at, step) : undefined), data)
  const operating = page('docs/guides/operating.md')

  test('stand in the guide with variable, flag and default', () => {
    const defaults = configSchema.parse({})
    for (const [variable, [key]] of Object.entries(CONFIG_VARIABLES)) {
      const value = valueAt(defaults, key)
      const shown = typeof value === 'string' ? value : JSON.stringify(value)
      const row = `| \`${key}\` | \`${variable}\` | \`${flagOf(key)}\` | \`${shown}\` |`
      ok(operating.includes(row), row)
    }
  })
  test('variables that pages name are read somewhere', () => {
    const product = [...sources]
      .filter(([path]) => path.startsWith('src/'))
      .map(([, text]) => text)
      .join('')
    const named = findAll(pages, /\bTRUECHIMER_[A-Z_]*[A-Z]\b/g)
    ok(named.length > 8)
    deepEqual(named.filter(({ found }) => !product.includes(found)).map(told), [])
  })
  test('every package has its reason, and no other', () => {
    const named = findAll(new Map([['', page('docs/guides/dependencies.md')]]), /`((?:@[\w-]+\/)?[a-z][\w-]*)`/g)
      .map(({ found }) => found)
      .filter((name) => !['console', 'truechimer'].includes(name))
    const { dependencies, devDependencies, optionalDependencies } = packageFile
    const all = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies })
    deepEqual([...new Set(named)].sort(), all.filter((name) => !name.startsWith('@types/')).sort())
  })
})

describe('words', () => {
  /** Written apart, so that this file may be read like every other. */
  const never = (...words: readonly (readonly [string, string])[]): RegExp =>
    new RegExp(words.map((parts) => parts.join('')).join('|'), 'i')
  const unfinished = never(
    ['\\bto', 'do\\b'],
    ['\\bfix', 'me\\b'],
    ['\\bfor ', 'now\\b'],
    ['place', 'holder'],
    ['\\bsimpli', 'fied\\b'],
  )
  const elsewhere = never(
    ['\\bsit', 'tings?\\b'],
    ['\\bwork', 'place\\b'],
    ['(?<![\\w.])/wo', 'rk/'],
    ['(?<![\\w.])/ro', 'ot/'],
  )
  const ofOthers = never(
    ['\\bhelp', 'ers?\\b'],
    ['\\biss', 'ues?\\b'],
    ['\\bregis', 'tr(?:y|ies)\\b'],
    ['\\bA', 'I\\b'],
    ['\\bassis', 'tants?\\b'],
  )
  const american =
    /\b(?:behavior|neighbor|honor|favor|color|center|judgment|defense|gray|dialed|canceled|labeled|modeled)|[a-z](?:gniz|oniz|ializ|timiz|malyz|naliz)[ei]|\banalyz/i
  /** A second word for a thing that has one. */
  const second =
    /\btime ?slots?\b|\battest[eo]rs?\b|\bchallengers?\b|\bjur(?:y|ies)\b|\bfalse tickers?\b|\btrue chimers?\b|\btimeproofs?\b/i
  const linesWith = (texts: ReadonlyMap<string, string>, pattern: RegExp): readonly string[] =>
    [...texts].flatMap(([path, text]) =>
      text.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
    )

  for (const [name, pattern] of Object.entries({ unfinished, elsewhere, ofOthers, american, second }))
    test(`of pages: none ${name}`, () => deepEqual(linesWith(pages, pattern), []))
  for (const [name, pattern] of Object.entries({ unfinished, elsewhere }))
    test(`of code: none ${name}`, () => deepEqual(linesWith(sources, pattern), []))
  test('each pattern finds what it is for', () => {
    ok(
      unfinished.test(['TO', 'DO'].join('')) &&
        elsewhere.test(['see /wo', 'rk/x'].join('')) &&
        ofOthers.test(['iss', 'ue'].join('')),
    )
    ok(american.test('synchronized') && !american.test('synchronised') && second.test('a time slot'))
  })
})

test('the first screen of the README: what it is, the two commands, and a picture of at most 300 kB', () => {
  const screen = page('README.md').split('\n').slice(0, 20).join('\n')
  ok(screen.includes('npm ci && npm start') && screen.includes('npm ci && npm test'))
  const [, text = '', picture = ''] = /!\[([^\]]+)\]\(([^)]+)\)/.exec(screen) ?? []
  ok(text.length > 40, 'the picture is described')
  equal(statSync(picture).size <= 300_000, true)
})
