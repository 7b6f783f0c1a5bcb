/**
 * Three honest nodes on loopback, the program itself, and members of the same network whose keys the test holds. The honest
 * ones weigh a million times as much as the hostile, so they alone decide and sit on committees: whatever the hostile say of others
 * was not asked for, while they themselves are asked like everybody.
 */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NS_PER_MS } from '../../src/base/index.ts'
import { nodeIdText, signingKeyOf } from '../../src/crypto/index.ts'
import type { SigningKey } from '../../src/crypto/index.ts'
import { readGenesis } from '../../src/node/index.ts'
import type { Genesis, GenesisFile } from '../../src/node/index.ts'
import { makeKey, writeSettings } from '../../src/node/io/data-directory.ts'
import { realRandom } from '../../src/node/io/real-ports.ts'
import { openClient } from '../../src/services/client.ts'
import type { Client } from '../../src/services/client.ts'
import { runProgram } from '../devnet/run.ts'
import type { RunningProgram } from '../devnet/run.ts'

export const SLOT_NS = 500n * NS_PER_MS
const HONEST = ['ada', 'bede', 'cyra'] as const
export const HONEST_WEIGHT = 1_000_000

export interface HonestNode {
  readonly id: string
  readonly program: RunningProgram
  readonly client: Client
  /** URL of its HTTP API. */
  readonly api: string
  /** Where peers reach it, `/p2p/…` at the end. */
  readonly address: string
  /** Where it serves time: `HOST:PORT` by the server's name (and for Roughtime the key). */
  readonly serving: Readonly<Record<string, string>>
}

export interface HostileMember {
  readonly id: string
  readonly seed: Uint8Array
  readonly key: SigningKey
}

export interface Stage extends AsyncDisposable {
  readonly genesis: Genesis
  /** The one that is attacked, and the two that go on talking to it. */
  readonly target: HonestNode
  readonly others: readonly HonestNode[]
  readonly hostile: readonly HostileMember[]
}

/** Key pair number `index` of the hostile: members of the network for the first few, strangers beyond. */
export const hostileKey = (index: number): HostileMember => {
  const seed = new Uint8Array(32).fill(index % 256)
  seed[0] = Math.floor(index / 256)
  const key = signingKeyOf(seed)
  return { id: nodeIdText(key.publicKey), seed, key }
}

/** What the target is configured with besides what all are. */
type TargetConfig = Pick<NonNullable<Parameters<typeof writeSettings>[1]['config']>, 'sources' | 'serve'>

/** How a network differs from the usual one: what each of the hostile weighs, and what its consensus is set to. */
interface StageNetwork {
  readonly hostileWeight?: number
  readonly consensus?: NonNullable<NonNullable<GenesisFile['parameters']>['consensus']>
}

/** Starts the honest nodes one after the other, since each is told the addresses of those before it. */
export const openStage = async (
  hostileCount: number,
  { sources = {}, serve = {} }: TargetConfig = {},
  { hostileWeight = 1, consensus = {} }: StageNetwork = {},
): Promise<Stage> => {
  const root = mkdtempSync(join(tmpdir(), 'truechimer-hostile-'))
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rmSync(root, { recursive: true, force: true }))
  const hostile = Array.from({ length: hostileCount }, (_, index) => hostileKey(index))
  const directories = HONEST.map((name) => join(root, name))
  const ids = await Promise.all(
    directories.map((directory) => makeKey({ random: realRandom, directory, passphrase: undefined })),
  )
  const genesis: GenesisFile = {
    name: 'hostile',
    // Nobody is held absent while the test runs: a machine that is busy elsewhere is no finding.
    // Weight is stake alone, so that the honest are heavier from the first block on.
    parameters: {
      slotNs: Number(SLOT_NS),
      committeeSeats: 2,
      absentAfterSlots: 1000,
      standing: { alphaPpb: 0 },
      consensus,
    },
    members: [
      ...ids.map((id, index) => ({ id, name: HONEST[index] ?? id, weight: HONEST_WEIGHT })),
      ...hostile.map(({ id }, index) => ({ id, name: `hostile ${index}`, weight: hostileWeight })),
    ],
  }
  const nodes: HonestNode[] = []
  stack.defer(async () => void (await Promise.all(nodes.map(stop))))
  for (const directory of directories) {
    const honest = { hostBoundMs: 2, pollIntervalMs: 500 }
    const config = nodes.length === 0 ? { sources: { ...honest, ...sources }, serve } : { sources: honest }
    await writeSettings(directory, { config, genesis })
    nodes.push(await startHonest(directory, nodes))
  }
  const [target, ...others] = nodes
  if (target === undefined) throw new TypeError('no node')
  const opened = stack.move()
  return {
    genesis: readGenesis(genesis),
    target,
    others,
    hostile,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

const stop = async ({ program }: HonestNode): Promise<void> => {
  program.kill('SIGTERM')
  await program.ended()
}

/** The first one opens its inspector too, so that its live memory can be weighed. */
const startHonest = async (directory: string, before: readonly HonestNode[]): Promise<HonestNode> => {
  const bootstrap = before.map(({ address }) => address).join(',')
  const program = runProgram(
    ['node', '--validator', '--data', directory, '--api', '127.0.0.1:0', '--log-level', 'warn', '--json'].concat(
      bootstrap === '' ? [] : ['--bootstrap', bootstrap],
    ),
    before.length === 0 ? { NODE_OPTIONS: '--inspect=127.0.0.1:0' } : {},
  )
  const [said] = await program.line(/"ready":true/)
  if (said === undefined) throw new TypeError('never ready')
  const [, line = ''] = await program.line(/^(\{.*"ready":true.*\})$/)
  const { id, api, addresses, serving } = JSON.parse(line)
  return { id, program, api, address: addresses[0], serving, client: openClient({ baseUrl: api }) }
}

/**
 * Bytes of memory that a program holds and cannot give back: heap and what hangs on it, after a collection. Asked through
 * the inspector (Chrome DevTools Protocol: `HeapProfiler.collectGarbage`, `Runtime.evaluate`).
 */
export const heldBytes = (program: RunningProgram): Promise<number> =>
  evaluate(program, '(({ heapUsed, external }) => heapUsed + external)(process.memoryUsage())', { collect: true })

/** Begins to watch, inside the program, how late its event loop comes round. */
export const watchLoop = async (program: RunningProgram): Promise<void> => {
  const histogram = "process.getBuiltinModule('perf_hooks').monitorEventLoopDelay({ resolution: 5 })"
  await evaluate(program, `(globalThis.loopDelay = ${histogram}, loopDelay.enable(), 0)`)
}

/** How late its event loop came round at the worst since it was asked last, ns. */
export const loopDelayNs = (program: RunningProgram): Promise<number> =>
  evaluate(program, '((worst) => (loopDelay.reset(), worst))(loopDelay.max)')

/** The number that an expression has inside a program. */
const evaluate = async (
  program: RunningProgram,
  expression: string,
  { collect = false }: { readonly collect?: boolean } = {},
): Promise<number> => {
  const [, url = ''] = await program.line(/(ws:\/\/\S+)/)
  const socket = new WebSocket(url)
  await once(socket, 'open')
  let number = 0
  const ask = async (method: string, params: object = {}): Promise<unknown> => {
    number += 1
    const id = number
    const { promise, resolve } = Promise.withResolvers<unknown>()
    const hear = ({ data }: { readonly data: unknown }): void => {
      const answer = JSON.parse(String(data))
      if (answer.id === id) resolve(answer.result)
    }
    socket.addEventListener('message', hear)
    socket.send(JSON.stringify({ id, method, params }))
    return promise.finally(() => socket.removeEventListener('message', hear))
  }
  if (collect) await ask('HeapProfiler.collectGarbage')
  const answer = await ask('Runtime.evaluate', { expression })
  const closed = once(socket, 'close')
  socket.close()
  await closed
  const value = valueOf(answer)
  if (typeof value !== 'number') throw new TypeError(`no number: ${JSON.stringify(answer)}`)
  return value
}

const valueOf = (answer: unknown): unknown =>
  typeof answer === 'object' && answer !== null && 'result' in answer && typeof answer.result === 'object'
    ? Reflect.get(answer.result ?? {}, 'value')
    : undefined
