/** docs/guides/operating.md says of every setting what the schema says: key, variable, flag and default; and nothing else. */
import { deepEqual, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { makeProgram } from '../../src/cli/main.ts'
import { CONFIG_VARIABLES, flagOf, readConfig } from '../../src/node/config.ts'

const guide = readFileSync(new URL('../../docs/guides/operating.md', import.meta.url), 'utf8')
const [, section = ''] = guide.split('\n## Settings\n')
const [settings = ''] = section.split('\n## ')
/** The rows of the table: key, variable, flag, default. */
const rows = [...settings.matchAll(/^\|(.+)\|$/gm)]
  .map(([, row = '']) => row.split('|').map((cell) => cell.trim().replaceAll('`', '')))
  .filter(([key]) => key !== 'key' && !key?.startsWith('---'))
const ofKeys = rows.filter(([key]) => key !== '')

/** Every key with its default: the keys of `network`, `consensus`, `sources` and `serve` are settings of their own. */
const { network, consensus, sources, serve, ...others } = readConfig({})
const defaults = Object.fromEntries([
  ...Object.entries(others),
  ...Object.entries(network).map(([key, value]) => [`network.${key}`, value]),
  ...Object.entries(consensus).map(([key, value]) => [`consensus.${key}`, value]),
  ...Object.entries(sources).map(([key, value]) => [`sources.${key}`, value]),
  ...Object.entries(serve).map(([key, value]) => [`serve.${key}`, value]),
])
const variableOf = (key: string): string => Object.entries(CONFIG_VARIABLES).find(([, [of]]) => of === key)?.[0] ?? ''

const sorted = (list: readonly (string | undefined)[]): readonly string[] =>
  list.map((item) => item ?? '').sort((a, b) => a.localeCompare(b))

test('every key stands in the table, and no other', () =>
  deepEqual(sorted(ofKeys.map(([key]) => key)), sorted(Object.keys(defaults))))

for (const [key = '', variable, flag, byDefault = ''] of ofKeys) {
  test(`the default of ${key}`, () => {
    const told: unknown =
      /^[[\d]|^(?:null|true|false)$/.test(byDefault) && !/^\d+\./.test(byDefault) ? JSON.parse(byDefault) : byDefault
    deepEqual(told, defaults[key])
  })
  test(`the variable and the flag of ${key}`, () =>
    deepEqual([variable, flag], variableOf(key) === '' ? ['', ''] : [variableOf(key), flagOf(key)]))
}

test('every variable sets a key that there is', () =>
  ok(Object.values(CONFIG_VARIABLES).every(([key]) => key in defaults)))

test('`truechimer node` takes every flag of the table, and no other but its own', () => {
  const flags =
    makeProgram()
      .commands.find((command) => command.name() === 'node')
      ?.options.map(({ long }) => long ?? '') ?? []
  const own = ['--data', '--devnet', '--json']
  const told = rows.map(([, , flag]) => flag).filter((flag) => flag !== '')
  deepEqual(sorted(flags.filter((flag) => !own.includes(flag))), sorted(told))
})
