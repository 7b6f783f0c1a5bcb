/**
 * The command line. This file knows which commands there are and how they are described; each one is a file of its own,
 * loaded when it is asked for.
 * `main` never throws for what the world or a person did: it says what to do and sets the exit code.
 */
import { Command, CommanderError, Option } from 'commander'
import packageFile from '../../package.json' with { type: 'json' }
import { apiUrl, blockName, duration, list, milliseconds, number, whole } from './arguments.ts'
import { addAttribution } from './attribution-command.ts'
import { addGitStamp } from './git-stamp-command.ts'
import { addLog } from './log-commands.ts'
import { EXIT, mindPipes, reportFailure, sayJson } from './output.ts'
import type { ExitCode } from './output.ts'
import type { BlockOptions } from './block.ts'
import type { PeersOptions } from './peers.ts'
import { addMembership } from './membership-command.ts'
import { addOffline } from './offline-command.ts'
import { addTsa } from './tsa-command.ts'
import { addSimulate } from './simulate-command.ts'
import { addStamping } from './stamp-command.ts'

const API_DEFAULT = '127.0.0.1:7340'
const LINES = '\n'

export const main = async (args: readonly string[]): Promise<void> => {
  mindPipes()
  failOnBugs()
  try {
    await makeProgram().parseAsync([...args], { from: 'user' })
  } catch (error) {
    const isJson = args.includes('--json')
    process.exitCode = error instanceof CommanderError ? usage(error, isJson) : reportFailure(error, isJson)
  }
  await leave()
}

/**
 * Ends the process once all is written. Whatever a command opened it has closed by now; timers that libraries leave behind
 * (libp2p: up to 1 s) are not waited for.
 */
const leave = async (): Promise<void> => {
  for (const stream of [process.stdout, process.stderr])
    await new Promise<void>((resolve) => stream.write('', () => resolve()))
  process.exit()
}

/** All commands; nothing of them is loaded yet. */
export const makeProgram = (): Command => {
  const program = new Command('truechimer')
  program
    .description('Time you can prove.')
    .version(packageFile.version)
    .exitOverride()
    .showHelpAfterError('(--help shows what there is)')
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      examples(
        'truechimer devnet                                  five nodes, one liar, a dashboard',
        'truechimer init --data ./ada --passphrase-file FILE',
        'truechimer node --data ./ada --passphrase-file FILE --ntp a.example:123,b.example:123,c.example:123',
        'truechimer status && truechimer peers && truechimer clock watch',
        'truechimer stamp contract.pdf && truechimer verify contract.pdf',
        '',
        'Exit codes: 0 good, 1 the answer is no, 2 wrong usage, 3 the world failed.',
      ),
    )
  for (const add of [addInit, addNode, addDevnet, addStatus, addPeers, addBlock, addGenesis, addNow, addClock])
    add(program)
  addMembership(program, { run, examples, data, json, api, passphraseFile })
  addAttribution(program, { run, examples, json, passphraseFile })
  addGitStamp(program, { run, examples, json })
  addLog(program, { run, examples, data, json })
  addTsa(program, { run, examples, data, json })
  addOffline(program, { run, examples, data, json, passphraseFile })
  addSimulate(program, { run, examples, data, json })
  addStamping(program, { run, examples, data, json })
  return program
}

/** A bug ends the process with its stack, as Node does it, but not with the code that means "the answer is no". */
const failOnBugs = (): void => {
  process.once('uncaughtExceptionMonitor', () => {
    process.once('exit', () => void (process.exitCode = EXIT.failed))
  })
}

/** Help that was asked for is good; everything else that the parser ends with is wrong usage, and has been told already. */
const usage = ({ exitCode, message }: CommanderError, isJson: boolean): ExitCode => {
  if (exitCode === 0) return EXIT.good
  if (isJson) sayJson({ error: { code: 'TC_USAGE', message: message.replace(/^error: /, '').replaceAll(LINES, ' ') } })
  return EXIT.usage
}

/** Loads a command only when it is asked for, runs it, and keeps its exit code. */
const run =
  <O>(load: () => Promise<(options: O) => Promise<ExitCode>>) =>
  async (options: O): Promise<void> => {
    const command = await load()
    process.exitCode = await command(options)
  }

const examples = (...lines: readonly string[]): string =>
  ['', 'Examples:', ...lines.map((line) => `  ${line}`.trimEnd())].join(LINES)

const json = (): Option => new Option('--json', 'answer with JSON')
const data = (): Option => new Option('--data <directory>', 'the node’s directory').default('truechimer-data')
const passphraseFile = (): Option =>
  new Option('--passphrase-file <file>', 'the key’s passphrase stands here (otherwise in TRUECHIMER_PASSPHRASE)')
/** Where to ask. */
const api = (): Option =>
  new Option('--api <host:port>', 'the HTTP address of the node to ask')
    .env('TRUECHIMER_API')
    .default(`http://${API_DEFAULT}`, API_DEFAULT)
    .argParser(apiUrl)

const addInit = (program: Command): void => {
  program
    .command('init')
    .description('make a data directory: key, configuration and genesis')
    .addOption(data())
    .option('--name <name>', 'what people call this node, in the genesis it begins', 'node')
    .option('--genesis <file>', 'join the network of this genesis file instead of beginning one')
    .addOption(passphraseFile())
    .option('--no-encrypt', 'leave the key open: whoever reads its file has it')
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'truechimer init --data ./ada --name Ada --passphrase-file ./passphrase',
        'truechimer init --data ./ada --no-encrypt',
        'truechimer init --data ./bede --genesis ./ada/genesis.json --no-encrypt',
      ),
    )
    .action(run(async () => (await import('./init.ts')).init))
}

/** What a node gives to others beside its API. */
const servingOptions = (command: Command): Command =>
  command
    .option('--ntp-serve <host:port>', 'serve the node’s time over NTP here')
    .addOption(
      new Option('--ntp-workers <number>', 'threads that answer NTP, 0: the node’s own').argParser(
        whole({ min: 0, max: 64 }),
      ),
    )
    .option('--ntp-rate <number>', 'NTP requests a second that one address may make', number)
    .option('--stamps-per-minute <number>', 'stamps that one address may ask the API for in a minute', number)
    .option('--nts-serve <host:port>', 'establish NTS keys here for the NTP server of --ntp-serve')
    .option('--nts-cert-file <file>', 'our certificate for that (PEM)')
    .option('--nts-key-file <file>', 'its key (PEM, mode 0600)')
    .option('--roughtime-serve <host:port>', 'serve the node’s time over Roughtime here')
    .option('--tsa-serve [directory]', 'serve RFC 3161 tokens at /tsa, by the authority of truechimer tsa init')
    .option('--tsa-policy <oid>', 'the policy of these tokens')
    .option('--tsa-bound-ms <ms>', 'give none where the clock may be further off', milliseconds)
    .option('--refclock-sock <path>', 'tell a local chronyd the time by its refclock SOCK')

const addNode = (program: Command): void => {
  const command = program
    .command('node')
    .description('run one node (flags win over the environment, which wins over the file)')
    .addOption(data())
    .option('--api <host:port>', `serve the HTTP API and the dashboard here (${API_DEFAULT} unless set)`)
    .option('--listen <multiaddr>', 'listen for peers here', list)
    .option('--bootstrap <multiaddr>', 'begin with these peers', list)
    .option(
      '--bootstrap-dns <name>',
      'begin with the peers that these names lead to, each HOST:PORT or dnsaddr:NAME',
      list,
    )
    .option('--bootstrap-file <file>', 'begin with the peers of this JSON file')
    .option('--mdns', 'find peers on the local network, and be found there')
    .option('--announce <multiaddr>', 'tell others these addresses too', list)
    .option('--location <lat,lon>', 'say where the node is, in degrees (a claim, and checked against nothing)')
    .addOption(new Option('--outbound-peers <number>', 'peers to dial and keep').argParser(whole({ min: 1, max: 32 })))
    .addOption(new Option('--connections-max <number>', 'connections in all').argParser(whole({ min: 8, max: 1024 })))
    .option('--validator', 'propose and vote with this node’s key')
    .option('--checkpoint <height:id>', 'begin with the state of a block that you trust, instead of the genesis')
    .addOption(new Option('--pace-ms <ms>', 'from one block’s beginning to the next').argParser(Number))
    .option('--relay-server', 'carry the connections of peers that nobody can dial')
    .option('--relay-client', 'be reached through peers that relay')
    .option('--hole-punching', 'turn relayed connections into direct ones where possible')
    .option('--autonat', 'learn from peers which own addresses can be reached')
    .option('--ntp <host:port>', 'NTP servers; several with commas', list)
    .option('--ntp-pool <host:port>', 'names of many NTP servers each', list)
    .option('--nts <host:port>', 'NTS servers, where they establish keys (4460 usual)', list)
    .option('--nts-ca-file <file>', 'trust the authorities in this PEM file too, for NTS')
    .option('--roughtime <server>', 'Roughtime servers, each "HOST:PORT KEY"', list)
    .option('--gpsd <host:port>', 'gpsd daemons', list)
    .option('--gpsd-latency-ms <ms>', 'a fix of gpsd is told at most this late', milliseconds)
    .option('--host-bound-ms <ms>', 'use the host clock too, and trust it to this much', milliseconds)
    .option('--chrony-tracking', 'use the host clock too, as well as chronyd or the kernel says it is')
    .option('--poll-interval-ms <ms>', 'ask each source this often', milliseconds)
    .option('--poll-interval-max-ms <ms>', 'and down to this seldom while all is well', milliseconds)
  servingOptions(command)
    .option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent')
    .option('--log-entries <level>', 'from this level on keep entries in the log on disk; silent: none')
    .addOption(
      new Option('--log-keep-mb <number>', 'megabytes that the log on disk may take').argParser(
        whole({ min: 32, max: 1_000_000 }),
      ),
    )
    .addOption(passphraseFile())
    .addOption(new Option('--devnet').hideHelp())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'truechimer node --data ./ada --ntp time.example:123',
        'truechimer node --data ./ada --gpsd 127.0.0.1:2947 --api 127.0.0.1:8080',
        'truechimer node --data ./ada --nts a.example:4460,b.example:4460 --ntp-serve 127.0.0.1:11123',
        'TRUECHIMER_NTP=a.example:123,b.example:123,c.example:123 truechimer node --data ./ada',
      ),
    )
    .action(run(async () => (await import('./node.ts')).node))
}

const addDevnet = (program: Command): void => {
  program
    .command('devnet')
    .description('five nodes on this machine; one of them will lie, and the others will find it')
    .option('--api <host:port>', 'HTTP address of the first node; the others follow on the next ports', API_DEFAULT)
    .option('--data <directory>', 'keep the nodes’ data here (otherwise in a temporary folder that goes)')
    .addOption(
      new Option('--nodes <number>', 'how many nodes, 4 to 20').argParser(whole({ min: 4, max: 20 })).default(5),
    )
    .option('--ntp <host:port>', 'discipline the nodes by these NTP servers', list)
    .option('--gpsd <host:port>', 'discipline the nodes by these gpsd daemons', list)
    .option('--ntp-serve <host:port>', 'the first node serves its time over NTP here')
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
    .description('a node, the chain and what it waits for, and the others; exit 1 where its own actions do not count')
    .addOption(api())
    .addOption(json())
    .addHelpText('after', examples('truechimer status', 'truechimer status --api 127.0.0.1:7341 --json'))
    .action(run(async () => (await import('./status.ts')).status))
}

const addPeers = (program: Command): void => {
  program
    .command('peers')
    .argument('[peer]', 'one peer only: its name, or the beginning or the end of its id')
    .description('whom a node is connected to, how they stand and why; exit 1 where it is connected to nobody')
    .addOption(api())
    .addOption(new Option('--sort <by>', 'what stands first').choices(['score', 'rtt', 'traffic']).default('score'))
    .option('--watch', 'again and again, on a screen of its own')
    .option('--for <duration>', 'end a watch after this long', duration)
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'truechimer peers',
        'truechimer peers --sort traffic --watch',
        'truechimer peers bede',
        'truechimer peers --api 127.0.0.1:7341 --json',
      ),
    )
    .action(async (peer: string | undefined, options: Omit<PeersOptions, 'peer'>) => {
      await run(async () => (await import('./peers.ts')).peers)({ ...options, peer })
    })
}

const addBlock = (program: Command): void => {
  program
    .command('block')
    .argument('<block>', 'a height, a block’s id, or latest', blockName)
    .description('one block: its interval of time, who signed it, what is not settled yet; exit 1 where there is none')
    .addOption(api())
    .addOption(json())
    .addHelpText(
      'after',
      examples('truechimer block latest', 'truechimer block 1234', 'truechimer block 1234 --api 127.0.0.1:7341 --json'),
    )
    .action(async (block: string, options: Omit<BlockOptions, 'block'>) => {
      await run(async () => (await import('./block.ts')).block)({ ...options, block })
    })
}

const addGenesis = (program: Command): void => {
  program
    .command('genesis')
    .description('what the network holds to be given: its id, members and parameters')
    .option('--data <directory>', 'read it in this data directory; no node need run')
    .option('--out <file>', 'write the genesis file here, for init --genesis and verify --genesis')
    .addOption(api())
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'truechimer genesis',
        'truechimer genesis --data ./ada',
        'truechimer genesis --api 127.0.0.1:7341 --out genesis.json',
        'truechimer genesis --api 127.0.0.1:7341 --json',
      ),
    )
    .action(run(async () => (await import('./genesis.ts')).genesis))
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
  const clock = program
    .command('clock')
    .description('the clock of a node')
    .addHelpText(
      'after',
      examples('truechimer clock watch', 'truechimer clock replay --exchanges monday.csv --at every-minute.csv'),
    )
  clock
    .command('watch')
    .description('offset, bound, frequency and sources, live; exit 1 where the node had no time all the while')
    .addOption(api())
    .option('--for <duration>', 'end after this long', duration)
    .addOption(json())
    .addHelpText('after', examples('truechimer clock watch', 'truechimer clock watch --for 10s --json'))
    .action(run(async () => (await import('./clock-watch.ts')).clockWatch))
  addClockReplay(clock)
  addClockRoughtime(clock)
}

const addClockRoughtime = (clock: Command): void => {
  clock
    .command('roughtime')
    .description(
      'ask Roughtime servers in a chain, or check a report; exit 1 where an answer fails or times contradict, 3 where none came',
    )
    .option('--server <server>', '"HOST:PORT KEY", once for each', list)
    .addOption(
      new Option('--rounds <number>', 'ask them so often, in the same order')
        .argParser(whole({ min: 1, max: 8 }))
        .default(2),
    )
    .option('--report <file>', 'write the proof here where times contradict')
    .option('--verify <file>', 'check this report instead; exit 1 where it proves nothing')
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        "truechimer clock roughtime --server 'roughtime.int08h.com:2002 AW5uAoTSTDfG5NfY1bTh08GUnOqlRb+HVhbJ3ODJvsE='",
        'truechimer clock roughtime --verify report.json --json',
      ),
    )
    .action(run(async () => (await import('./clock-roughtime.ts')).clockRoughtime))
}

const addClockReplay = (clock: Command): void => {
  clock
    .command('replay')
    .description('what the clock would have said on recorded exchanges; exit 1 where it never had the time')
    .requiredOption('--exchanges <file>', 'lines of src,t1,t2,t3,t4 in seconds, in order of t4')
    .requiredOption('--at <file>', 'lines of local times in seconds, in order')
    .option('--likely', 'also print the 95 % range: statistics, where the interval is an argument')
    .option('--json', 'answer with one JSON object a line')
    .addHelpText(
      'after',
      examples(
        'truechimer clock replay --exchanges monday.csv --at every-minute.csv',
        'truechimer clock replay --exchanges monday.csv --at every-minute.csv --json | head',
      ),
    )
    .action(run(async () => (await import('./clock-replay.ts')).clockReplay))
}
