/**
 * The condition on which everything about agreement rests: less than a third of the weight is faulty.
 *
 * Source: seed 003 eq. 4.4; Lamport, Shostak and Pease 1982 for why a third. Rules: docs/spec/standing.md W-7.
 */
import assert from 'node:assert/strict'

/** W_faulty < W_total ÷ 3, eq. 4.4, without a division. One unit of weight, 0 <= faulty <= total (else an asserted bug). */
export const isFaultTolerable = (faulty: bigint, total: bigint): boolean => {
  assert(faulty >= 0n && faulty <= total)
  return 3n * faulty < total
}
