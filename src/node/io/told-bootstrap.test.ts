import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { ChimerError } from '../../base/index.ts'
import type { BootstrapWay } from '../../network/index.ts'
import { toldBootstrap } from './told-bootstrap.ts'

type Found = Awaited<ReturnType<BootstrapWay['find']>>

const FOUND: Found = { addresses: ['/ip4/192.0.2.1/tcp/1'], records: [] }
const failure = (message: string): ChimerError => new ChimerError('TC_BOOTSTRAP_FILE', message)

/** A way that does these one after another. */
const wayOf = (...ends: readonly (Found | ChimerError)[]): BootstrapWay & { closed: number } => {
  const left = [...ends]
  return {
    kind: 'file',
    name: 'peers.json',
    closed: 0,
    find: async () => {
      const end = left.shift() ?? FOUND
      if (end instanceof ChimerError) throw end
      return end
    },
    async [Symbol.asyncDispose]() {
      this.closed += 1
    },
  }
}

test('a failure is told once, again when it is another, and again after the way worked', async () => {
  const told: string[] = []
  const way = toldBootstrap(wayOf(failure('a'), failure('a'), failure('b'), FOUND, failure('b')), ({ code, message }) =>
    told.push(`${code} ${message}`),
  )
  const { signal } = new AbortController()
  for (const message of ['a', 'a', 'b']) await rejects(way.find(signal), { message })
  deepEqual(await way.find(signal), FOUND)
  await rejects(way.find(signal), { message: 'b' })
  deepEqual(told, ['TC_BOOTSTRAP_FILE a', 'TC_BOOTSTRAP_FILE b', 'TC_BOOTSTRAP_FILE b'])
})

test('it is named as the way is, and closes it', async () => {
  const inner = wayOf()
  const way = toldBootstrap(inner, () => {})
  deepEqual([way.kind, way.name], ['file', 'peers.json'])
  await way[Symbol.asyncDispose]?.()
  equal(inner.closed, 1)
})
