/**
 * `npm run bench -- network [--rounds N] [--only tcp|quic|memory|attack]`: five processes on loopback that publish 200-byte messages to each other. In
 * every round both carriers are driven by the same load in turn: ours (signed envelopes, validation queue, scores, limits) and
 * bare libp2p gossipsub; over TCP and, where it is installed, QUIC. Figures are ratios within a round, and medians of the rounds.
 *
 * Then the memory of a node after 10^6 messages, and what a flood of invalid messages costs.
 */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { median, quantile, spread } from './figures.ts'
import type { Attack, Carrier, FromRunner, ToRunner, Transport } from './network-messages.ts'

const RUNNER = new URL('network-runner.child.ts', import.meta.url)
/** As a devnet runs its nodes: young objects may take 3 × 4 MB. For both carriers. */
const NODE_ARGUMENTS = ['--max-semi-space-size=4']
const PROCESSES = 5
const FLOOD_MS = 4000
const PACE_MS = 4000
/** Between the two loads, so that nothing of the first waits any more. */
const SETTLE_MS = 1500
/** Messages a second of each process at the moderate load, for the latency of a network that is not at its limit. */
const PACE_PER_SEC = 100
const LOAD = { windowMax: 256, batchMax: 16 } as const
/** For 10^6 messages in minutes. */
const HEAVY_LOAD = { windowMax: 1024, batchMax: 64 } as const
const MEMORY_MESSAGES = 1_000_000
const ATTACK_MS = 20_000
const ATTACK_PER_SEC = 10_000

type Done = Extract<FromRunner, { readonly type: 'done' }>

/** Five processes that know each other, until they are let go. */
class Troupe implements AsyncDisposable {
  readonly #children: readonly ChildProcess[]

  private constructor(children: readonly ChildProcess[]) {
    this.#children = children
  }

  static async open(carriers: readonly Carrier[], transport: Transport): Promise<Troupe> {
    const troupe = new Troupe(carriers.map(() => fork(RUNNER, { execArgv: NODE_ARGUMENTS })))
    const opened = await troupe.#askAll((index) => ({
      type: 'open',
      carrier: carriers[index] ?? 'ours',
      transport,
      index,
    }))
    const addresses = opened.map((answer) => (answer.type === 'opened' ? answer.addresses.slice(0, 1) : []))
    await troupe.#askAll((index) => ({
      type: 'meet',
      addresses: addresses.slice(0, index).flat(),
      others: carriers.length - 1,
    }))
    return troupe
  }

  /** All at once; each does what `order` says for it. */
  async measure(order: (index: number) => ToRunner): Promise<readonly Done[]> {
    const answers = await this.#askAll(order)
    return answers.filter((answer): answer is Done => answer.type === 'done')
  }

  #askAll(order: (index: number) => ToRunner): Promise<readonly FromRunner[]> {
    return Promise.all(
      this.#children.map(async (child, index) => {
        const heard = new AbortController()
        const lost = once(child, 'exit', { signal: heard.signal }).then(() => {
          throw new TypeError('a process ended before its time')
        })
        const answer = once(child, 'message', { signal: heard.signal })
        child.send(order(index))
        const [message]: FromRunner[] = await Promise.race([answer, lost]).finally(() => heard.abort())
        if (message === undefined) throw new TypeError('a process said nothing')
        return message
      }),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        const gone = once(child, 'exit')
        child.disconnect()
        await gone
      }),
    )
  }
}

const five = (carrier: Carrier): readonly Carrier[] => Array.from({ length: PROCESSES }, () => carrier)

interface Figures {
  /** Messages delivered a second, all processes together. */
  readonly deliveredPerSec: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** At the moderate load. */
  readonly pacedP50Ms: number
  readonly pacedP99Ms: number
  readonly residentMb: number
}

const figuresOf = (flood: readonly Done[], paced: readonly Done[]): Figures => {
  const [under, calm] = [flood, paced].map((dones) => dones.flatMap(({ latenciesMs }) => latenciesMs))
  return {
    deliveredPerSec: flood.reduce((sum, { received, elapsedMs }) => sum + (received * 1000) / elapsedMs, 0),
    p50Ms: quantile(under ?? [], 0.5),
    p99Ms: quantile(under ?? [], 0.99),
    pacedP50Ms: quantile(calm ?? [], 0.5),
    pacedP99Ms: quantile(calm ?? [], 0.99),
    residentMb: Math.max(...flood.map(({ residentMb }) => residentMb)),
  }
}

const play = async (carrier: Carrier, transport: Transport): Promise<Figures> => {
  await using troupe = await Troupe.open(five(carrier), transport)
  await troupe.measure(() => ({ type: 'flood', forMs: FLOOD_MS / 4, ...LOAD }))
  const flood = await troupe.measure(() => ({ type: 'flood', forMs: FLOOD_MS, ...LOAD }))
  await troupe.measure(() => ({ type: 'rest', forMs: SETTLE_MS }))
  const paced = await troupe.measure(() => ({ type: 'pace', forMs: PACE_MS, perSec: PACE_PER_SEC }))
  return figuresOf(flood, paced)
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const compare = async (transport: Transport, rounds: number): Promise<void> => {
  const pairs: { readonly ours: Figures; readonly bare: Figures }[] = []
  for (let round = 0; round < rounds; round += 1) {
    // In turn first, so that neither always has the warmer machine.
    if (round % 2 === 0) {
      const bare = await play('bare', transport)
      pairs.push({ bare, ours: await play('ours', transport) })
    } else {
      const ours = await play('ours', transport)
      pairs.push({ ours, bare: await play('bare', transport) })
    }
  }
  say(`${transport.toUpperCase()}, ${PROCESSES} processes, 200-byte messages, ${rounds} rounds: ours | bare gossipsub`)
  const row = (name: string, of: (figures: Figures) => number, digits: number): void => {
    const [ours, bare] = [pairs.map((pair) => of(pair.ours)), pairs.map((pair) => of(pair.bare))]
    const ratio = median(pairs.map((pair) => of(pair.ours) / of(pair.bare)))
    say(`  ${name.padEnd(26)} ${spread(ours, digits)} | ${spread(bare, digits)}   ratio ${ratio.toFixed(2)}`)
  }
  row('delivered/s', ({ deliveredPerSec }) => deliveredPerSec, 0)
  row('latency p50 at the limit, ms', ({ p50Ms }) => p50Ms, 1)
  row('latency p99 at the limit, ms', ({ p99Ms }) => p99Ms, 1)
  row(`latency p50 at ${PACE_PER_SEC * PROCESSES}/s, ms`, ({ pacedP50Ms }) => pacedP50Ms, 2)
  row(`latency p99 at ${PACE_PER_SEC * PROCESSES}/s, ms`, ({ pacedP99Ms }) => pacedP99Ms, 2)
  row('resident, MB', ({ residentMb }) => residentMb, 0)
}

const memory = async (): Promise<void> => {
  await using troupe = await Troupe.open(five('ours'), 'tcp')
  const dones = await troupe.measure(() => ({ type: 'reach', received: MEMORY_MESSAGES, ...HEAVY_LOAD }))
  const residents = dones.map(({ residentMb }) => residentMb)
  say(`resident of a node after ${MEMORY_MESSAGES} messages  ${spread(residents)} MB  (wanted: at most 160)`)
}

/** Share of a core that one honest node spends, at rest and under attack, and how long the attacker was connected. */
const attack = async (kind: Attack): Promise<void> => {
  await using troupe = await Troupe.open(['ours', 'bare'], 'tcp')
  const [calm] = await troupe.measure(() => ({ type: 'rest', forMs: ATTACK_MS }))
  const [under] = await troupe.measure((index) =>
    index === 0
      ? { type: 'rest', forMs: ATTACK_MS }
      : { type: 'attack', kind, forMs: ATTACK_MS, perSec: ATTACK_PER_SEC },
  )
  if (calm === undefined || under === undefined) throw new TypeError('the honest process said nothing')
  const share = ({ cpuMs, elapsedMs }: Done): string => `${((100 * cpuMs) / elapsedMs).toFixed(1)} %`
  const gone = under.goneMs === null ? 'never' : `${(under.goneMs / 1000).toFixed(2)} s`
  say(
    `${ATTACK_PER_SEC} ${kind} messages/s for ${ATTACK_MS / 1000} s: ${share(under)} of a core (at rest ${share(calm)}; wanted: at most 20 %), attacker gone after ${gone}`,
  )
}

export const run = async (args: readonly string[]): Promise<void> => {
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: { type: 'string', default: '5' }, only: { type: 'string' } },
  })
  const { rounds, only } = values
  const asks = (part: string): boolean => only === undefined || only === part
  if (asks('tcp')) await compare('tcp', Number(rounds))
  if (asks('quic')) await compare('quic', Number(rounds))
  if (asks('memory')) await memory()
  if (asks('attack')) for (const kind of ['garbage', 'forged'] as const) await attack(kind)
}
