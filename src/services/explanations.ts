/** Verdicts as sentences for people. The codes stay beside them; a sentence may change, a code may not. */
import type { NsInterval } from '../base/index.ts'
import { middle } from '../base/index.ts'
import type { Finding, Verdict } from '../validation/index.ts'

const UNITS: readonly (readonly [ns: number, name: string])[] = [
  [1, 'ns'],
  [1e3, 'µs'],
  [1e6, 'ms'],
  [1e9, 's'],
]

/** A length of time, without its sign, with at most three figures and its unit: `250 ms`, `1.25 s`, `31 µs`. */
export const durationText = (ns: bigint): string => {
  const size = Number(ns < 0n ? -ns : ns)
  // The unit is chosen after rounding: 999.9 µs is 1 ms.
  const rounded = Number(size.toPrecision(3))
  const [scale, unit] = UNITS.findLast(([one]) => rounded >= one) ?? [1, 'ns']
  return `${Number((rounded / scale).toPrecision(3))} ${unit}`
}

export interface Explained {
  readonly verdict: Verdict
  /** The newest offset that two thirds of its witnesses agree on. */
  readonly offset: NsInterval | undefined
  readonly finding: Finding | undefined
}

/** What its witnesses say of the newest slot. A verdict stands while too few of them are heard. */
const witnessesText = (finding: Finding | undefined): string => {
  if (finding === undefined || finding.asked === 0) return '.'
  if (finding.reason === 'too-few-witnesses') return '; lately too few of its witnesses were heard.'
  if (finding.reason === 'no-agreement') return '; lately its witnesses do not agree.'
  return `: ${finding.agreeing} of ${finding.asked} witnesses agree.`
}

/** One short sentence on why a node is held to be what it is; it stands beside the node's name. */
export const explainVerdict = ({ verdict, offset, finding }: Explained): string => {
  const by = witnessesText(finding)
  const off = offset === undefined ? 'Out of range,' : durationText(middle(offset))
  if (verdict.reason === 'never-proved') return 'Its clock is not proved yet.'
  if (verdict.reason === 'no-proof') return 'It has answered no witness for a while.'
  return verdict.reason === 'in-range' ? `Keeps good time${by}` : `${off} ${verdict.reason}${by}`
}
