/**
 * `npm run bench -- stamps [--rounds N] [--for SECONDS] [--connections N]`: four validators as processes on loopback, each a whole node with its log and stores on
 * the disk; one of them takes stamps over HTTP, and wrk, a process of its own, asks. In every round, one after the other: a bare Fastify route of the
 * same process, single digests, bodies of a hundred. Then, at low load: how long a receipt takes, how long until a stamp is final, how large
 * its proof is, how long it takes to verify.
 */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chainGenesisOf, readGenesis } from '../src/node/index.ts'
import type { GenesisFile } from '../src/node/index.ts'
import { makeKey, writeSettings } from '../src/node/io/data-directory.ts'
import { realRandom } from '../src/node/io/real-ports.ts'
import { ApiError, openClient } from '../src/services/client.ts'
import type { Client } from '../src/services/client.ts'
import { openStampProof, stampTrustOfGenesis, verifyStamp } from '../src/stamps/index.ts'
import { median, quantile, spread } from './figures.ts'
import { load } from './stamps-load.ts'
import type { Load } from './stamps-load.ts'
import type { FromStampNode, ToStampNode } from './stamps-messages.ts'

const RUNNER = new URL('stamps-node.child.ts', import.meta.url)
const VALIDATORS = 4
const BODY_DIGESTS = 100
const LATENCIES = 200
const FINALS = 10
const VERIFICATIONS = 500
/** Clocks must be set, witnesses have measured, and the node be a truechimer by committed evidence. */
const READY_MS_MAX = 60_000

class Chain implements AsyncDisposable {
  readonly directory: string
  readonly api: string
  readonly bare: string
  readonly #children: readonly ChildProcess[]

  private constructor(parts: { directory: string; children: readonly ChildProcess[]; api: string; bare: string }) {
    this.directory = parts.directory
    this.api = parts.api
    this.bare = parts.bare
    this.#children = parts.children
  }

  static async open(): Promise<Chain> {
    const directory = mkdtempSync(join(tmpdir(), 'truechimer-bench-'))
    const places = Array.from({ length: VALIDATORS }, (_, i) => join(directory, `${i}`))
    const ids = await Promise.all(
      places.map((place) => makeKey({ random: realRandom, directory: place, passphrase: undefined })),
    )
    const genesis: GenesisFile = { name: 'bench', members: ids.map((id, i) => ({ id, name: `v${i}` })) }
    const config = { consensus: { validator: true }, sources: { hostBoundMs: 1, pollIntervalMs: 1000 } }
    for (const place of places) await writeSettings(place, { config, genesis })
    const children: ChildProcess[] = []
    const bootstrap: string[] = []
    let [api, bare] = ['', '']
    for (const [i, place] of places.entries()) {
      const isServing = i === 0
      // Small nodes beside the one that is measured.
      const child = fork(RUNNER, { execArgv: isServing ? [] : ['--max-semi-space-size=4'] })
      children.push(child)
      const opened = await ask(child, { type: 'open', directory: place, bootstrap, isServing })
      bootstrap.push(...opened.addresses.slice(0, 1))
      if (opened.api !== '') ({ api, bare } = opened)
    }
    return new Chain({ directory, children, api, bare })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const running = this.#children.filter(({ exitCode }) => exitCode === null)
    const gone = running.map((child) => once(child, 'exit'))
    for (const child of running) if (child.connected) child.disconnect()
    await Promise.all(gone)
    rmSync(this.directory, { recursive: true, force: true })
  }
}

const ask = async (child: ChildProcess, message: ToStampNode): Promise<FromStampNode> => {
  const heard = new AbortController()
  const lost = once(child, 'exit', { signal: heard.signal }).then(() => {
    throw new TypeError('a process ended before its time')
  })
  const answer = once(child, 'message', { signal: heard.signal })
  child.send(message)
  const [said]: FromStampNode[] = await Promise.race([answer, lost]).finally(() => heard.abort())
  if (said === undefined) throw new TypeError('a process said nothing')
  return said
}

const digest = (): string => randomBytes(32).toString('hex')

/** The first stamp that is taken; until then the node is asked again, as it says. */
const ready = async (client: Client): Promise<void> => {
  const startedMs = performance.now()
  for (;;) {
    try {
      await client.stamps.submit({ imprint: digest() })
      return
    } catch (error) {
      if (!(error instanceof ApiError) || performance.now() - startedMs > READY_MS_MAX) throw error
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  }
}

interface Round {
  readonly bare: Load
  readonly single: Load
  readonly hundred: Load
}

const round = async (
  chain: Chain,
  { forSec, connections }: { forSec: number; connections: number },
): Promise<Round> => {
  const shared = { directory: chain.directory, forSec }
  const url = `${chain.api}/v1/stamps`
  const bare = await load({ ...shared, url: chain.bare, digests: 1, connections })
  const single = await load({ ...shared, url, digests: 1, connections })
  const hundred = await load({ ...shared, url, digests: BODY_DIGESTS, connections: 16 })
  return { bare, single, hundred }
}

const tell = (line: string): void => void process.stdout.write(`${line}\n`)

const lineOf = (what: string, loads: readonly Load[], each: number): string =>
  `${what.padEnd(22)} ${spread(loads.map(({ perSec }) => perSec * each))} a second, p50 ${spread(
    loads.map(({ p50Ms }) => p50Ms),
    1,
  )} ms, p99 ${spread(
    loads.map(({ p99Ms }) => p99Ms),
    1,
  )} ms, failed ${loads.reduce((sum, { failed }) => sum + failed, 0)}`

const reportRounds = (rounds: readonly Round[]): void => {
  const ratios = rounds.map(({ bare, single }) => single.perSec / bare.perSec)
  tell(
    lineOf(
      'bare route',
      rounds.map(({ bare }) => bare),
      1,
    ),
  )
  tell(
    lineOf(
      'single digests',
      rounds.map(({ single }) => single),
      1,
    ),
  )
  tell(`single / bare          ${spread(ratios, 2)}  (wanted: at least 0.5)`)
  tell(
    `${lineOf(
      'bodies of 100',
      rounds.map(({ hundred }) => hundred),
      BODY_DIGESTS,
    )}  (wanted: 5,000 stamps a second, p99 at most 1,000 ms)`,
  )
}

const receiptLatency = async (client: Client): Promise<void> => {
  const times: number[] = []
  for (let i = 0; i < LATENCIES; i += 1) {
    const startedMs = performance.now()
    await client.stamps.submit({ imprint: digest() })
    times.push(performance.now() - startedMs)
  }
  tell(
    `receipt, one at a time p50 ${median(times).toFixed(1)} ms, p99 ${quantile(times, 0.99).toFixed(1)} ms  (wanted: at most 20)`,
  )
}

const finality = async (client: Client): Promise<void> => {
  const times: number[] = []
  let id = ''
  for (let i = 0; i < FINALS; i += 1) {
    const startedMs = performance.now()
    const stamp = await client.stamps.submit({ imprint: digest() })
    for await (const { state } of client.stamps.watch([stamp.id])) if (state === 'final') id = stamp.id
    times.push(performance.now() - startedMs)
  }
  tell(`final after            ${spread(times)} ms`)
  await verification(client, id)
}

const verification = async (client: Client, id: string): Promise<void> => {
  const bytes = await client.stamps.proof(id)
  const { genesis } = await client.genesis()
  const trust = stampTrustOfGenesis(chainGenesisOf(readGenesis(genesis)))
  const times: number[] = []
  for (let i = 0; i < VERIFICATIONS; i += 1) {
    const startedMs = performance.now()
    const opened = openStampProof(bytes)
    const verdict = opened.verdict === 'accept' ? verifyStamp(opened.value, { trust }) : opened
    times.push(performance.now() - startedMs)
    if (verdict.verdict !== 'accept') throw new TypeError(`the proof was refused: ${verdict.reason}`)
  }
  tell(
    `proof, ${VALIDATORS} validators    ${bytes.length} bytes, verified in p50 ${median(times).toFixed(2)} ms, p99 ${quantile(times, 0.99).toFixed(2)} ms`,
  )
}

export const run = async (args: readonly string[]): Promise<void> => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      for: { type: 'string', default: '5' },
      connections: { type: 'string', default: '128' },
    },
  })
  await using chain = await Chain.open()
  const client = openClient({ baseUrl: chain.api })
  await ready(client)
  await receiptLatency(client)
  const given = { forSec: Number(values.for), connections: Number(values.connections) }
  // The first warms the compiler up and is not counted.
  await round(chain, { ...given, forSec: 2 })
  const rounds: Round[] = []
  for (let i = 0; i < Number(values.rounds); i += 1) {
    rounds.push(await round(chain, given))
    process.stderr.write(`${i + 1}/${values.rounds} ${JSON.stringify(rounds.at(-1))}\n`)
  }
  reportRounds(rounds)
  await finality(client)
}
