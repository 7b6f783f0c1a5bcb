/**
 * A process that appends to a write-ahead log until it is killed, for wal-crash.test.ts. After each batch that is durable it says on standard
 * output what was in it. A height is decided every few batches, which it says before, and the file is made anew often.
 */
import { writeSync } from 'node:fs'
import type { WalRecord } from '../src/consensus/index.ts'
import { openFileWal } from '../src/consensus/io/file-wal.ts'

const [path = '', life = '1'] = process.argv.slice(2)
await using wal = await openFileWal(path, { compactBytes: 20_000 })
let height = Number(life) * 1_000_000
for (let batch = 0; ; batch += 1) {
  const name = new TextEncoder().encode(`${life}:${batch} `)
  const records = Array.from({ length: 1 + (batch % 3) }, (_, i): WalRecord => {
    const bytes = new Uint8Array(name.length + (batch % 17) * 300 + i).fill(120)
    bytes.set(name)
    return { type: i === 0 ? 'said' : 'block', height, bytes }
  })
  await wal.append(records)
  writeSync(1, `said ${height} ${batch} ${records.length}\n`)
  if (batch % 5 < 4) continue
  writeSync(1, `deciding ${height} ${batch} 0\n`)
  await wal.append([{ type: 'decided', height }])
  height += 1
}
