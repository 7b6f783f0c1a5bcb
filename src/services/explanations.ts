/** Verdicts as sentences for people. The codes stay beside them; a sentence may change, a code may not. */
import type { NsInterval } from '../base/index.ts'
import { middle } from '../base/index.ts'
import type { Finding, Verdict } from '../validation/index.ts'

/** A length of time with at most three figures and its unit: `250 ms`, `1.25 s`, `31 µs`. */
export const durationText = (ns: bigint): string => {
  const size = Number(ns < 0n ? -ns : ns)
  const [scale, unit] = size >= 1e9 ? [1e9, 's'] : size >= 1e6 ? [1e6, 'ms'] : size >= 1e3 ? [1e3, 'µs'] : [1, 'ns']
  return `${Number((size / scale).toPrecision(3))} ${unit}`
}

export interface Explained {
  readonly verdict: Verdict
  /** The newest offset that two thirds of its witnesses agree on. */
  readonly offset: NsInterval | undefined
  readonly finding: Finding | undefined
}

/** One short sentence on why a node is held to be what it is; it stands beside the node's name. */
export const explainVerdict = ({ verdict, offset, finding }: Explained): string => {
  const by = finding === undefined || finding.asked === 0 ? '.' : `: ${finding.agreeing} of ${finding.asked} witnesses agree.`
  const off = offset === undefined ? 'out of range' : durationText(middle(offset))
  switch (verdict.reason) {
    case 'never-proved':
      return 'Its clock is not proved yet.'
    case 'no-proof':
      return 'No proof of its clock for a while.'
    case 'in-range':
      return `Keeps good time${by}`
    case 'ahead':
      return `${off} ahead${by}`
    case 'behind':
      return `${off} behind${by}`
  }
}
