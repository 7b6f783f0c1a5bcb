/** The stamps' part of `GET /metrics`: what was taken, what is final, what waits, who follows. Absent where the node stamps nothing. */
import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { StampDesk } from '../stamps/index.ts'
import type { StampHub } from './stamp-hub.ts'

export interface StampMetricsParts {
  readonly desk: StampDesk | undefined
  readonly hub: StampHub | undefined
}

export const stampMetrics = (registry: Registry, { desk, hub }: StampMetricsParts): (() => void) => {
  if (desk === undefined) return () => undefined
  const counter = (name: string, help: string): ((total: number) => void) => {
    const made = new Counter({ name: `truechimer_${name}`, help, registers: [registry] })
    return (total) => {
      made.reset()
      made.inc(total)
    }
  }
  const gauge = (name: string, help: string): Gauge =>
    new Gauge({ name: `truechimer_${name}`, help, registers: [registry] })
  const taken = counter('stamps_taken_total', 'Stamps in this node’s log')
  const final = counter('stamps_final_total', 'Stamps of it that are final')
  const again = counter('stamps_resubmitted_total', 'Batches of stamps that were handed in again')
  const waiting = gauge('stamps_waiting', 'Stamps that wait for their block to be final')
  const streams = gauge('stamp_streams', 'Open streams that follow stamps')
  const cut = counter('stamp_streams_cut_total', 'Readers of such streams that were cut off')
  return () => {
    const counts = desk.counts()
    taken(counts.taken)
    final(counts.final)
    again(counts.resubmitted)
    waiting.set(counts.waiting)
    streams.set(hub?.streams ?? 0)
    cut(hub?.cutOff ?? 0)
  }
}
