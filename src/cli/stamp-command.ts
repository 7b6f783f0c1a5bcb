/**
 * The commands `truechimer stamp`, `verify`, `proof` and `checkpoint` and how they are described; what they do is loaded when one is
 * asked for.
 */
import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { apiUrl, list, whole } from './arguments.ts'
import type { CheckpointSaveOptions, CheckpointShowOptions } from './checkpoint.ts'
import type { CommandParts } from './log-commands.ts'
import type { ProofPromiseOptions } from './proof-promise.ts'
import type { ProofShowOptions } from './proof-show.ts'
import type { StampOptions } from './stamp.ts'
import type { VerifyOptions } from './verify.ts'

/** As the API takes it in a header. */
const KEY = /^[\u0020-\u007e]{1,64}$/

export const addStamping = (program: Command, parts: CommandParts): void => {
  addStamp(program, parts)
  addVerify(program, parts)
  addProof(program, parts)
  addCheckpoint(program, parts)
}

const clientKey = (value: string): string => {
  if (KEY.test(value)) return value
  throw new InvalidArgumentError('It must be 1 to 64 printable ASCII characters.')
}

/** Whom to ask. */
const node = (): Option =>
  new Option('--node <host:port>', 'the HTTP address of the node to ask')
    .env('TRUECHIMER_API')
    .default('http://127.0.0.1:7340', '127.0.0.1:7340')
    .argParser(apiUrl)
const networks = (): Option =>
  new Option(
    '--networks <directory>',
    'where the genesis files of networks that were met are kept (otherwise truechimer/networks in the user’s data)',
  ).env('TRUECHIMER_NETWORKS')
const algorithm = (): Option =>
  new Option('--algorithm <name>', 'the hash').choices(['sha-256', 'sha-384', 'sha-512', 'sha3-256']).default('sha-256')

const addStamp = (program: Command, { run, examples, json }: CommandParts): void => {
  program
    .command('stamp')
    .argument('<files...>', 'files, directories with all in them, patterns in quotes, or - for standard input')
    .description(
      'show that files existed: each gets FILE.chime, first with a receipt and soon with the proof; exit 3 where any went wrong',
    )
    .addOption(node())
    .addOption(new Option('--wait <state>', 'how long to stay').choices(['final', 'receipt']).default('final'))
    .option('--no-beacon', 'mix in no beacon: the proof then says "no later than", and nothing of "no earlier than"')
    .addOption(algorithm())
    .option('--private', 'salt the digest, so that nobody can guess from the node’s log what was stamped')
    .addOption(
      new Option('--key <key>', 'one file under one key is one stamp, however often asked for').argParser(clientKey),
    )
    .option('--again', 'make a new stamp where there is one; the old is kept as FILE.chime.1 and so on')
    .option('--ots', 'also write FILE.ots, a pending OpenTimestamps proof of the node’s calendar')
    .option('--ots-calendar <url>', 'ask these calendars for it instead of the node; several with commas', list)
    .option('--out <file>', 'write here instead, for one file or standard input')
    .addOption(networks())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'truechimer stamp contract.pdf',
        'truechimer stamp photos/ --wait receipt',
        "truechimer stamp 'reports/**/*.pdf' --private",
        'tar c thesis | truechimer stamp - --out thesis.tar.chime',
        'truechimer stamp contract.pdf --node 127.0.0.1:7341 --json',
      ),
    )
    .action(async (files: readonly string[], options: Omit<StampOptions, 'files'>) => {
      await run<StampOptions>(async () => (await import('./stamp.ts')).stamp)({ ...options, files })
    })
}

const trusting = (command: Command): Command =>
  command
    .option('--genesis <file>', 'trust this genesis, as it lies in a data directory or as truechimer genesis writes it')
    .option('--data <directory>', 'trust the genesis in this data directory')
    .option('--checkpoint <file>', 'trust the block in this file instead: truechimer checkpoint')
    .addOption(
      new Option('--trust-days <days>', 'how old the block of a checkpoint may be')
        .argParser(whole({ min: 1, max: 3650 }))
        .default(14),
    )
    .addOption(networks())

const addVerify = (program: Command, { run, examples, json }: CommandParts): void => {
  trusting(
    program
      .command('verify')
      .argument(
        '<files...>',
        'files with their FILE.chime beside them, directories, one file and its proof, or .broken evidence',
      )
      .description(
        'check proofs, offline: from when to when files existed, and who attests it; exit 1 where a proof does not hold, 3 where one cannot be read',
      ),
  )
    .option('--explain', 'say what each line stands on')
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'truechimer verify contract.pdf',
        'truechimer verify contract.pdf contract-of-2026.chime --genesis genesis.json --explain',
        'truechimer verify photos/ --checkpoint trusted.json --trust-days 30',
        'tar c thesis | truechimer verify - thesis.tar.chime --json',
      ),
    )
    .action(async (files: readonly string[], options: Omit<VerifyOptions, 'files'>) => {
      await run<VerifyOptions>(async () => (await import('./verify.ts')).verify)({ ...options, files })
    })
}

const addProof = (program: Command, { run, examples, json }: CommandParts): void => {
  const proof = program
    .command('proof')
    .description('what stands in a proof or a receipt, and whether a receipt was honoured')
    .addHelpText(
      'after',
      examples('truechimer proof show contract.pdf.chime', 'truechimer proof promise contract.pdf.chime'),
    )
  proof
    .command('show')
    .argument('<proof>', 'a .chime file, or .broken evidence')
    .description('everything in it, in words; nothing of it is checked. exit 1 where it is no proof')
    .addOption(json())
    .addHelpText(
      'after',
      examples('truechimer proof show contract.pdf.chime', 'truechimer proof show contract.pdf.chime --json'),
    )
    .action(async (path: string, options: Omit<ProofShowOptions, 'proof'>) => {
      await run<ProofShowOptions>(async () => (await import('./proof-show.ts')).proofShow)({ ...options, proof: path })
    })
  proof
    .command('promise')
    .argument('<proof>', 'a .chime file')
    .description(
      'gather the evidence that the node did not put the stamp into a block in time; exit 1 where it did, or where the time is not over',
    )
    .addOption(node())
    .option('--out <file>', 'write the evidence here (otherwise NAME.broken)')
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'truechimer proof promise contract.pdf.chime',
        'truechimer proof promise contract.pdf.chime --node 127.0.0.1:7341 --json',
        'truechimer verify contract.pdf.broken',
      ),
    )
    .action(async (path: string, options: Omit<ProofPromiseOptions, 'proof'>) => {
      await run<ProofPromiseOptions>(async () => (await import('./proof-promise.ts')).proofPromise)({
        ...options,
        proof: path,
      })
    })
}

const addCheckpoint = (program: Command, { run, examples, json }: CommandParts): void => {
  const checkpoint = program
    .command('checkpoint')
    .description('a block that somebody trusts, in a file, to verify proofs with')
    .addHelpText(
      'after',
      examples('truechimer checkpoint save --out trusted.json', 'truechimer checkpoint show trusted.json'),
    )
  checkpoint
    .command('save')
    .description(
      'write a block of the chain down, checked against a genesis; exit 1 where what the node shows does not hold',
    )
    .addOption(node())
    .addOption(
      new Option('--height <height>', 'which block; the newest but one where left out').argParser(
        whole({ min: 1, max: 2 ** 48 }),
      ),
    )
    .requiredOption('--out <file>', 'where to write')
    .option('--genesis <file>', 'check the chain from this genesis')
    .addOption(networks())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'truechimer checkpoint save --out trusted.json --genesis ./ada/genesis.json',
        'truechimer checkpoint save --height 1200 --out trusted.json',
      ),
    )
    .action(run<CheckpointSaveOptions>(async () => (await import('./checkpoint.ts')).checkpointSave))
  checkpoint
    .command('show')
    .argument('<file>', 'a checkpoint')
    .description('which block it is, how old, and what trusting it means; exit 1 where it is no checkpoint')
    .addOption(json())
    .addHelpText('after', examples('truechimer checkpoint show trusted.json'))
    .action(async (file: string, options: Omit<CheckpointShowOptions, 'file'>) => {
      await run<CheckpointShowOptions>(async () => (await import('./checkpoint.ts')).checkpointShow)({
        ...options,
        file,
      })
    })
}
