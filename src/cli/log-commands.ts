/** The commands of `truechimer log` and how they are described; what they do is loaded when one is asked for. */
import { Option } from 'commander'
import type { Command } from 'commander'
import { whole } from './arguments.ts'
import type { LogProveOptions, LogVerifyOptions } from './log-prove.ts'
import type { LogExportOptions, LogShowOptions, LogTailOptions } from './log-read.ts'
import { entryName, instant, logLevel, logTypes } from './log-view.ts'
import type { EntryName } from './log-view.ts'
import type { ExitCode } from './output.ts'

/** What all commands are made with (main.ts). */
export interface CommandParts {
  readonly run: <O>(load: () => Promise<(options: O) => Promise<ExitCode>>) => (options: O) => Promise<void>
  readonly examples: (...lines: readonly string[]) => string
  readonly data: () => Option
  readonly json: () => Option
}

const COUNT = whole({ min: 0, max: 2 ** 32 })

export const addLog = (program: Command, parts: CommandParts): void => {
  const log = program
    .command('log')
    .description('what a node has written down: chained, signed, and shown to others')
    .addHelpText(
      'after',
      parts.examples(
        'truechimer log tail --data ./ada --follow',
        'truechimer log verify --data ./ada',
        'truechimer log prove 17 --data ./ada --out entry.proof && truechimer log verify --proof entry.proof',
      ),
    )
  addTail(log, parts)
  addShow(log, parts)
  addVerify(log, parts)
  addExport(log, parts)
  addProve(log, parts)
}

const filtered = (command: Command): Command =>
  command
    .option('--level <level>', 'this level and graver ones', logLevel)
    .option('--type <type>', 'only what is about this; several with commas', logTypes)
    .option('--since <time>', 'from this instant on, UTC, or 10m for ten minutes ago', instant)

const addTail = (log: Command, { run, examples, data, json }: CommandParts): void => {
  filtered(log.command('tail'))
    .description('the newest entries; exit 1 where there is none')
    .addOption(data())
    .option('-f, --follow', 'and then what comes, until it is told to stop')
    .addOption(new Option('-n, --lines <number>', 'how many').argParser(whole({ min: 0, max: 100_000 })).default(20))
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'truechimer log tail --data ./ada',
        'truechimer log tail --data ./ada --follow --level warn',
        'truechimer log tail --data ./ada --type clock,proof --since 10m -n 100 --json',
      ),
    )
    .action(run<LogTailOptions>(async () => (await import('./log-read.ts')).logTail))
}

const addShow = (log: Command, { run, examples, data, json }: CommandParts): void => {
  log
    .command('show')
    .argument('<cid>', 'the entry’s CID, or its number', entryName)
    .description('one entry whole; exit 1 where there is none')
    .addOption(data())
    .addOption(json())
    .addHelpText(
      'after',
      examples('truechimer log show 17 --data ./ada', 'truechimer log show CID --data ./ada --json'),
    )
    .action(async (entry: EntryName, options: Omit<LogShowOptions, 'entry'>) => {
      await run<LogShowOptions>(async () => (await import('./log-read.ts')).logShow)({ ...options, entry })
    })
}

const addVerify = (log: Command, { run, examples, data, json }: CommandParts): void => {
  log
    .command('verify')
    .description('check every byte of a log, or one proof; exit 1 where anything is wrong, and what')
    .addOption(data())
    .option('--proof <file>', 'check this proof of one entry instead, offline')
    .option('--node <id>', 'it must be of this node')
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'truechimer log verify --data ./ada',
        'truechimer log verify --data ./ada --json',
        'truechimer log verify --proof entry.proof --node 12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq',
      ),
    )
    .action(run<LogVerifyOptions>(async () => (await import('./log-prove.ts')).logVerify))
}

const addExport = (log: Command, { run, examples, data, json }: CommandParts): void => {
  filtered(log.command('export'))
    .description('entries as JSON, one object a line; exit 1 where there is none')
    .addOption(data())
    .option('--until <time>', 'up to this instant, UTC, or 10m for ten minutes ago', instant)
    .option('--from <number>', 'from this entry on', COUNT)
    .option('--to <number>', 'before this entry', COUNT)
    .option('--out <file>', 'write a new file')
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'truechimer log export --data ./ada --out log.jsonl',
        'truechimer log export --data ./ada --level warn --since 2026-11-21T06:00:00Z | head',
        'truechimer log export --data ./ada --from 100 --to 200 --type clock',
      ),
    )
    .action(run<LogExportOptions>(async () => (await import('./log-read.ts')).logExport))
}

const addProve = (log: Command, { run, examples, data, json }: CommandParts): void => {
  log
    .command('prove')
    .argument('<cid>', 'the entry’s CID, or its number', entryName)
    .description('write a small file that shows one entry to others; exit 1 where no checkpoint covers it yet')
    .addOption(data())
    .option('--out <file>', 'a new file (otherwise entry-NUMBER.proof here)')
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'truechimer log prove 17 --data ./ada',
        'truechimer log prove CID --data ./ada --out entry.proof --json',
      ),
    )
    .action(async (entry: EntryName, options: Omit<LogProveOptions, 'entry'>) => {
      await run<LogProveOptions>(async () => (await import('./log-prove.ts')).logProve)({ ...options, entry })
    })
}
