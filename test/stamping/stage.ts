/**
 * A devnet that stamps, and the program against it, as a person has both: five processes, and one more for every command, which sees no network and no genesis but
 * the ones of this stage.
 */
import { equal } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openClient } from '../../src/services/client.ts'
import type { Client } from '../../src/services/client.ts'
import { childrenOf, runProgram, untilGone } from '../devnet/run.ts'
import type { RunningProgram } from '../devnet/run.ts'

const PROGRAM = new URL('../../bin/truechimer.js', import.meta.url).pathname
/** A machine that does many things at once is slow; what never comes ends here. */
export const patience = (): AbortSignal => AbortSignal.timeout(120_000)

export interface Ran {
  readonly code: number | null
  readonly said: string
  readonly noted: string
}

export interface RunOptions {
  /** Standard input; nothing unless given. */
  readonly input?: string
  readonly cwd?: string
  readonly env?: Record<string, string>
}

/** Runs any program to its end. */
export const ran = async (program: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> => {
  const { input, cwd, env = {} } = options
  const child = spawn(program, [...args], {
    cwd,
    env: { ...process.env, ...env },
    signal: patience(),
    // Who reads nothing may be gone before an empty input has been written.
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  const texts = { said: '', noted: '' }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (texts.said += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (texts.noted += text))
  child.stdin?.end(input)
  await once(child, 'close')
  return { code: child.exitCode, ...texts }
}

export class Stage implements AsyncDisposable {
  readonly root = mkdtempSync(join(tmpdir(), 'truechimer-stage-'))
  readonly #data = join(this.root, 'devnet')
  #devnet: RunningProgram | undefined
  #folders = 0
  #api = ''

  /** Where the first node answers, a URL. */
  get api(): string {
    return this.#api
  }

  get client(): Client {
    return openClient({ baseUrl: this.#api })
  }

  /** Of a node, counted from one. */
  dataOf(node: number): string {
    return join(this.#data, `node-${node}`)
  }

  /** Until its first node stamps and blocks have a time: the first ones may be decided by clocks that are not ready. Its data is kept from one start to the next. */
  async start(): Promise<void> {
    mkdirSync(this.#data, { recursive: true })
    this.#devnet = runProgram(['devnet', '--no-lie', '--data', this.#data, '--api', '127.0.0.1:0'])
    const [, api = ''] = await this.#devnet.line(/dashboard (http:\/\/\S+?)\/?$/)
    this.#api = api
    const { client } = this
    for await (const { before } of client.events({ types: ['block'], signal: patience() }))
      if (BigInt(before?.time?.earliest ?? 0) > 0n && (await this.#stamps(client))) return
    const { chain } = await client.status()
    throw new RangeError(`the devnet never stamped: ${JSON.stringify([chain?.halted, chain?.round, chain?.tip])}`)
  }

  /** It says why not, and each block may change that. */
  /** Until the newest block, which a stamp mixes in, is above a height. */
  async passes(height: number): Promise<void> {
    const { client } = this
    for await (const _ of client.events({ types: ['block'], signal: patience() }))
      if (((await client.stamps.beacon())?.height ?? 0) > height) return
    throw new TypeError(`no block above ${height}`)
  }

  async #stamps(client: Client): Promise<boolean> {
    const digest = Buffer.alloc(32, 1).toString('hex')
    return client.stamps.submit({ imprint: digest }, { clientKey: 'stage' }).then(
      () => true,
      () => false,
    )
  }

  /** The first node goes without a word, and the devnet, which sees it, ends too. */
  async killFirst(): Promise<void> {
    const devnet = this.#devnet
    if (devnet === undefined) return
    const nodes = childrenOf(devnet.pid)
    const first = nodes.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(this.dataOf(1)))
    equal(typeof first, 'number')
    process.kill(first ?? 0, 'SIGKILL')
    await devnet.ended()
    await untilGone(nodes, patience())
    this.#devnet = undefined
  }

  /** A folder with files of these contents. */
  folder(files: Readonly<Record<string, string>> = {}): string {
    this.#folders += 1
    const directory = join(this.root, `folder-${this.#folders}`)
    mkdirSync(directory)
    for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content)
    return directory
  }

  /** `truechimer …`, which asks this devnet and keeps what it learns of networks here. */
  run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const own = { TRUECHIMER_API: this.#api, TRUECHIMER_NETWORKS: join(this.root, 'networks') }
    return ran(process.execPath, [PROGRAM, ...args], { ...options, env: { ...own, ...options.env } })
  }

  /** The same, which must exit with this code. */
  async runs(code: number, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const found = await this.run(args, options)
    equal(found.code, code, `truechimer ${args.join(' ')}\n${found.said}${found.noted}`)
    return found
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const devnet = this.#devnet
    if (devnet !== undefined) {
      const nodes = childrenOf(devnet.pid)
      devnet.kill('SIGINT')
      await devnet.ended()
      await untilGone(nodes, patience())
    }
    rmSync(this.root, { recursive: true, force: true })
  }
}
