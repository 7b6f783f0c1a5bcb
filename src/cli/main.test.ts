/** Every command that there is: its help has an example of it, and it can answer with JSON. */
import { match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import type { Command } from 'commander'
import { makeProgram } from './main.ts'

const helpOf = (command: Command): string => {
  let text = ''
  command.configureOutput({ writeOut: (part) => (text += part) })
  command.outputHelp()
  return text
}

const commands = (parent: Command, path: string): readonly (readonly [path: string, command: Command])[] =>
  parent.commands.flatMap((command) => {
    const name = `${path} ${command.name()}`
    return [[name, command] as const, ...commands(command, name)]
  })

const all = commands(makeProgram(), 'truechimer')
test('the commands are there', () =>
  ok(
    ['init', 'node', 'devnet', 'status', 'now', 'clock watch'].every((name) =>
      all.some(([path]) => path.endsWith(` ${name}`)),
    ),
  ))

for (const [path, command] of all) {
  test(`${path} --help shows examples of it`, () => match(helpOf(command), new RegExp(`Examples:\\n(.*\\n)*.*${path}`)))
  if (command.commands.length === 0)
    test(`${path} has --json`, () => ok(command.options.some(({ long }) => long === '--json')))
}

test('the help of all shows examples and exit codes', () =>
  match(helpOf(makeProgram()), /Examples:[^]*truechimer devnet[^]*Exit codes: 0/))
