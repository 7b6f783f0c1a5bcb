/** The commands `truechimer join` and `truechimer leave` and how they are described; what they do is loaded when one is asked for. */
import { Option } from 'commander'
import type { Command } from 'commander'
import type { CommandParts } from './log-commands.ts'
import type { MembershipOptions } from './membership.ts'

/** What both take besides, made by main.ts. */
export interface MembershipParts extends CommandParts {
  readonly api: () => Option
  readonly passphraseFile: () => Option
}

export const addMembership = (program: Command, parts: MembershipParts): void => {
  const { run, examples } = parts
  withOptions(program.command('join'), parts)
    .description(
      'become a member of the chain: a candidate first, and a validator once its record is long enough; exit 1 where it is not taken',
    )
    .addHelpText(
      'after',
      examples('truechimer join --data ./dora', 'truechimer join --data ./dora --api 127.0.0.1:7341 --json'),
    )
    .action(run<MembershipOptions>(async () => (await import('./membership.ts')).join))
  withOptions(program.command('leave'), parts)
    .description('leave the chain: its weight, its stake and its record go; exit 1 where it is not taken')
    .addOption(new Option('--yes', 'give up the stake that the genesis gave it, for good'))
    .addHelpText(
      'after',
      examples('truechimer leave --data ./dora', 'truechimer leave --data ./ada --yes', 'truechimer status'),
    )
    .action(run<MembershipOptions>(async () => (await import('./membership.ts')).leave))
}

const withOptions = (command: Command, { data, api, passphraseFile, json }: MembershipParts): Command =>
  command.addOption(data()).addOption(api()).addOption(passphraseFile()).addOption(json())
