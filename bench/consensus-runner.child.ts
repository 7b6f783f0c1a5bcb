/** One validator of the consensus benchmark: a whole node as `truechimer node --validator` runs it, over loopback. */
import { seededRandom } from '../src/base/index.ts'
import { sealTransaction, transactionPart } from '../src/consensus/index.ts'
import type { TransactionBody } from '../src/consensus/index.ts'
import { readConfig } from '../src/node/index.ts'
import type { NodeEvent } from '../src/node/index.ts'
import { readConfigFile } from '../src/node/io/data-directory.ts'
import { realRandom, realTime } from '../src/node/io/real-ports.ts'
import { startNode } from '../src/node/io/start-node.ts'
import type { RunningNode } from '../src/node/io/start-node.ts'
import type { FromRunner, LivedHeight, SettledTime, ToRunner } from './consensus-messages.ts'

/** Transactions that are signed and handed over in one turn of the event loop. */
const TURN = 16

const send = (message: FromRunner): void => void process.send?.(message)

class Runner {
  readonly #running: RunningNode
  readonly #proposed = new Map<number, bigint>()
  readonly #chance = seededRandom(BigInt(process.pid))
  #heights: LivedHeight[] = []
  #settled: SettledTime[] = []
  #wanted = 0
  #sequence = Date.now() * 1000
  #isFilling = false

  constructor(running: RunningNode) {
    this.#running = running
    running.chimer.events.listen((event) => this.#hear(event))
  }

  #hear(event: NodeEvent): void {
    const nowNs = realTime.elapsedNs()
    if (event.type === 'consensus' && event.news.type === 'step' && event.news.step === 'propose')
      this.#proposed.set(event.news.height, this.#proposed.get(event.news.height) ?? nowNs)
    if (event.type !== 'block') return
    const { block, commit } = event.decided
    const { height, proposer, time } = block.header
    const isOwn = Buffer.from(proposer).equals(this.#running.signer.nodeId)
    const proposedNs = isOwn ? (this.#proposed.get(height)?.toString() ?? null) : null
    const transactions = block.body.transactions.length
    this.#heights.push({ height, round: commit.round, proposedNs, decidedNs: nowNs.toString(), transactions })
    const reading = this.#running.chimer.timekeeper.read()
    if (reading !== undefined)
      this.#settled.push({
        height: height - 1,
        earliest: time.earliest.toString(),
        latest: time.latest.toString(),
        boundNs: Number(reading.latest - reading.earliest) / 2,
      })
    this.#proposed.delete(height - 1)
    void this.#fill()
  }

  async live(forMs: number, transactions: number): Promise<void> {
    this.#wanted = transactions
    this.#heights = []
    this.#settled = []
    const before = process.cpuUsage()
    void this.#fill()
    await new Promise((resolve) => setTimeout(resolve, forMs))
    const { user, system } = process.cpuUsage(before)
    this.#wanted = 0
    send({ type: 'lived', heights: this.#heights, settled: this.#settled, cpuMs: (user + system) / 1000 })
  }

  /** Signs and hands over marks until as many wait as were wanted. */
  async #fill(): Promise<void> {
    if (this.#isFilling) return
    this.#isFilling = true
    while (this.#running.chimer.deciding.view().pendingTransactions < this.#wanted) {
      for (let i = 0; i < TURN; i += 1) await this.#mark()
      await new Promise((resolve) => setImmediate(resolve))
    }
    this.#isFilling = false
  }

  async #mark(): Promise<void> {
    const { chimer, signer } = this.#running
    const reading = chimer.timekeeper.read()
    if (reading === undefined) return
    const body: TransactionBody = {
      networkId: chimer.genesis.networkId,
      author: signer.nodeId,
      sequence: (this.#sequence += 1),
      acted: { earliest: reading.earliest, latest: reading.latest },
      kind: 'mark',
      payload: this.#chance.bytes(32),
    }
    const part = transactionPart(body)
    const signature = await signer.sign(part.domain, part.body)
    chimer.deciding.submit(sealTransaction({ ...body, signature }).bytes)
  }
}

const open = async ({
  directory,
  bootstrap,
  paceMs,
}: Extract<ToRunner, { readonly type: 'open' }>): Promise<Runner> => {
  const config = readConfig(await readConfigFile(directory), { bootstrap, 'consensus.paceMs': paceMs })
  const running = await startNode({
    time: realTime,
    random: realRandom,
    directory,
    config,
    passphrase: undefined,
    agent: 'truechimer/bench',
    tell: ({ code, message }) => void process.stderr.write(`${code} ${message}\n`),
  })
  running.chimer.events.listen((event) => {
    if (event.type === 'trouble') process.stderr.write(`${event.code} ${event.message}\n`)
  })
  send({ type: 'opened', addresses: running.chimer.network.addresses() })
  return new Runner(running)
}

let runner: Promise<Runner> | undefined
process.on('message', (message: ToRunner) => {
  if (message.type === 'open') runner = open(message)
  else void runner?.then((ready) => ready.live(message.forMs, message.transactions))
})
process.on('disconnect', () => process.exit(0))
