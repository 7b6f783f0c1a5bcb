/**
 * The host's own clock as a source, as good as its operator says it is: where something else (chrony, PTP, a hypervisor)
 * already keeps it. Nothing about the bound is measured; a wrong statement makes a wrong source, which selection must find.
 */
import assert from 'node:assert/strict'
import { middle, NS_PER_MS, widen } from '../../base/index.ts'
import type { Time } from '../../base/index.ts'
import { LEAP_TABLE } from '../leap-seconds.ts'
import type { LeapTable } from '../leap-seconds.ts'
import type { Source, SourceEvent } from '../port.ts'
import { isLeapAmbiguous, taiReadingsOfUnixNs } from '../time-scales.ts'

export interface HostSourceOptions {
  readonly id: string
  /** How far the host clock may be from true UTC by its operator's word, ns, > 0. */
  readonly boundNs: bigint
  /** How coarsely `Time.hostUnixNs` reads, ns; 1 ms where not given. */
  readonly resolutionNs?: bigint
  /** The shipped one where not given. */
  readonly leapTable?: LeapTable
}

/** A source that answers every `poll` at once, from within the call. */
export const hostSource = (time: Time, options: HostSourceOptions): Source => {
  const { id, boundNs, resolutionNs = NS_PER_MS, leapTable = LEAP_TABLE } = options
  assert(boundNs > 0n && resolutionNs >= 0n)
  let listener: ((event: SourceEvent) => void) | undefined
  const poll = (): void => {
    const before = time.elapsedNs()
    const hostUnixNs = time.hostUnixNs()
    const after = time.elapsedNs()
    const span = taiReadingsOfUnixNs(hostUnixNs, leapTable)
    const offset = widen({ lo: span.lo - after, hi: span.hi - before }, boundNs + resolutionNs)
    const localNs = (before + after) / 2n
    listener?.({
      type: 'measurement',
      measurement: {
        sourceId: id,
        kind: 'host',
        localNs,
        offset,
        estimateNs: middle(offset),
        delayNs: after - before,
        leap: 'unknown',
        ...(isLeapAmbiguous(hostUnixNs, leapTable) ? { isAmbiguous: true } : {}),
      },
    })
  }
  return {
    id,
    kind: 'host',
    poll,
    start: (to) => {
      assert(listener === undefined, 'a source is started once')
      listener = to
      return Promise.resolve()
    },
    [Symbol.asyncDispose]: () => {
      listener = undefined
      return Promise.resolve()
    },
  }
}
