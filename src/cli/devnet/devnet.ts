/**
 * `truechimer devnet`: five real node processes on loopback, each on its own bad oscillator, kept right over UDP. After 15 s
 * one node's source begins to lie by 250 ms, 20 s later it is right again; the others find it, strike it off, and take
 * it back. The last line of `--json` is what was seen.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { realTime } from '../../node/io/real-ports.ts'
import { openNtpResponder } from '../../services/ntp-responder.ts'
import { openClient } from '../../services/client.ts'
import type { DevnetView, FaultView, NodeView } from '../../services/schema.ts'
import { EXIT, colours, note, say, sayJson } from '../output.ts'
import type { ExitCode } from '../output.ts'
import { compileForChildren, startChild } from './children.ts'
import type { RunningChild } from './children.ts'
import { layDevnet } from './lay.ts'
import type { LaidNode } from './lay.ts'
import { Play } from './play.ts'
import { Errors, Opinions, watchNode } from './watch.ts'

export interface DevnetOptions {
  readonly api: string
  readonly data?: string
  readonly nodes: number
  readonly ntp?: readonly string[]
  readonly gpsd?: readonly string[]
  /** Ends after this long, ms. */
  readonly for?: number
  readonly lie: boolean
  readonly json?: boolean
}

/** How well the host's clock is kept is not known here; a devnet holds it to be right to this, ns. */
const HOST_BOUND_NS = 1_000_000n

export const devnet = async (options: DevnetOptions): Promise<ExitCode> => {
  await using stack = new AsyncDisposableStack()
  const ending = untilEnded(options)
  const directory = options.data ?? (await mkdtemp(join(tmpdir(), 'truechimer-devnet-')))
  if (options.data === undefined) stack.defer(() => rm(directory, { recursive: true, force: true }))
  const { ntp = [], gpsd = [] } = options
  const sources = { ntp: ntp.length + gpsd.length > 0 ? ntp : [await serveHostTime(stack)], gpsd }
  const laid = await layDevnet({ directory, nodes: options.nodes, api: options.api, ...sources })
  await compileForChildren()
  note(`${laid.length} nodes start; their data is in ${directory}`)
  const run = new DevnetRun(laid, options, ending)
  stack.defer(() => run.stop())
  await run.start(sources)
  await ending.ended
  await run.finish()
  return run.report()
}

const serveHostTime = async (stack: AsyncDisposableStack): Promise<string> => {
  const responder = stack.use(await openNtpResponder(realTime, { port: 0, rootDispersionNs: HOST_BOUND_NS }))
  return `127.0.0.1:${responder.port}`
}

interface Ending {
  readonly ended: Promise<void>
  readonly signal: AbortSignal
  /** Begins to count `--for`. */
  begin(): void
  end(): void
}

/** Ends at the first SIGINT or SIGTERM, when `--for` is over, or when told to. */
const untilEnded = ({ for: forMs }: DevnetOptions): Ending => {
  const controller = new AbortController()
  const end = (): void => controller.abort()
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
  process.once('SIGHUP', end)
  return {
    ended: new Promise((resolve) => controller.signal.addEventListener('abort', () => resolve(), { once: true })),
    signal: controller.signal,
    end,
    begin: () => {
      if (forMs === undefined) return
      const timer = setTimeout(end, forMs)
      controller.signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
    },
  }
}

class DevnetRun {
  readonly #laid: readonly LaidNode[]
  readonly #options: DevnetOptions
  readonly #ending: Ending
  readonly #token = randomBytes(24).toString('base64url')
  readonly #faults = new Map<string, number>()
  readonly #opinions: Opinions
  readonly #errors = new Errors()
  readonly #play: Play
  readonly #watching: Promise<void>[] = []
  #children: readonly RunningChild[] = []
  #counts = { proofs: 0, attestations: 0 }
  #lost = false

  constructor(laid: readonly LaidNode[], options: DevnetOptions, ending: Ending) {
    this.#laid = laid
    this.#options = options
    this.#ending = ending
    this.#opinions = new Opinions(laid.map(({ id }) => id))
    this.#play = new Play({
      liar: laid[2] ?? laid[0],
      lies: options.lie,
      opinions: this.#opinions,
      bend: (fault) => this.#bend(fault),
      tell: (line) => this.#tell(line),
    })
  }

  async start(sources: { readonly ntp: readonly string[]; readonly gpsd: readonly string[] }): Promise<void> {
    const addresses = this.#laid.map(({ listen, id }) => `${listen}/p2p/${id}`)
    this.#children = await startAll(this.#laid, (node) => ({
      node,
      sources,
      bootstrap: addresses.filter((address) => !address.endsWith(node.id)),
      onBend: ({ fault }) => this.#bend(fault),
      onLost: (lost, complaint) => this.#onLost(lost, complaint),
    }))
    this.#shareView()
    for (const { node, api } of this.#children) this.#watching.push(this.#watch(node, api))
    this.#ending.begin()
    this.#play.begin()
    this.#tell(`dashboard ${colours.bold(`${this.#children[0]?.api ?? ''}/`)}`)
  }

  /** Takes the last counts while the nodes still run. */
  async finish(): Promise<void> {
    this.#play.end()
    const [first] = this.#children
    if (first === undefined || this.#lost) return
    this.#counts = (await openClient({ baseUrl: first.api }).status()).counts
  }

  async stop(): Promise<void> {
    this.#ending.end()
    await Promise.all([...this.#watching, ...this.#children.map((child) => child[Symbol.asyncDispose]())])
  }

  report(): ExitCode {
    const { falsetickersFound, honestFramed, detectMs, recoverMs } = this.#play.result()
    const { proofs, attestations } = this.#counts
    const medianAbsOffsetNs = this.#errors.median()
    const nodes = this.#laid.length
    const seen = { nodes, falsetickersFound, honestFramed, detectMs, recoverMs, medianAbsOffsetNs, proofs, attestations }
    if (this.#options.json === true) sayJson(seen)
    else for (const [name, value] of Object.entries(seen)) say(`${name.padEnd(18)} ${value ?? '–'}`)
    if (this.#lost) return EXIT.failed
    return this.#play.isAsExpected() ? EXIT.good : EXIT.no
  }

  async #watch({ id }: LaidNode, api: string): Promise<void> {
    await watchNode({
      id,
      api,
      signal: this.#ending.signal,
      onJudgement: (observer, nodes) => this.#onJudgement(observer, nodes),
      onVerdict: ({ observer, event }) => {
        if (observer === this.#laid[0]?.id) this.#tell(`${event.name}  ${colours.dim(`${event.from} →`)} ${event.to}  ${event.explanation}`)
      },
      onClock: (observer, hostOffsetNs) => {
        if (!this.#play.isBent(observer)) this.#errors.add(hostOffsetNs)
      },
    })
  }

  #onJudgement(observer: string, nodes: readonly NodeView[]): void {
    for (const { id, status } of nodes) this.#opinions.note(observer, id, status)
    this.#play.look(observer, nodes)
  }

  #onLost(node: LaidNode, complaint: string): void {
    this.#lost = true
    note(`${colours.red('lost')} ${node.name} ended by itself. ${complaint}`)
    this.#ending.end()
  }

  #bend({ id, offsetMs }: FaultView): void {
    if (offsetMs === 0) this.#faults.delete(id)
    else this.#faults.set(id, offsetMs)
    this.#play.noteBend(id)
    this.#children.find(({ node }) => node.id === id)?.send({ type: 'lie', offsetMs })
    this.#shareView()
  }

  #shareView(): void {
    const view: DevnetView = {
      token: this.#token,
      nodes: this.#children.map(({ node, api }) => ({ id: node.id, name: node.name, api })),
      faults: [...this.#faults].map(([id, offsetMs]) => ({ id, offsetMs })),
    }
    for (const child of this.#children) child.send({ type: 'devnet', view })
  }

  #tell(line: string): void {
    const write = this.#options.json === true ? note : say
    write(`${colours.dim(`${(this.#play.elapsedMs() / 1_000).toFixed(1).padStart(6)} s`)}  ${line}`)
  }
}

/** All or none: where one does not start, the others are stopped before the failure is told. */
const startAll = async (
  laid: readonly LaidNode[],
  optionsOf: (node: LaidNode) => Parameters<typeof startChild>[0],
): Promise<readonly RunningChild[]> => {
  const started = await Promise.allSettled(laid.map((node) => startChild(optionsOf(node))))
  const running = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const failed = started.find((one) => one.status === 'rejected')
  if (failed === undefined) return running
  await Promise.all(running.map((child) => child[Symbol.asyncDispose]()))
  throw failed.reason
}
