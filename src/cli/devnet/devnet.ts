/**
 * `truechimer devnet`: five real node processes on loopback, each on its own bad oscillator, kept right over UDP. After 15 s
 * one node's source begins to lie by 250 ms, 20 s later it is right again; the others find it, strike it off, and take
 * it back. The last line of `--json` is what was seen.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ChimerError } from '../../base/index.ts'
import { reasonOf } from '../../node/io/data-directory.ts'
import { realTime } from '../../node/io/real-ports.ts'
import { ApiError, openClient } from '../../services/client.ts'
import { openNtpResponder } from '../../services/ntp-responder.ts'
import type { DevnetView, EventView, FaultView, NodeView } from '../../services/schema.ts'
import { openEnding } from '../ending.ts'
import type { Ending } from '../ending.ts'
import { EXIT, colours, note, noteColours, readerGone, say, sayJson } from '../output.ts'
import type { Colours, ExitCode } from '../output.ts'
import { compileForChildren, startChild } from './children.ts'
import type { ChildOptions, RunningChild } from './children.ts'
import { checkAddresses, layDevnet } from './lay.ts'
import type { LaidNode } from './lay.ts'
import { Play } from './play.ts'
import { summaryLines } from './summary.ts'
import type { DevnetSummary } from './summary.ts'
import { openChainTale } from './chain-tale.ts'
import { Errors, Opinions, watchNode } from './watch.ts'

/** The last question to a node of ours; one that does not answer within this, ms, is not waited for. */
const COUNT_MS_MAX = 2000

export interface DevnetOptions {
  readonly api: string
  readonly data?: string
  readonly nodes: number
  readonly ntp?: readonly string[]
  readonly gpsd?: readonly string[]
  /** The first node serves NTP here. */
  readonly ntpServe?: string
  /** Ends after this long, ms. */
  readonly for?: number
  readonly lie: boolean
  readonly json?: boolean
}

/** How well the host's clock is kept is not known here; a devnet holds it to be right to this, ns. */
const HOST_BOUND_NS = 1_000_000n

export const devnet = async (options: DevnetOptions): Promise<ExitCode> => {
  const { ntp = [], gpsd = [], nodes, api, ntpServe } = options
  checkAddresses({ api, nodes, ntp, gpsd, ntpServe })
  await using stack = new AsyncDisposableStack()
  const ending = stack.use(openEnding())
  readerGone.addEventListener('abort', ending.end)
  const directory = options.data ?? (await temporaryDirectory(stack))
  const sources = { ntp: ntp.length + gpsd.length > 0 ? ntp : [await serveHostTime(stack)], gpsd }
  const laid = await layDevnet({ directory, nodes, api, ...sources })
  await compileForChildren()
  note(`${laid.length} nodes start; their data is in ${directory}`)
  const run = new DevnetRun(laid, options, ending)
  stack.defer(() => run.stop())
  await run.start(sources)
  await ending.ended
  await run.finish()
  return run.report()
}

/** A folder that goes with the devnet. `TC_FILE_UNWRITABLE` where there is no place for one. */
const temporaryDirectory = async (stack: AsyncDisposableStack): Promise<string> => {
  try {
    const directory = await mkdtemp(join(tmpdir(), 'truechimer-devnet-'))
    stack.defer(() => rm(directory, { recursive: true, force: true }))
    return directory
  } catch (cause) {
    const advice = `Cannot make a folder in ${tmpdir()}: ${reasonOf(cause)}. Name one with --data.`
    throw new ChimerError('TC_FILE_UNWRITABLE', advice, { cause })
  }
}

const serveHostTime = async (stack: AsyncDisposableStack): Promise<string> => {
  const responder = stack.use(await openNtpResponder(realTime, { port: 0, rootDispersionNs: HOST_BOUND_NS }))
  return `127.0.0.1:${responder.port}`
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
  #counts: Pick<DevnetSummary, 'proofs' | 'attestations'> = { proofs: null, attestations: null }
  /** Of the stream that progress goes to. */
  readonly #paint: Colours
  /** Nodes that ended by themselves. */
  readonly #lost = new Set<string>()

  constructor(laid: readonly LaidNode[], options: DevnetOptions, ending: Ending) {
    this.#laid = laid
    this.#options = options
    this.#ending = ending
    this.#paint = options.json === true ? noteColours : colours
    this.#opinions = new Opinions(laid.map(({ id }) => id))
    this.#play = new Play({
      liar: laid[2] ?? laid[0],
      lies: options.lie,
      opinions: this.#opinions,
      bend: (fault) => this.#bend(fault),
      tell: (line) => this.#tell(line),
    })
  }

  /** Returns when all run, or when the end came first. */
  async start(sources: { readonly ntp: readonly string[]; readonly gpsd: readonly string[] }): Promise<void> {
    const addresses = this.#laid.map(({ listen, id }) => `${listen}/p2p/${id}`)
    const { signal } = this.#ending
    const optionsOf = (node: LaidNode): Omit<ChildOptions, 'signal'> => ({
      node,
      sources,
      ntpServe: node === this.#laid[0] ? this.#options.ntpServe : undefined,
      bootstrap: addresses.filter((address) => !address.endsWith(node.id)),
      onBend: ({ fault }) => this.#bend(fault),
      onLost: (lost, complaint) => this.#onLost(lost, complaint),
    })
    this.#children = await startAll(this.#laid, { optionsOf, signal })
    if (signal.aborted) return
    this.#shareView()
    for (const { node, api } of this.#children) this.#watching.push(this.#watch(node, api))
    this.#ending.endAfter(this.#options.for)
    this.#play.begin()
    this.#tell(`dashboard ${this.#paint.bold(`${this.#children[0]?.api ?? ''}/`)}`)
    this.#tell(`time-stamps (RFC 3161) ${this.#children[0]?.api ?? ''}/tsa, checked with /tsa/ca.pem`)
  }

  /** Takes the last counts while the nodes still run; they stay unknown where none answers. */
  async finish(): Promise<void> {
    this.#play.end()
    const alive = this.#children.find(({ node }) => !this.#lost.has(node.id))
    if (alive === undefined) return
    try {
      this.#counts = (await openClient({ baseUrl: alive.api, timeoutMs: COUNT_MS_MAX }).status()).counts
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      note(`The counts are not known: ${error.message}`)
    }
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
    const seen = {
      nodes,
      falsetickersFound,
      honestFramed,
      detectMs,
      recoverMs,
      medianAbsOffsetNs,
      proofs,
      attestations,
    }
    if (this.#options.json === true) sayJson(seen)
    else for (const line of summaryLines(seen)) say(line)
    if (this.#lost.size > 0) return EXIT.failed
    return this.#play.isAsExpected() ? EXIT.good : EXIT.no
  }

  async #watch({ id }: LaidNode, api: string): Promise<void> {
    await watchNode({
      id,
      api,
      signal: this.#ending.signal,
      onJudgement: (observer, nodes) => this.#onJudgement(observer, nodes),
      onVerdict: ({ observer, event }) => {
        if (observer === this.#laid[0]?.id) this.#tellVerdict(event)
      },
      onClock: (observer, hostOffsetNs) => {
        if (!this.#play.isBent(observer)) this.#errors.add(hostOffsetNs)
      },
      ...(id === this.#laid[0]?.id ? { onChain: openChainTale({ api, tell: (line) => this.#tell(line) }) } : {}),
    })
  }

  #tellVerdict({ name, from, to, explanation }: Extract<EventView, { readonly type: 'verdict' }>): void {
    const { green, red, yellow, dim } = this.#paint
    const paint = to === 'truechimer' ? green : to === 'falseticker' ? red : yellow
    this.#tell(`${name}  ${dim(`${from} →`)} ${paint(to)}  ${dim(explanation)}`)
  }

  #onJudgement(observer: string, nodes: readonly NodeView[]): void {
    for (const { id, status } of nodes) this.#opinions.note(observer, id, status)
    this.#play.look(observer, nodes)
  }

  #onLost(node: LaidNode, complaint: string): void {
    this.#lost.add(node.id)
    note(`${noteColours.red('lost')} ${node.name} ended by itself, ${complaint}`)
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
    write(`${this.#paint.dim(`${(this.#play.elapsedMs() / 1000).toFixed(1).padStart(6)} s`)}  ${line}`)
  }
}

/**
 * All or none: where one does not start, the others are stopped and the failure is told. None where the signal came first.
 */
const startAll = async (
  laid: readonly LaidNode[],
  {
    optionsOf,
    signal,
  }: { readonly optionsOf: (node: LaidNode) => Omit<ChildOptions, 'signal'>; readonly signal: AbortSignal },
): Promise<readonly RunningChild[]> => {
  const calling = new AbortController()
  const either = AbortSignal.any([signal, calling.signal])
  const failures: unknown[] = []
  const startOne = async (node: LaidNode): Promise<RunningChild | undefined> => {
    try {
      return await startChild({ ...optionsOf(node), signal: either })
    } catch (error) {
      if (!either.aborted) failures.push(error)
      calling.abort()
      return undefined
    }
  }
  const running = (await Promise.all(laid.map(startOne))).filter((child) => child !== undefined)
  if (running.length === laid.length) return running
  await Promise.all(running.map((child) => child[Symbol.asyncDispose]()))
  if (failures.length > 0) throw failures[0]
  return []
}
