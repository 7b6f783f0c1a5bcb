/**
 * A process that appends blocks to a store until it is killed, for blocks-crash.test.ts. After each batch that is durable it says the last
 * height on standard output. Block h is filled with h's low byte, of a length that h gives.
 */
import { writeSync } from 'node:fs'
import { openSqliteBlocks } from '../src/consensus/io/sqlite-blocks.ts'
import { storedOf } from '../src/consensus/block-store.test-kit.ts'

const [path = ''] = process.argv.slice(2)
const store = openSqliteBlocks(path)
for (let height = (store.range?.last ?? 0) + 1, round = 0; ; round += 1) {
  const batch = Array.from({ length: 1 + (round % 7) }, (_, i) => storedOf(height + i, 100 + ((height + i) % 50) * 200))
  if (round % 5 === 0) store.keepValidators({ height, validators: Uint8Array.of(height % 251) })
  store.append(batch)
  if (round % 11 === 0) store.keepSnapshot({ height, state: new Uint8Array(20_000).fill(height % 251) })
  height += batch.length
  writeSync(1, `${height - 1}\n`)
}
