/** The commands `truechimer chain …` and how they are described; what they do is loaded when one is asked for. */
import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import type { TimeInterval } from '../base/index.ts'
import { taiFromUtc } from '../clock/index.ts'
import { parseNodeId } from '../crypto/index.ts'
import { ATTRIBUTION_RELATIONS } from '../proofs/index.ts'
import { IMPRINT_ALGORITHMS } from '../stamps/index.ts'
import { apiUrl, whole } from './arguments.ts'
import type { ChainKeyOptions } from './attribution-actor.ts'
import type { ChainAddOptions, ChainNewOptions, ChainStampOptions } from './attribution-add.ts'
import type { ChainShowOptions, ChainVerifyOptions } from './attribution-verify.ts'
import type { MembershipParts } from './membership-command.ts'

type Parts = Omit<MembershipParts, 'api' | 'data'>

export const addAttribution = (program: Command, parts: Parts): void => {
  const chain = program
    .command('chain')
    .description('attribution chains: who made, changed, handed on or looked at a file, each step signed and stamped')
    .addHelpText(
      'after',
      parts.examples(
        'truechimer chain key --out camera.key --no-encrypt',
        'truechimer chain new photo.chain --content photo.raw --name "Camera 7" --key-file camera.key',
        'truechimer chain add photo.chain --relation transformed --content photo.jpg --name Ada --key-file ada.key',
        'truechimer chain verify photo.chain --content photo.jpg',
        'truechimer chain show photo.chain --svg photo.svg',
      ),
    )
  for (const add of [addKey, addNew, addLink, addStamp, addVerify, addShow]) add(chain, parts)
}

/** A time, or two with a slash between them. */
const claim = (value: string): TimeInterval => {
  const ends = value.split('/')
  const [earliest, latest = earliest] = ends.map((end) => taiFromUtc(end))
  if (ends.length <= 2 && earliest !== undefined && latest !== undefined && earliest <= latest)
    return { earliest, latest }
  throw new InvalidArgumentError(
    'It must be UTC such as 2026-11-21T06:00:00Z, or a beginning and an end with / between.',
  )
}

const keyId = (value: string): Uint8Array => {
  const parsed = parseNodeId(value)
  if (parsed.verdict === 'accept') return parsed.value
  throw new InvalidArgumentError(
    'It must be the id of a key, which begins with 12D3KooW: truechimer chain key prints it.',
  )
}

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

const addKey = (chain: Command, { run, examples, passphraseFile, json }: Parts): void => {
  chain
    .command('key')
    .description('make a key for an actor: a file that nobody else may read')
    .requiredOption('--out <file>', 'where to write it; never over another')
    .addOption(passphraseFile())
    .option('--no-encrypt', 'leave the key open: whoever reads its file has it')
    .addOption(json())
    .addHelpText('after', examples('truechimer chain key --out ada.key --passphrase-file ./passphrase'))
    .action(run<ChainKeyOptions>(async () => (await import('./attribution-actor.ts')).chainKey))
}

const signing = (command: Command, { passphraseFile, json }: Parts): Command =>
  command
    .requiredOption('--name <name>', 'what the actor calls itself')
    .requiredOption('--key-file <file>', 'the actor’s key: of chain key, or keys/key.json in a data directory')
    .addOption(passphraseFile())
    .option('--note <text>', 'a few words, on one line')
    .addOption(new Option('--at <time>', 'when it was done by the actor’s own word, UTC; or FROM/TO').argParser(claim))
    .addOption(node())
    .addOption(new Option('--wait <state>', 'how long to stay').choices(['final', 'receipt']).default('final'))
    .addOption(networks())
    .addOption(json())

const addNew = (chain: Command, parts: Parts): void => {
  signing(
    chain
      .command('new')
      .argument('<chain>', 'a new file')
      .description('begin a chain with its first link; exit 1 where it would not hold')
      .requiredOption('--content <file>', 'what the chain is about; it is hashed here and goes nowhere')
      .addOption(
        new Option('--relation <relation>', 'made it, or had it from somewhere that is not told')
          .choices(['created', 'acquired'])
          .default('created'),
      )
      .addOption(
        new Option('--algorithm <name>', 'the hash, for the whole chain')
          .choices(IMPRINT_ALGORITHMS)
          .default('sha-256'),
      ),
    parts,
  )
    .addHelpText(
      'after',
      parts.examples(
        'truechimer chain new photo.chain --content photo.raw --name "Camera 7" --key-file camera.key',
        'truechimer chain new letter.chain --content scan.pdf --relation acquired --name "City archive" --key-file archive.key --note "Box 12"',
      ),
    )
    .action(async (file: string, options: Omit<ChainNewOptions, 'chain'>) => {
      await parts.run<ChainNewOptions>(async () => (await import('./attribution-add.ts')).chainNew)({
        ...options,
        chain: file,
      })
    })
}

const addLink = (chain: Command, parts: Parts): void => {
  const relations = ATTRIBUTION_RELATIONS.filter((relation) => relation !== 'created' && relation !== 'acquired')
  signing(
    chain
      .command('add')
      .argument('<chain>', 'the file of the chain')
      .description('add a link; exit 1 where it would not hold, such as somebody else’s')
      .addOption(new Option('--relation <relation>', 'what was done').choices(relations).makeOptionMandatory())
      .option('--content <file>', 'the file after this step, where it changed')
      .addOption(new Option('--to <key>', 'whom it is handed to, for transferred').argParser(keyId)),
    parts,
  )
    .addHelpText(
      'after',
      parts.examples(
        'truechimer chain add photo.chain --relation transferred --to 12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq --name "Camera 7" --key-file camera.key',
        'truechimer chain add photo.chain --relation received --name Ada --key-file ada.key',
        'truechimer chain add photo.chain --relation transformed --content photo.jpg --name Ada --key-file ada.key --note "Cropped"',
        'truechimer chain add photo.chain --relation reviewed --name Bede --key-file bede.key',
      ),
    )
    .action(async (file: string, options: Omit<ChainAddOptions, 'chain'>) => {
      await parts.run<ChainAddOptions>(async () => (await import('./attribution-add.ts')).chainAdd)({
        ...options,
        chain: file,
      })
    })
}

const addStamp = (chain: Command, { run, examples, json }: Parts): void => {
  chain
    .command('stamp')
    .argument('<chain>', 'the file of the chain')
    .description('fetch the proof of a last link that has none yet; exit 1 where the chain does not hold then')
    .option('--drop', 'take that link off the chain instead; exit 1 where it has its proof')
    .addOption(node())
    .addOption(networks())
    .addOption(json())
    .addHelpText('after', examples('truechimer chain stamp photo.chain', 'truechimer chain stamp photo.chain --drop'))
    .action(async (file: string, options: Omit<ChainStampOptions, 'chain'>) => {
      await run<ChainStampOptions>(async () => (await import('./attribution-add.ts')).chainStamp)({
        ...options,
        chain: file,
      })
    })
}

const trusting = (command: Command): Command =>
  command
    .option('--genesis <file>', 'trust this genesis')
    .option('--data <directory>', 'trust the genesis in this data directory')
    .option('--checkpoint <file>', 'trust the block in this file instead: truechimer checkpoint')
    .addOption(
      new Option('--trust-days <days>', 'how old the block of a checkpoint may be')
        .argParser(whole({ min: 1, max: 3650 }))
        .default(14),
    )
    .addOption(networks())

const addVerify = (chain: Command, { run, examples, json }: Parts): void => {
  trusting(
    chain
      .command('verify')
      .argument('<chain>', 'the file of the chain')
      .description('check every link, offline; exit 1 where one does not hold, and which')
      .option('--content <file>', 'the chain must end with this file'),
  )
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'truechimer chain verify photo.chain --content photo.jpg',
        'truechimer chain verify photo.chain --checkpoint trusted.json --trust-days 30 --json',
      ),
    )
    .action(async (file: string, options: Omit<ChainVerifyOptions, 'chain'>) => {
      await run<ChainVerifyOptions>(async () => (await import('./attribution-verify.ts')).chainVerify)({
        ...options,
        chain: file,
      })
    })
}

const addShow = (chain: Command, { run, examples, json }: Parts): void => {
  trusting(
    chain
      .command('show')
      .argument('<chain>', 'the file of the chain')
      .description('what its links say, and a picture of them; exit 1 where the chain does not hold')
      .option('--svg <file>', 'write a picture of it here'),
  )
    .addOption(json())
    .addHelpText(
      'after',
      examples('truechimer chain show photo.chain', 'truechimer chain show photo.chain --svg photo.svg'),
    )
    .action(async (file: string, options: Omit<ChainShowOptions, 'chain'>) => {
      await run<ChainShowOptions>(async () => (await import('./attribution-verify.ts')).chainShow)({
        ...options,
        chain: file,
      })
    })
}
