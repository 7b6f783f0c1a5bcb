/** What is typed behind `truechimer simulate`, as a scenario and back as the command that runs it again. */
import { ChimerError } from '../base/index.ts'
import {
  FAULT_GROUPS,
  FAULT_NAMES,
  HOURS_MAX,
  MS,
  NODES_MAX,
  NODES_MIN,
  SCENARIO_DEFAULTS,
  SEC,
  SEED_MAX,
  isFaultName,
  mixedScenario,
} from '../simulation/index.ts'
import type { CryptoName, FaultName, Scenario } from '../simulation/index.ts'
import type { OscillatorPresetName } from '../clock/index.ts'

/** As the parser hands them over. */
export interface SimulateOptions {
  readonly nodes: number
  readonly hours: number
  readonly seed: number
  readonly faults: readonly string[]
  readonly json?: boolean
  readonly mixed?: boolean
  readonly delayMs?: number
  readonly jitterMs?: number
  /** Percent of all messages. */
  readonly loss?: number
  /** Of each node, for what it sends. */
  readonly mbitPerSec?: number
  readonly crypto: CryptoName
  readonly oscillator: OscillatorPresetName
  readonly witnessEvery?: number
  readonly beyondThird?: boolean
  readonly alone?: boolean
}

const PERCENT = 10_000
const BYTES_PER_MBIT = 125_000
const HOUR_NS = 3600 * SEC

/** Names, `none` or `all`. `TC_USAGE` with the names there are where one is unknown. */
export const faultsOf = (names: readonly string[]): readonly FaultName[] => {
  const given = names.filter((name) => name !== '' && name !== 'none')
  const alone = ['none', 'all'].find((name) => names.includes(name) && names.length > 1)
  if (alone !== undefined)
    throw new ChimerError('TC_USAGE', `"${alone}" says it all: give --faults ${alone}, or the names that you want.`)
  if (given.includes('all')) return FAULT_NAMES
  const unknown = given.find((name) => !isFaultName(name))
  if (unknown === undefined) return given.filter(isFaultName)
  const groups = Object.entries(FAULT_GROUPS).map(([group, members]) => `${group}: ${members.join(', ')}`)
  throw new ChimerError('TC_USAGE', `There is no fault "${unknown}". There are none, all, and ${groups.join('; ')}.`)
}

const inRange = (name: string, value: number, { min, max }: { readonly min: number; readonly max: number }): number => {
  if (value >= min && value <= max) return value
  throw new ChimerError('TC_USAGE', `--${name} is ${value}; it must be from ${min} to ${max}.`)
}

/** `TC_USAGE` where a number is out of its range. */
export const scenarioOf = (options: SimulateOptions): Scenario => {
  const seed = inRange('seed', options.seed, { min: 0, max: SEED_MAX })
  if (options.mixed === true) return mixedScenario(seed)
  const nodes = inRange('nodes', options.nodes, { min: NODES_MIN, max: NODES_MAX })
  const hours = inRange('hours', options.hours, { min: 0.001, max: HOURS_MAX })
  const { link, witnessEverySlots } = SCENARIO_DEFAULTS
  const { delayMs, jitterMs, loss, mbitPerSec } = options
  return {
    ...SCENARIO_DEFAULTS,
    nodes,
    seed,
    durationNs: Math.round(hours * HOUR_NS),
    faults: faultsOf(options.faults),
    faulty: options.beyondThird === true ? 'beyond-third' : 'below-third',
    crypto: options.crypto,
    oscillator: options.oscillator,
    isShared: options.alone !== true,
    witnessEverySlots: options.witnessEvery ?? witnessEverySlots,
    link: {
      ...link,
      delayNs:
        delayMs === undefined ? link.delayNs : Math.round(inRange('delay-ms', delayMs, { min: 0, max: 5000 }) * MS),
      jitterNs:
        jitterMs === undefined ? link.jitterNs : Math.round(inRange('jitter-ms', jitterMs, { min: 0, max: 1000 }) * MS),
      lossPerMillion:
        loss === undefined ? link.lossPerMillion : Math.round(inRange('loss', loss, { min: 0, max: 50 }) * PERCENT),
      bytesPerSec:
        mbitPerSec === undefined
          ? link.bytesPerSec
          : Math.round(inRange('mbit-per-sec', mbitPerSec, { min: 0.1, max: 100_000 }) * BYTES_PER_MBIT),
    },
  }
}

/** The command that makes this run again. */
export const commandOf = (options: SimulateOptions): string => {
  if (options.mixed === true) return `truechimer simulate --mixed --seed ${options.seed}`
  const parts = [
    `truechimer simulate --nodes ${options.nodes} --hours ${options.hours} --seed ${options.seed}`,
    `--faults ${faultsOf(options.faults).length === FAULT_NAMES.length ? 'all' : options.faults.join(',')}`,
  ]
  if (options.delayMs !== undefined) parts.push(`--delay-ms ${options.delayMs}`)
  if (options.jitterMs !== undefined) parts.push(`--jitter-ms ${options.jitterMs}`)
  if (options.loss !== undefined) parts.push(`--loss ${options.loss}`)
  if (options.mbitPerSec !== undefined) parts.push(`--mbit-per-sec ${options.mbitPerSec}`)
  if (options.witnessEvery !== undefined) parts.push(`--witness-every ${options.witnessEvery}`)
  if (options.crypto !== 'ideal') parts.push(`--crypto ${options.crypto}`)
  if (options.oscillator !== SCENARIO_DEFAULTS.oscillator) parts.push(`--oscillator ${options.oscillator}`)
  if (options.beyondThird === true) parts.push('--beyond-third')
  if (options.alone === true) parts.push('--alone')
  return parts.join(' ')
}
