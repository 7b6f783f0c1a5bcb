/**
 * The chain's part of `GET /metrics`: heights, rounds, the newest interval, weights, emergencies. Written anew with every call; a value
 * that is not known is absent, and so is all of it where there is no chain. Labels are members' ids and names.
 */
import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { ChainBackend } from './chain-backend.ts'
import type { ChainStatusView, ValidatorsView } from './chain-schema.ts'

const NS_PER_SEC = 1e9
const ONE = 1e9

type Make = <L extends string>(name: string, help: string, labelNames?: readonly L[]) => Gauge<L>

const gauges =
  (registry: Registry): Make =>
  (name, help, labelNames = []) =>
    new Gauge({ name: `truechimer_chain_${name}`, help, labelNames: [...labelNames], registers: [registry] })

const seconds = (ns: number | undefined): number | undefined => (ns === undefined ? undefined : ns / NS_PER_SEC)

const put = (target: Gauge, value: number | undefined): void =>
  value === undefined ? target.remove() : target.set(value)

export const chainMetrics = (registry: Registry, chain: ChainBackend | undefined): (() => void) => {
  if (chain === undefined) return () => undefined
  const make = gauges(registry)
  const writeStatus = statusMetrics(registry, make)
  const writeWeights = weightMetrics(make)
  return () => {
    writeStatus(chain.status())
    writeWeights(chain.validators(undefined))
  }
}

const statusMetrics = (registry: Registry, make: Make): ((status: ChainStatusView) => void) => {
  const height = make('height', 'Newest decided height')
  const round = make('round', 'Round of the height that is being decided')
  const rounds = new Counter({
    name: 'truechimer_chain_rounds_failed_total',
    help: 'Rounds that ended without a block',
    registers: [registry],
  })
  const width = make('block_interval_seconds', 'Width of the newest block’s interval of time')
  const age = make('block_age_seconds', 'Since the timestamp of the newest block')
  const behind = make('behind_heights', 'Heights that peers have and this node has not')
  const silent = make('silent_ratio', 'Share of the weight that is silent in this round')
  const emergency = make('emergency', '1 while a time emergency is declared')
  const out = make('out_of_range_ratio', 'Share of the weight whose clocks are out of range')
  const pending = make('pending_transactions', 'Transactions that wait for a block')
  const halted = make('halted', '1 where this node no longer decides')
  return ({ tip, tipAgeNs, round: now, emergency: alarm, halted: why, roundsFailed }) => {
    put(height, tip?.height ?? 0)
    round.set(now.round)
    rounds.reset()
    rounds.inc(roundsFailed)
    put(width, seconds(tip?.time?.widthNs))
    put(age, seconds(tipAgeNs ?? undefined))
    behind.set(now.behind)
    put(silent, now.total === 0 ? undefined : now.silentWeight / now.total)
    emergency.set(alarm.emergency ? 1 : 0)
    out.set(alarm.outShare / ONE)
    pending.set(now.pending)
    halted.set(why === '' ? 0 : 1)
  }
}

const weightMetrics = (make: Make): ((view: ValidatorsView | undefined) => void) => {
  const weights = make('weight_ratio', 'A member’s share of the weight', ['node', 'name'])
  const reputations = make('reputation_ratio', 'A member’s reputation, 0 to 1', ['node', 'name'])
  return (view) => {
    weights.reset()
    reputations.reset()
    for (const { id: node, name, share, reputation } of view?.validators ?? []) {
      weights.set({ node, name }, share / ONE)
      reputations.set({ node, name }, reputation / ONE)
    }
  }
}
