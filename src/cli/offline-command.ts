/** The commands `truechimer offline …` and how they are described; what they do is loaded when one is asked for. */
import { Option } from 'commander'
import type { Command } from 'commander'
import { apiUrl, duration, whole } from './arguments.ts'
import type { MembershipParts } from './membership-command.ts'
import type { OfflinePrepareOptions, OfflineStampOptions, OfflineSubmitOptions } from './offline.ts'
import type { OfflineVerifyOptions } from './offline-verify.ts'

/** Three days. */
const VALID_DEFAULT = '72h'

export const addOffline = (program: Command, parts: Omit<MembershipParts, 'api'>): void => {
  const offline = program
    .command('offline')
    .description('stamp where there is no network, and show it on return')
    .addHelpText(
      'after',
      parts.examples(
        'truechimer offline prepare --data ./ada --count 50 --valid 72h',
        'truechimer offline stamp --data ./ada sample-17.jpg',
        'truechimer offline submit --data ./ada',
        'truechimer offline verify sample-17.jpg',
      ),
    )
  addPrepare(offline, parts)
  addStamp(offline, parts)
  addSubmit(offline, parts)
  addVerify(offline, parts)
}

type Parts = Omit<MembershipParts, 'api'>

const node = (): Option =>
  new Option('--node <host:port>', 'the HTTP address of the node to ask')
    .env('TRUECHIMER_API')
    .default('http://127.0.0.1:7340', '127.0.0.1:7340')
    .argParser(apiUrl)

const addPrepare = (offline: Command, { run, examples, data, passphraseFile, json }: Parts): void => {
  offline
    .command('prepare')
    .description('online: draw one-time vectors, signed with the key of a data directory and stamped by the network')
    .addOption(data())
    .addOption(node())
    .addOption(new Option('--count <number>', 'how many').argParser(whole({ min: 1, max: 4096 })).default(100))
    .addOption(
      new Option('--valid <duration>', 'how long they hold')
        .argParser(duration)
        .default(duration(VALID_DEFAULT), VALID_DEFAULT),
    )
    .addOption(
      new Option(
        '--drift-ppm <number>',
        'how fast this machine’s clock may drift, parts per million; otherwise what a node on this machine has measured, or 100',
      ).argParser(Number),
    )
    .addOption(passphraseFile())
    .addOption(json())
    .addHelpText('after', examples('truechimer offline prepare --data ./ada --count 50 --valid 12h'))
    .action(run<OfflinePrepareOptions>(async () => (await import('./offline.ts')).offlinePrepare))
}

const addStamp = (offline: Command, { run, examples, data, passphraseFile, json }: Parts): void => {
  offline
    .command('stamp')
    .argument('<file>', 'the file, or - for standard input')
    .description('offline: stamp with the next unused vector; exit 1 where none is left or all have expired')
    .addOption(data())
    .addOption(
      new Option('--algorithm <name>', 'the hash')
        .choices(['sha-256', 'sha-384', 'sha-512', 'sha3-256'])
        .default('sha-256'),
    )
    .addOption(passphraseFile())
    .addOption(json())
    .addHelpText('after', examples('truechimer offline stamp --data ./ada sample-17.jpg'))
    .action(async (file: string, options: Omit<OfflineStampOptions, 'file'>) => {
      await run<OfflineStampOptions>(async () => (await import('./offline.ts')).offlineStamp)({ ...options, file })
    })
}

const addSubmit = (offline: Command, { run, examples, data, passphraseFile, json }: Parts): void => {
  offline
    .command('submit')
    .description('back online: hand in what was stamped; each file gets FILE.offline; exit 1 where it is refused')
    .addOption(data())
    .addOption(node())
    .addOption(passphraseFile())
    .addOption(json())
    .addHelpText(
      'after',
      examples('truechimer offline submit --data ./ada', 'truechimer offline submit --data ./ada --json'),
    )
    .action(run<OfflineSubmitOptions>(async () => (await import('./offline.ts')).offlineSubmit))
}

const addVerify = (offline: Command, { run, examples, json }: Parts): void => {
  offline
    .command('verify')
    .argument('<file>', 'what was stamped')
    .argument('[record]', 'its record; otherwise FILE.offline')
    .description('what a file’s offline stamp shows, asking nobody; exit 1 where it shows nothing')
    .option('--genesis <file>', 'trust this genesis')
    .option('--data <directory>', 'trust the genesis in this data directory')
    .option('--checkpoint <file>', 'trust this checkpoint')
    .addOption(
      new Option('--trust-days <days>', 'a checkpoint’s greatest age')
        .argParser(whole({ min: 1, max: 3650 }))
        .default(14),
    )
    .addOption(
      new Option('--networks <directory>', 'where the genesis files of networks that were met are kept').env(
        'TRUECHIMER_NETWORKS',
      ),
    )
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'truechimer offline verify sample-17.jpg',
        'truechimer offline verify sample-17.jpg --genesis genesis.json --json',
      ),
    )
    .action(
      async (file: string, record: string | undefined, options: Omit<OfflineVerifyOptions, 'file' | 'record'>) => {
        await run<OfflineVerifyOptions>(async () => (await import('./offline-verify.ts')).offlineVerify)({
          ...options,
          file,
          record,
        })
      },
    )
}
