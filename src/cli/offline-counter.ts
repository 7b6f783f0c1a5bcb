/**
 * The counter that an offline node reads: this machine's wall clock, which goes on through restarts and sleep, held against the time since
 * boot where the machine has not been restarted. The wall clock is not asked what time it is, only how much has gone by.
 *
 * Not promised: noticing a clock that was set while the machine was off. The return is held against the network (P-82), and finds it if it
 * was more than the drift bound.
 */
import { readFileSync } from 'node:fs'
import { ChimerError, NS_PER_MS, NS_PER_SEC, abs } from '../base/index.ts'
import { driftOver } from '../proofs/index.ts'

/** One look at the counter. */
export interface Count {
  /** The wall clock, ns since its own epoch. */
  readonly wallNs: bigint
  /** Since boot, sleep included, ns; and which boot. Null where the system does not say. */
  readonly boot: { readonly id: string; readonly elapsedNs: bigint } | null
}

/** A slewed wall clock may differ from the time since boot by this much besides the drift, ns. */
const SLEW_NS_MAX = 200n * NS_PER_MS

export const readCount = (): Count => {
  // The first reading of uptime (10 ms steps) and the wall clock belong together as well as they must.
  const boot = readBoot()
  return { wallNs: BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6)), boot }
}

const readBoot = (): Count['boot'] => {
  try {
    const id = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const [seconds = ''] = readFileSync('/proc/uptime', 'utf8').split(' ')
    return { id, elapsedNs: BigInt(Math.round(Number(seconds) * 100)) * 10n * NS_PER_MS }
  } catch (cause) {
    // Systems without these files have no such count, and need none.
    if (cause instanceof Error && 'code' in cause) return null
    throw cause
  }
}

/**
 * What has gone by from one count to a later one, ns. `TC_OFFLINE_CLOCK` where the wall clock went back, or has gone elsewhere than the
 * time since boot by more than the drift allows: somebody set it.
 */
export const elapsedBetween = (from: Count, to: Count, driftPpb: number): bigint => {
  const elapsedNs = to.wallNs - from.wallNs
  if (elapsedNs < 0n) throw clockWasSet(`${String(-elapsedNs / NS_PER_SEC)} s before the last look at it`)
  if (from.boot === null || to.boot === null || from.boot.id !== to.boot.id) return elapsedNs
  const strayNs = elapsedNs - (to.boot.elapsedNs - from.boot.elapsedNs)
  if (abs(strayNs) > SLEW_NS_MAX + driftOver(driftPpb, elapsedNs))
    throw clockWasSet(`${String(strayNs / NS_PER_MS)} ms away from the time since boot`)
  return elapsedNs
}

const clockWasSet = (where: string): ChimerError =>
  new ChimerError(
    'TC_OFFLINE_CLOCK',
    `This machine’s clock stands ${where}: it was set while offline, and its reading is worth nothing. Go back online and draw new vectors; stamps made before may still be handed in with: truechimer offline submit`,
  )

/** As JSON holds it. */
export interface WrittenCount {
  readonly wallNs: string
  readonly boot: { readonly id: string; readonly elapsedNs: string } | null
}

export const writeCount = ({ wallNs, boot }: Count): WrittenCount => ({
  wallNs: String(wallNs),
  boot: boot === null ? null : { id: boot.id, elapsedNs: String(boot.elapsedNs) },
})

export const readWrittenCount = ({ wallNs, boot }: WrittenCount): Count => ({
  wallNs: BigInt(wallNs),
  boot: boot === null ? null : { id: boot.id, elapsedNs: BigInt(boot.elapsedNs) },
})
