/**
 * Chance that repeats: the same seed gives the same bytes on every platform. SplitMix64 (Steele, Lea, Flood 2014, the
 * constants of its reference code). For tests, simulated oscillators and the simulator; never for keys or challenges.
 */
import type { Random } from './ports.ts'

const MASK = 2n ** 64n - 1n

/** @param seed any integer; only its low 64 bits count. */
export const seededRandom = (seed: bigint): Random => {
  let state = seed & MASK
  const next = (): bigint => {
    state = (state + 0x9e_37_79_b9_7f_4a_7c_15n) & MASK
    let z = state
    z = ((z ^ (z >> 30n)) * 0xbf_58_47_6d_1c_e4_e5_b9n) & MASK
    z = ((z ^ (z >> 27n)) * 0x94_d0_49_bb_13_31_11_ebn) & MASK
    return z ^ (z >> 31n)
  }
  return {
    bytes: (length) => {
      const out = new Uint8Array(length)
      for (let start = 0; start < length; start += 8) {
        let word = next()
        for (let i = start; i < Math.min(start + 8, length); i += 1) {
          out[i] = Number(word & 0xffn)
          word >>= 8n
        }
      }
      return out
    },
  }
}
