/**
 * The command line. This file knows which commands there are and how they are described; each one is a file of its own,
 * loaded when it is asked for.
 * `main` never throws for what the world or a person did: it says what to do and sets the exit code.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import packageFile from '../../package.json' with { type: 'json' }
import { parseDuration } from './duration.ts'
import { EXIT, note, reportFailure } from './output.ts'
import type { ExitCode } from './output.ts'

const API_DEFAULT = '127.0.0.1:7340'
const LINES = '\n'

export const main = async (args: readonly string[]): Promise<void> => {
  const program = new Command('truechimer')
  program
    .description('Time you can prove.')
    .version(packageFile.version)
    .exitOverride()
    .showHelpAfterError('(--help shows what there is)')
    .showSuggestionAfterError()
  addInit(program)
  addNode(program)
  addDevnet(program)
  addStatus(program)
  addNow(program)
  addClock(program)
  try {
    await program.parseAsync([...args], { from: 'user' })
  } catch (error) {
    process.exitCode = error instanceof CommanderError ? exitOf(error) : reportFailure(error, args.includes('--json'))
  }
}

const exitOf = ({ exitCode }: CommanderError): ExitCode => (exitCode === 0 ? EXIT.good : EXIT.usage)

/** Loads a command only when it is asked for, runs it, and keeps its exit code. */
const run =
  <O>(load: () => Promise<(options: O) => Promise<ExitCode>>) =>
  async (options: O): Promise<void> => {
    const command = await load()
    process.exitCode = await command(options)
  }

const examples = (...lines: readonly string[]): string =>
  ['', 'Examples:', ...lines.map((line) => `  ${line}`)].join(LINES)

/** Several values, by commas or by giving the option again. */
const list = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...value.split(',').map((item) => item.trim()),
]

const json = (): Option => new Option('--json', 'answer with JSON')
const data = (): Option => new Option('--data <directory>', 'the node’s directory').default('truechimer-data')
const api = (): Option => new Option('--api <host:port>', 'the node’s HTTP address').default(API_DEFAULT)

const whole =
  (limits: { readonly min: number; readonly max: number }) =>
  (value: string): number => {
    const number = Number(value)
    if (Number.isSafeInteger(number) && number >= limits.min && number <= limits.max) return number
    throw new InvalidArgumentError(`must be a whole number from ${limits.min} to ${limits.max}.`)
  }

const duration = (value: string): number => {
  const ms = parseDuration(value)
  if (ms === undefined) throw new InvalidArgumentError('must be a time such as 500ms, 60s, 5m or 1h.')
  return ms
}

const addInit = (program: Command): void => {
  program
    .command('init')
    .description('make a data directory: key, configuration and genesis')
    .addOption(data())
    .option('--name <name>', 'what people call this node', 'node')
    .option('--genesis <file>', 'join the network of this genesis file instead of beginning one')
    .option('--no-encrypt', 'leave the key unencrypted (otherwise TRUECHIMER_PASSPHRASE locks it)')
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'TRUECHIMER_PASSPHRASE=… truechimer init --data ./ada --name Ada',
        'truechimer init --data ./ada --no-encrypt',
        'truechimer init --data ./bede --genesis ./ada/genesis.json --no-encrypt',
      ),
    )
    .action(run(async () => (await import('./init.ts')).init))
}

const addNode = (program: Command): void => {
  program
    .command('node')
    .description('run one node (flags win over the environment, which wins over the file)')
    .addOption(data())
    .option('--api <host:port>', 'serve the HTTP API and the dashboard here')
    .option('--listen <multiaddr>', 'listen for peers here', list)
    .option('--bootstrap <multiaddr>', 'begin with these peers', list)
    .option('--ntp <host:port>', 'NTP servers', list)
    .option('--gpsd <host:port>', 'gpsd daemons', list)
    .option('--gpsd-latency-ms <ms>', 'a fix of gpsd is told at most this late', Number)
    .option('--host-bound-ms <ms>', 'use the host clock too, and trust it to this much', Number)
    .option('--poll-interval-ms <ms>', 'ask each source this often', Number)
    .option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent')
    .addOption(new Option('--devnet').hideHelp())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'truechimer node --data ./ada --ntp time.example:123',
        'truechimer node --data ./ada --gpsd 127.0.0.1:2947 --api 127.0.0.1:8080',
        'TRUECHIMER_NTP=a.example:123,b.example:123,c.example:123 truechimer node --data ./ada',
      ),
    )
    .action(run(async () => (await import('./node.ts')).node))
}

const addDevnet = (program: Command): void => {
  program
    .command('devnet')
    .description('five nodes on this machine; one of them will lie, and the others will find it')
    .addOption(api())
    .option('--data <directory>', 'keep the nodes’ data here (otherwise in a temporary folder that goes)')
    .option('--nodes <number>', 'how many nodes', whole({ min: 4, max: 20 }), 5)
    .option('--ntp <host:port>', 'discipline the nodes by these NTP servers', list)
    .option('--gpsd <host:port>', 'discipline the nodes by these gpsd daemons', list)
    .option('--for <duration>', 'end by itself after this long', duration)
    .option('--no-lie', 'nobody lies')
    .addOption(json())
    .addHelpText(
      'after',
      examples('truechimer devnet', 'truechimer devnet --for 60s --json', 'truechimer devnet --ntp 127.0.0.1:11123'),
    )
    .action(run(async () => (await import('./devnet/devnet.ts')).devnet))
}

const addStatus = (program: Command): void => {
  program
    .command('status')
    .description('what a node makes of itself and of the others; exit 1 where its own actions do not count')
    .addOption(api())
    .addOption(json())
    .addHelpText('after', examples('truechimer status', 'truechimer status --api 127.0.0.1:7341 --json'))
    .action(run(async () => (await import('./status.ts')).status))
}

const addNow = (program: Command): void => {
  program
    .command('now')
    .description('the time by a node, as an interval; exit 1 where it has none')
    .addOption(api())
    .addOption(json())
    .addHelpText('after', examples('truechimer now', 'truechimer now --json'))
    .action(run(async () => (await import('./now.ts')).now))
}

const addClock = (program: Command): void => {
  const clock = program.command('clock').description('the clock of a node')
  clock
    .command('watch')
    .description('offset, bound, frequency and sources, live')
    .addOption(api())
    .option('--for <duration>', 'end after this long', duration)
    .addOption(json())
    .addHelpText('after', examples('truechimer clock watch', 'truechimer clock watch --for 10s --json'))
    .action(run(async () => (await import('./clock-watch.ts')).clockWatch))
  clock.action(() => {
    note(clock.helpInformation())
    process.exitCode = EXIT.usage
  })
}
