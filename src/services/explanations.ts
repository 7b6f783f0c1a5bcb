/** Verdicts as sentences for people. The codes stay beside them; a sentence may change, a code may not. */
import type { NsInterval } from '../base/index.ts'
import { middle, width } from '../base/index.ts'
import type { Finding, Verdict } from '../validation/index.ts'

/** A length of time with at most three figures and its unit: `250 ms`, `1.25 s`, `31 µs`. */
export const durationText = (ns: bigint): string => {
  const size = Number(ns < 0n ? -ns : ns)
  const [scale, unit] = size >= 1e9 ? [1e9, 's'] : size >= 1e6 ? [1e6, 'ms'] : size >= 1e3 ? [1e3, 'µs'] : [1, 'ns']
  return `${Number((size / scale).toPrecision(3))} ${unit}`
}

export interface Explained {
  readonly name: string
  readonly verdict: Verdict
  /** The newest offset that two thirds of its witnesses agree on. */
  readonly offset: NsInterval | undefined
  readonly finding: Finding | undefined
}

/** One sentence on why a node is held to be what it is. */
export const explainVerdict = ({ name, verdict, offset, finding }: Explained): string => {
  const by =
    finding === undefined || finding.asked === 0 ? '' : ` (${finding.agreeing} of ${finding.asked} witnesses agree)`
  const off = offset === undefined ? '' : `${durationText(middle(offset))} ± ${durationText(width(offset) / 2n)}`
  switch (verdict.reason) {
    case 'never-proved':
      return `${name} has not proved its clock yet.`
    case 'no-proof':
      return `${name} has sent no proof for a while.`
    case 'in-range':
      return `${name} keeps good time${by}.`
    case 'ahead':
      return `${name}’s clock is ${off} ahead${by}; its actions do not count.`
    case 'behind':
      return `${name}’s clock is ${off} behind${by}; its actions do not count.`
  }
}
