/** The commands `truechimer git-stamp` and `git-stamp verify` and how they are described; what they do is loaded when one is asked for. */
import { Option } from 'commander'
import type { Command } from 'commander'
import { apiUrl, whole } from './arguments.ts'
import type { GitVerifyOptions } from './git-stamp-verify.ts'
import type { GitStampOptions } from './git-stamp.ts'
import type { CommandParts } from './log-commands.ts'

const repository = (): Option => new Option('--repository <directory>', 'where the repository is').default('.')
const networks = (): Option =>
  new Option(
    '--networks <directory>',
    'where the genesis files of networks that were met are kept (otherwise truechimer/networks in the user’s data)',
  ).env('TRUECHIMER_NETWORKS')

export const addGitStamp = (program: Command, parts: Omit<CommandParts, 'data'>): void => {
  const { run, examples, json } = parts
  const command = program
    .command('git-stamp')
    .argument('[revisions...]', 'commits or annotated tags; HEAD where left out')
    .description('stamp commits or tags of git, and keep the proofs in refs/notes/truechimer')
    .addOption(repository())
    .addOption(
      new Option('--node <host:port>', 'the HTTP address of the node to ask')
        .env('TRUECHIMER_API')
        .default('http://127.0.0.1:7340', '127.0.0.1:7340')
        .argParser(apiUrl),
    )
    .addOption(new Option('--wait <state>', 'how long to stay').choices(['final', 'receipt']).default('final'))
    .option('--again', 'stamp anew and write over the note')
    .addOption(networks())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'truechimer git-stamp',
        'truechimer git-stamp v1.0 HEAD~3',
        'truechimer git-stamp verify v1.0..HEAD',
        'git log --show-notes=truechimer',
        'git push origin refs/notes/truechimer',
      ),
    )
    .action(async (revisions: readonly string[], options: Omit<GitStampOptions, 'revisions'>) => {
      await run<GitStampOptions>(async () => (await import('./git-stamp.ts')).gitStamp)({ ...options, revisions })
    })
  addVerify(command, parts)
}

const addVerify = (command: Command, { run, examples, json }: Omit<CommandParts, 'data'>): void => {
  command
    .command('verify')
    .argument('[ranges...]', 'ranges such as v1.0..HEAD, or single commits and tags; HEAD where left out')
    .description('check the stamps of commits, offline; exit 1 where one is bad, or none is there')
    .option('--all', 'every one must be stamped')
    .addOption(repository())
    .option('--genesis <file>', 'trust this genesis')
    .option('--data <directory>', 'trust the genesis in this data directory')
    .option('--checkpoint <file>', 'trust the block in this file instead: truechimer checkpoint')
    .addOption(
      new Option('--trust-days <days>', 'how old the block of a checkpoint may be')
        .argParser(whole({ min: 1, max: 3650 }))
        .default(14),
    )
    .addOption(networks())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'truechimer git-stamp verify',
        'truechimer git-stamp verify v1.0..HEAD --all',
        'truechimer git-stamp verify v1.0 --json',
      ),
    )
    .action(async (ranges: readonly string[], _given: object, command_: Command) => {
      // Options of this name on git-stamp itself are read by it: both together are what was said.
      const options = command_.optsWithGlobals<Omit<GitVerifyOptions, 'ranges'>>()
      await run<GitVerifyOptions>(async () => (await import('./git-stamp-verify.ts')).gitStampVerify)({
        ...options,
        ranges,
      })
    })
}
