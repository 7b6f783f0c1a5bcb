/** The commands of `truechimer tsa` and how they are described; what they do is loaded when one is asked for. */
import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { apiUrl, list, whole } from './arguments.ts'
import type { CommandParts } from './log-commands.ts'
import { instant } from './log-view.ts'
import type { TsaInitOptions, TsaShowOptions } from './tsa-files.ts'
import type { TsaTokenOptions } from './tsa-token.ts'
import type { TsaVerifyOptions } from './tsa-verify.ts'

export const addTsa = (program: Command, parts: CommandParts): void => {
  const tsa = program
    .command('tsa')
    .description(
      'time-stamp tokens of RFC 3161, which others’ tools check: one operator’s word, where a stamp is a quorum’s',
    )
    .addHelpText(
      'after',
      parts.examples(
        'truechimer tsa init --data ./ada --name Ada && truechimer node --data ./ada --tsa-serve',
        'truechimer tsa token contract.pdf --node 127.0.0.1:7340',
        'truechimer tsa verify contract.pdf contract.pdf.tsr --ca ca.pem',
      ),
    )
  addInit(tsa, parts)
  addShow(tsa, parts)
  addToken(tsa, parts)
  addVerify(tsa, parts)
}

/** TSA_NAME_LENGTH_MAX of services/tsa-making.ts, which is loaded only to make one. */
const NAME = /^[^\p{Cc}\p{Cs}]{1,40}$/u

const authorityName = (value: string): string => {
  if (NAME.test(value) && value.trim() === value) return value
  throw new InvalidArgumentError('It must be 1 to 40 characters, without spaces at its ends.')
}

const addInit = (tsa: Command, { run, examples, data, json }: CommandParts): void => {
  tsa
    .command('init')
    .description('make a certificate authority of your own and a time-stamping certificate under it')
    .addOption(data())
    .option('--name <name>', 'what the authority is called in its certificates', authorityName, 'truechimer')
    .addOption(
      new Option('--days <number>', 'how long the time-stamping certificate lives')
        .argParser(whole({ min: 1, max: 7300 }))
        .default(3650),
    )
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'truechimer tsa init --data ./ada --name Ada',
        'truechimer tsa init --data ./ada --name Ada --days 365 --json',
      ),
    )
    .action(run<TsaInitOptions>(async () => (await import('./tsa-files.ts')).tsaInit))
}

const addShow = (tsa: Command, { run, examples, data, json }: CommandParts): void => {
  tsa
    .command('show')
    .description('the authority that a node serves tokens by; exit 1 where its certificates are not alive now')
    .addOption(data())
    .addOption(json())
    .addHelpText('after', examples('truechimer tsa show --data ./ada', 'truechimer tsa show --data ./ada --json'))
    .action(run<TsaShowOptions>(async () => (await import('./tsa-files.ts')).tsaShow))
}

const node = (): Option =>
  new Option('--node <host:port>', 'the HTTP address of the node to ask')
    .env('TRUECHIMER_API')
    .default('http://127.0.0.1:7340', '127.0.0.1:7340')
    .argParser(apiUrl)

const addToken = (tsa: Command, { run, examples, json }: CommandParts): void => {
  tsa
    .command('token')
    .argument('<file>', 'the file, or - for standard input')
    .description('ask a node for a token over a file, of which only the hash is sent; exit 1 where it gives none')
    .addOption(node())
    .option('--out <file>', 'a new file for the token (otherwise FILE.tsr)')
    .addOption(
      new Option('--algorithm <name>', 'the hash').choices(['sha-256', 'sha-384', 'sha-512']).default('sha-256'),
    )
    .option('--ca <file>', 'check it at once under the authorities in this PEM file')
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'truechimer tsa token contract.pdf',
        'truechimer tsa token contract.pdf --node 127.0.0.1:7341 --out contract.tsr --ca ca.pem --json',
      ),
    )
    .action(async (file: string, options: Omit<TsaTokenOptions, 'file'>) => {
      await run<TsaTokenOptions>(async () => (await import('./tsa-token.ts')).tsaToken)({ ...options, file })
    })
}

const addVerify = (tsa: Command, { run, examples, json }: CommandParts): void => {
  tsa
    .command('verify')
    .argument('<file>', 'the file that the token is for, or - for standard input')
    .argument('<token>', 'a response (.tsr) or a token alone')
    .description('check a token offline, as openssl ts -verify does; exit 1 where it does not hold, and why')
    .requiredOption('--ca <file>', 'trust the authorities in this PEM file, and no other')
    .option('--untrusted <file>', 'further certificates in PEM, where the token carries none', list)
    .addOption(new Option('--at <time>', 'check certificates at this instant, not now').argParser(instant))
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'truechimer tsa verify contract.pdf contract.pdf.tsr --ca ca.pem',
        'truechimer tsa verify contract.pdf contract.pdf.tsr --ca ca.pem --untrusted cert.pem --at 2026-11-21T06:00:00Z --json',
      ),
    )
    .action(async (file: string, token: string, options: Omit<TsaVerifyOptions, 'file' | 'token'>) => {
      await run<TsaVerifyOptions>(async () => (await import('./tsa-verify.ts')).tsaVerify)({ ...options, file, token })
    })
}
