/** What a devnet saw, told at its end: the object of `--json`, and the same for people. */
import { durationText } from '../../services/explanations.ts'
import { table } from '../output.ts'
import { secondsText } from './play.ts'

/** In this order as the last line of `devnet --json`. Null where it was not learned. */
export interface DevnetSummary {
  readonly nodes: number
  /** How many of those whose source was bent were struck off by somebody. */
  readonly falsetickersFound: number
  /** How many others were. */
  readonly honestFramed: number
  /** From the lie to the last node that found it, ms. */
  readonly detectMs: number | null
  /** From the truth to the last node that took the liar back, ms. */
  readonly recoverMs: number | null
  /** Of the nodes that were never bent, against the host's clock. */
  readonly medianAbsOffsetNs: number | null
  readonly proofs: number | null
  readonly attestations: number | null
}

const orDash = <T>(value: T | null, text: (value: T) => string): string => (value === null ? '–' : text(value))

export const summaryLines = (seen: DevnetSummary): string[] => [
  '',
  ...table([
    ['nodes', `${seen.nodes}`],
    ['falsetickers found', `${seen.falsetickersFound}`],
    ['honest nodes struck off', `${seen.honestFramed}`],
    ['the lie was found after', orDash(seen.detectMs, secondsText)],
    ['the liar was back after', orDash(seen.recoverMs, secondsText)],
    ['median clock error', orDash(seen.medianAbsOffsetNs, (ns) => durationText(BigInt(ns)))],
    ['proofs', orDash(seen.proofs, String)],
    ['attestations', orDash(seen.attestations, String)],
  ]),
]
