/**
 * Oscillators to simulate, from a computer's crystal to rubidium, with where each number comes from. A preset is a fair specimen of its
 * kind, neither the best nor the worst; `seed` is the poorest that the seed's words allow.
 *
 * Sources, by the letters used below. What is not marked with one is a choice of ours within the usual range.
 *
 *   V  J. Vig, Introduction to Quartz Frequency Standards (1992), comparison table (accuracy and aging a year)
 *   T  typical, after the same table's temperature stability (over some 90 K and more)
 *   H  The Mechatronics Handbook (ed. Bishop, CRC 2002), Summary of Oscillator Types
 *   C  Microsemi Space CSAC data sheet, as the public model DiffCoeffCSAC has it: σ(1, 10, 100, 1000 s), 6 to 9·10⁻¹⁰ a month;
 *      ± 4·10⁻¹⁰ over −10 to +70 °C as quoted on time-nuts, January 2018
 *   R  T. Van Baak on time-nuts, June 2006: PRS10 and its kin perform at about 2·10⁻¹¹/√τ
 *   F  Efratom FRS-C data, as quoted on time-nuts: 5·10⁻¹¹ a month
 *   O  a maker's OCXO, as quoted on questions@lists.ntp.org: 0.1 ppb a day
 *   M  D. Mills: median error of the crystals of 20,000 hosts, 78 ppm; "a few ppm in the normal course of a day" by temperature
 *   S  seed 000: 10 MHz, ± 0.1 ppm over temperature, aging below 1 ppm a year
 *
 * The surroundings are a choice too: ± 5 K over a day, but for the seed's, which runs through all of its ± 0.1 ppm in a day.
 */
import { OSCILLATOR_DEFAULTS, noiseDeviation } from './oscillator-phase.ts'
import type { OscillatorParameters } from './oscillator-phase.ts'

export const OSCILLATOR_PRESET_NAMES = ['quartz', 'seed', 'tcxo', 'ocxo', 'csac', 'rubidium'] as const
export type OscillatorPresetName = (typeof OSCILLATOR_PRESET_NAMES)[number]

/** Averaging times of the tables, s. */
export const TABLE_TAUS_SEC = [1, 10, 100, 1000, 10_000] as const

export interface OscillatorPreset {
  readonly title: string
  readonly parameters: OscillatorParameters
  /** Where each parameter that is not 0 comes from. */
  readonly sources: Readonly<Partial<Record<keyof OscillatorParameters, string>>>
  /** Allan deviation as makers and tables state it at `TABLE_TAUS_SEC`, drift removed and temperature constant, as a ratio. */
  readonly table: readonly [number, number, number, number, number]
  readonly tableSource: string
}

const PPM = 1000
const DAYS_PER_YEAR = 365.25
const DAYS_PER_MONTH = 30

const make = (
  parts: Omit<OscillatorPreset, 'parameters'> & { readonly parameters: Partial<OscillatorParameters> },
): OscillatorPreset =>
  Object.freeze({
    ...parts,
    parameters: Object.freeze({ ...OSCILLATOR_DEFAULTS, temperatureSwingK: 5, ...parts.parameters }),
    sources: Object.freeze({ temperatureSwingK: 'ours: ± 5 K in a day', ...parts.sources }),
  })

const quartz = make({
  title: 'crystal of a computer (XO)',
  parameters: {
    driftPpb: 78 * PPM,
    temperatureCoefficientPpbPerK: 100,
    agingPpbPerDay: (3 * PPM) / DAYS_PER_YEAR,
    whiteFmPpb: 1,
    flickerFmPpb: 2,
    randomWalkPpb: 0.1,
  },
  sources: {
    driftPpb: 'M',
    temperatureCoefficientPpbPerK: 'M gives a few ppm a day; ours 1 ppm from top to bottom of ± 5 K',
    agingPpbPerDay: 'ours: 3 ppm a year, six times V’s TCXO',
    whiteFmPpb: 'ours',
    flickerFmPpb: 'ours: the poorer end of H’s TCXO',
    randomWalkPpb: 'ours: what the quiet traces of the tests have',
  },
  table: [2e-9, 2e-9, 2e-9, 3e-9, 6e-9],
  tableSource: 'H’s range for uncompensated and compensated crystals (10⁻⁹ to 10⁻⁸ at 1 s); beyond 100 s ours',
})

const tcxo = make({
  title: 'temperature-compensated crystal (TCXO)',
  parameters: {
    driftPpb: 2 * PPM,
    temperatureCoefficientPpbPerK: 7,
    agingPpbPerDay: 500 / DAYS_PER_YEAR,
    whiteFmPpb: 0.5,
    flickerFmPpb: 1,
    randomWalkPpb: 0.005,
  },
  sources: {
    driftPpb: 'V: 2·10⁻⁶',
    temperatureCoefficientPpbPerK: 'T: 5·10⁻⁷ over 70 K either way',
    agingPpbPerDay: 'V and H: 5·10⁻⁷ a year',
    whiteFmPpb: 'H: 10⁻⁹ at 1 s, together with the floor',
    flickerFmPpb: 'H: floor 10⁻⁹',
    randomWalkPpb: 'ours: rises above the floor after a day',
  },
  table: [1e-9, 1e-9, 1e-9, 1e-9, 1e-9],
  tableSource: 'H: 10⁻⁹ to 10⁻⁸ at 1 s, floor 10⁻⁹ to 100 s; held to 10⁴ s by us',
})

const seed = make({
  title: 'the seed’s: 10 MHz, ± 0.1 ppm over temperature, 1 ppm a year',
  parameters: {
    ...tcxo.parameters,
    driftPpb: PPM,
    temperatureSwingK: 40,
    temperatureCoefficientPpbPerK: 2.5,
    agingPpbPerDay: PPM / DAYS_PER_YEAR,
  },
  sources: {
    ...tcxo.sources,
    driftPpb: 'ours: a year of S’s aging',
    temperatureSwingK: 'ours: with the coefficient, all of S’s ± 0.1 ppm in a day',
    temperatureCoefficientPpbPerK: 'S: 0.1 ppm over 40 K either way',
    agingPpbPerDay: 'S: at its limit',
  },
  table: tcxo.table,
  tableSource: 'S does not say; as the TCXO',
})

const ocxo = make({
  title: 'crystal in an oven (OCXO)',
  parameters: {
    driftPpb: 10,
    temperatureCoefficientPpbPerK: 0.01,
    agingPpbPerDay: 0.1,
    whiteFmPpb: 0.0007,
    flickerFmPpb: 0.001,
    randomWalkPpb: 1e-5,
  },
  sources: {
    driftPpb: 'V: 1·10⁻⁸',
    temperatureCoefficientPpbPerK: 'T: 1·10⁻⁹ over 70 K either way',
    agingPpbPerDay: 'O; V and H have 5·10⁻⁹ a year, which is what it comes to after months in service',
    whiteFmPpb: 'H: 10⁻¹² at 1 s, together with the floor',
    flickerFmPpb: 'H: floor 10⁻¹²',
    randomWalkPpb: 'ours',
  },
  table: [1e-12, 1e-12, 1e-12, 1e-12, 1e-12],
  tableSource: 'H: 10⁻¹² at 1 s, floor 10⁻¹² to 100 s; held to 10⁴ s by us',
})

const csac = make({
  title: 'chip-scale atomic clock (CSAC)',
  parameters: {
    driftPpb: 0.5,
    temperatureCoefficientPpbPerK: 0.01,
    agingPpbPerDay: 0.9 / DAYS_PER_MONTH,
    whiteFmPpb: 0.3,
    flickerFmPpb: 0.003,
    randomWalkPpb: 1e-5,
  },
  sources: {
    driftPpb: 'ours',
    temperatureCoefficientPpbPerK: 'C: 4·10⁻¹⁰ over 40 K either way',
    agingPpbPerDay: 'C: upper end',
    whiteFmPpb: 'C: 3·10⁻¹⁰ at 1 s',
    flickerFmPpb: 'ours: below all that C states',
    randomWalkPpb: 'ours',
  },
  table: [3e-10, 1e-10, 3e-11, 1e-11, 5e-12],
  tableSource: 'C to 1000 s; beyond ours',
})

const rubidium = make({
  title: 'rubidium (PRS10 and its kin)',
  parameters: {
    driftPpb: 0.5,
    temperatureCoefficientPpbPerK: 0.005,
    agingPpbPerDay: 0.05 / DAYS_PER_MONTH,
    whiteFmPpb: 0.02,
    flickerFmPpb: 0.0009,
    randomWalkPpb: 1e-6,
  },
  sources: {
    driftPpb: 'V: 5·10⁻¹⁰',
    temperatureCoefficientPpbPerK: 'T: 3·10⁻¹⁰ over 60 K either way',
    agingPpbPerDay: 'F',
    whiteFmPpb: 'R',
    flickerFmPpb: 'H: floor 10⁻¹²',
    randomWalkPpb: 'ours',
  },
  table: [2e-11, 6.3e-12, 2e-12, 1e-12, 1e-12],
  tableSource: 'R to 100 s, H’s floor 10⁻¹² beyond',
})

export const OSCILLATOR_PRESETS: Readonly<Record<OscillatorPresetName, OscillatorPreset>> = Object.freeze({
  quartz,
  seed,
  tcxo,
  ocxo,
  csac,
  rubidium,
})

/** Standard deviations of chance that `wanderBoundPpb` allows for. */
const WANDER_SIGMAS = 5

/**
 * How far the frequency may get from its mean of a stretch before, within `forSec` in all, ppb: what `wanderPpb` of a clock on this
 * oscillator must be. Temperature from end to end, aging, and five standard deviations of the noise at 1,000 s and at `forSec`.
 */
export const wanderBoundPpb = (parameters: OscillatorParameters, forSec: number): number => {
  const { temperatureCoefficientPpbPerK, temperatureSwingK, agingPpbPerDay, randomWalkPpb } = parameters
  const thermalPpb = 2 * Math.abs(temperatureCoefficientPpbPerK) * temperatureSwingK
  const agingPpb = (Math.abs(agingPpbPerDay) * forSec) / 86_400
  const noisePpb = noiseDeviation(parameters, 1000) * 1e9 + randomWalkPpb * Math.sqrt(forSec)
  return thermalPpb + agingPpb + WANDER_SIGMAS * noisePpb
}
