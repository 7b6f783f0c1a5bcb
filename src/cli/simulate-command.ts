/** The command `truechimer simulate` and how it is described; what it does is loaded when it is asked for. */
import { Option } from 'commander'
import type { Command } from 'commander'
import type { OscillatorPresetName } from '../clock/index.ts'
import type { CryptoName } from '../simulation/index.ts'
import { list, number, whole } from './arguments.ts'
import type { CommandParts } from './log-commands.ts'
import type { SimulateOptions } from './simulate-scenario.ts'

const SCHEMES = ['ideal', 'real'] satisfies readonly CryptoName[]
const OSCILLATORS = ['quartz', 'seed', 'tcxo', 'ocxo', 'csac', 'rubidium'] satisfies readonly OscillatorPresetName[]

export const addSimulate = (program: Command, { run, examples, json }: CommandParts): void => {
  program
    .command('simulate')
    .description('a network in virtual time, with faults, checked at every step; exit 1 where something did not hold')
    .addOption(
      new Option('--nodes <number>', 'validators, 4 to 200').argParser(whole({ min: 0, max: 100_000 })).default(7),
    )
    .addOption(new Option('--hours <number>', 'simulated time').argParser(number).default(1))
    .addOption(
      new Option('--seed <number>', 'the same seed is the same run')
        .argParser(whole({ min: 0, max: 2 ** 48 }))
        .default(1),
    )
    .addOption(new Option('--faults <list>', 'names with commas, none, or all').argParser(list).default([], 'none'))
    .addOption(new Option('--delay-ms <ms>', 'the least that a message takes (20 unless set)').argParser(Number))
    .addOption(new Option('--jitter-ms <ms>', 'what comes on top on average (5 unless set)').argParser(Number))
    .addOption(new Option('--loss <percent>', 'of all messages').argParser(Number))
    .addOption(new Option('--mbit-per-sec <number>', 'what a node can send (100 unless set)').argParser(Number))
    .addOption(
      new Option('--witness-every <slots>', 'each node is witnessed in one slot out of so many').argParser(
        whole({ min: 1, max: 3600 }),
      ),
    )
    .addOption(
      new Option('--oscillator <kind>', 'what the nodes’ clocks run on').choices(OSCILLATORS).default('quartz'),
    )
    .addOption(
      new Option('--crypto <scheme>', 'signatures that cost nothing, or Ed25519').choices(SCHEMES).default('ideal'),
    )
    .option('--beyond-third', 'let a third of the weight and more be false, to see what breaks')
    .option('--mixed', 'a short run of everything that the seed alone says, as the tests make them')
    .option('--alone', 'let no node use what another has computed: the same run, slower')
    .addOption(json())
    .addHelpText(
      'after',
      examples(
        'truechimer simulate --nodes 7 --hours 1 --seed 1',
        'truechimer simulate --nodes 7 --hours 1 --faults all',
        'truechimer simulate --nodes 13 --delay-ms 80 --jitter-ms 30 --loss 1 --witness-every 1',
        'truechimer simulate --nodes 4 --hours 0.1 --faults crash,torn-write,partition --json',
        'truechimer simulate --mixed --seed 17',
      ),
    )
    .action(run<SimulateOptions>(async () => (await import('./simulate.ts')).simulate))
}
