/**
 * A node's stamping over a chain of its own, that stamps until it is killed, for stamps-crash.test.ts. What it has acknowledged it says on standard
 * output, a line each: number, id, position, the receipt's digest. Blocks are decided all the while, and kept like a node keeps them.
 */
import { flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { drawBelow, hexOf, seededRandom } from '../src/base/index.ts'
import { openSqliteBlocks } from '../src/consensus/io/sqlite-blocks.ts'
import { sha3 } from '../src/crypto/index.ts'
import { realTime } from '../src/node/io/real-ports.ts'
import { ScriptedChain, stamper, stampingOver, wish } from '../src/node/stamping.test-kit.ts'
import { encodeReceipt } from '../src/stamps/index.ts'
import { openThreadedStamps } from '../src/stamps/io/sqlite-stamps.ts'

const [directory = '', life = '0'] = process.argv.slice(2)
// The lives after the first begin in a third of the time.
if (life === '0') flushCompileCache()
const random = seededRandom(BigInt(life) + 1n)
const chain = new ScriptedChain(openSqliteBlocks(join(directory, 'blocks.sqlite')))
if (chain.state.height === 0) chain.warmUp()
const { networkId } = chain.script.genesis
const store = openThreadedStamps(join(directory, 'stamps.sqlite'), { networkId, node: stamper().key })
const { stamping } = stampingOver({ time: realTime, turn: setImmediate, chain, store })

/** Each life stamps numbers of its own, and some that an earlier one has stamped. */
const numbers = Array.from({ length: 1 + drawBelow(random, 60) }, () =>
  drawBelow(random, 5) === 0 ? drawBelow(random, 1000) : Number(life) * 100_000 + drawBelow(random, 100_000),
)

/** When it resolves the pipe has it: who reads may be slow, and the pipe full. */
const say = async (text: string): Promise<void> =>
  new Promise((resolve) => void process.stdout.write(text, () => resolve()))

const submit = async (asked: readonly number[]): Promise<void> => {
  const beacon = stamping.beacon()?.block ?? null
  const answer = await stamping.submit(asked.map((number) => wish(number, number % 2 === 0 ? { beacon } : {})))
  if (answer.verdict !== 'accept') return say(`refused ${answer.reason}\n`)
  const lines = answer.value.map(
    ({ id, receipt }, i) => `${asked[i]} ${id} ${receipt.position} ${hexOf(sha3(encodeReceipt(receipt)))}\n`,
  )
  await say(lines.join(''))
}

for (let round = 0; ; round += 1) {
  const count = 1 + drawBelow(random, 8)
  const asked = Array.from({ length: count }, (_, i) => (numbers[(round + i) % numbers.length] ?? 0) + round)
  await Promise.all([submit(asked), submit(asked.slice(0, 1)), submit([round])])
  await nextTurn()
  if (round % 3 === 2) chain.decide()
}
