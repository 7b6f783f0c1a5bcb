import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_HOUR, NS_PER_SEC, seededRandom } from '../../base/index.ts'
import { AddressTables, TABLE_SIZES, isPoor, mayDial, placeGroup } from './address-tables.ts'
import type { TableSizes } from './address-tables.ts'

const secret = new Uint8Array(32).fill(3)
const random = seededRandom(1n)
const at = (group: number, host = 1): string => `/ip4/${20 + (group >> 8)}.${group & 255}.0.${host}/tcp/7341`
/** One place in each table: every two entries meet. */
const TINY: TableSizes = {
  triedBuckets: 1,
  freshBuckets: 1,
  bucketPlaces: 1,
  triedBucketsOfGroup: 1,
  freshBucketsOfSource: 1,
  placesMax: 4,
}

const told = (peer: string, group: number, source = `ip4/9.${group}`) => ({
  peer,
  addresses: [at(group)],
  sourceGroup: source,
})

test('one source fills its sixteenth of the fresh places and no more, however many groups it names', () => {
  const tables = new AddressTables({ secret })
  for (let i = 0; i < 5000; i += 1) tables.add(told(`p${i}`, i, 'ip4/9.9'), random, 0n)
  const places = TABLE_SIZES.freshBucketsOfSource * TABLE_SIZES.bucketPlaces
  ok(tables.size <= places && tables.size > places / 2, `${tables.size} of ${places}`)
})

test('one group fills its share of the tried places and no more', () => {
  const tables = new AddressTables({ secret })
  for (let i = 0; i < 2000; i += 1) {
    tables.add({ peer: `p${i}`, addresses: [at(1, i & 255)], sourceGroup: `ip4/${i & 63}.1` }, random, 0n)
    tables.answered(`p${i}`, 0n)
  }
  const places = TABLE_SIZES.triedBucketsOfGroup * TABLE_SIZES.bucketPlaces
  ok(tables.triedSize <= places && tables.triedSize > places / 2, `${tables.triedSize} of ${places}`)
})

test('where an entry lies depends on the secret and on nothing else', () => {
  const draw = (key: number): string | undefined => {
    const tables = new AddressTables({ secret: new Uint8Array(32).fill(key) })
    for (let i = 0; i < 300; i += 1) tables.add(told(`p${i}`, i), seededRandom(1n), 0n)
    const any = { table: 'fresh', elapsedNs: 0n, wanted: () => true } as const
    return tables.draw(seededRandom(2n), any)?.peer
  }
  equal(draw(3), draw(3))
  ok(new Set([3, 4, 5, 6, 7].map(draw)).size > 1)
})

test('who holds a fresh place keeps it, unless it is poor', () => {
  const tables = new AddressTables({ secret, sizes: TINY })
  ok(tables.add(told('first', 1), random, 0n))
  equal(tables.add(told('second', 2), random, 0n), false)
  for (let i = 0; i < 3; i += 1) tables.failed('first')
  ok(tables.add(told('second', 2), random, 0n))
  equal(tables.get('first'), undefined)
})

test('who holds a tried place is tested before it goes, and stays where it answers', () => {
  const contested = (): AddressTables => {
    const tables = new AddressTables({ secret, sizes: TINY })
    for (const [i, peer] of ['holder', 'newcomer'].entries()) {
      tables.add(told(peer, i), random, 0n)
      tables.answered(peer, 0n)
    }
    equal(tables.contests().length, 1)
    return tables
  }
  const kept = contested()
  kept.answered('holder', 1n)
  ok(kept.get('holder')?.isTried === true && kept.get('newcomer')?.isTried === false)
  equal(kept.contests().length, 0)
  const lost = contested()
  lost.failed('holder')
  ok(lost.get('newcomer')?.isTried)
  equal(lost.get('holder'), undefined)
  equal(lost.contests().length, 0)
})

test('a peer that moves to another group starts again as fresh', () => {
  const tables = new AddressTables({ secret })
  tables.add(told('p', 1), random, 0n)
  tables.answered('p', 0n)
  tables.add(told('p', 2), random, 0n)
  equal(tables.get('p')?.isTried, false)
  equal(tables.get('p')?.group, placeGroup(at(2)))
})

test('a fresh peer that never answers is forgotten; a tried one is poor only after long silence', () => {
  const tables = new AddressTables({ secret })
  tables.add(told('fresh', 1), random, 0n)
  tables.add(told('tried', 2), random, 0n)
  tables.answered('tried', 0n)
  for (let i = 0; i < 9; i += 1) for (const peer of ['fresh', 'tried']) tables.failed(peer)
  equal(tables.get('fresh'), undefined)
  const tried = tables.get('tried')
  ok(tried !== undefined && !isPoor(tried, NS_PER_HOUR) && isPoor(tried, NS_PER_HOUR + 1n))
})

test('a dial that failed is repeated later and later', () => {
  const tables = new AddressTables({ secret })
  tables.add(told('p', 1), random, 0n)
  tables.answered('p', 0n)
  const pauseOf = (failures: number): bigint => {
    tables.attempted('p', 0n)
    const entry = tables.get('p')
    ok(entry !== undefined && entry.failures === failures)
    let pauseNs = 0n
    while (!mayDial(entry, pauseNs)) pauseNs += NS_PER_SEC
    tables.failed('p')
    return pauseNs / NS_PER_SEC
  }
  equal([0, 1, 2, 3, 4].map(pauseOf).join(), '2,4,8,16,32')
})

test('a full bucket weighs no more than a thin one', () => {
  const tables = new AddressTables({ secret })
  for (let i = 0; i < 1000; i += 1)
    tables.add(
      { ...told(`flood${i}`, 7, 'ip4/66.66'), addresses: [`/ip4/77.7.${i >> 8}.${i & 255}/tcp/1`] },
      random,
      0n,
    )
  for (let i = 0; i < 64; i += 1) tables.add(told(`thin${i}`, 300 + i), random, 0n)
  const flooded = tables.entries().filter(({ peer }) => peer.startsWith('flood')).length
  const draws = Array.from({ length: 400 }, () =>
    tables.draw(random, { table: 'fresh', elapsedNs: 0n, wanted: () => true }),
  )
  const share = draws.filter((entry) => entry?.peer.startsWith('flood')).length / draws.length
  ok(share < flooded / tables.size / 2, `${share} of the draws, ${flooded} of ${tables.size} entries`)
})

test('many keys of one host have one place', () => {
  const tables = new AddressTables({ secret })
  for (let i = 0; i < 50; i += 1) tables.add(told(`p${i}`, 1, 'ip4/9.9'), random, 0n)
  equal(tables.size, 1)
})

test('a peer counts as where it answered, whatever address it names first', () => {
  const tables = new AddressTables({ secret })
  const addresses = [at(1), at(2)]
  tables.add({ peer: 'p', addresses, sourceGroup: 'g' }, random, 0n)
  tables.answered('p', 0n, `${at(2)}/p2p/p`)
  const entry = tables.get('p')
  deepEqual([entry?.isTried, entry?.group, entry?.addresses], [true, placeGroup(at(2)), addresses.toReversed()])
  tables.add({ peer: 'p', addresses, sourceGroup: 'g' }, random, 0n)
  deepEqual([tables.get('p')?.isTried, tables.get('p')?.group], [true, placeGroup(at(2))])
  for (let i = 0; i < 9; i += 1) {
    tables.add({ peer: `q${i}`, addresses: [at(10 + i), at(2)], sourceGroup: 'g' }, random, 0n)
    tables.answered(`q${i}`, 0n, at(2))
  }
  equal(tables.triedSize, 1)
})

test('a tried peer that moves within its group starts again as fresh', () => {
  const tables = new AddressTables({ secret })
  tables.add({ peer: 'p', addresses: [at(1, 1)], sourceGroup: 'g' }, random, 0n)
  tables.answered('p', 0n)
  tables.add({ peer: 'p', addresses: [at(1, 2)], sourceGroup: 'g' }, random, 0n)
  deepEqual([tables.get('p')?.isTried, tables.triedSize], [false, 0])
})

test('a host that many sources name under many keys is drawn as often as another, and once it answered from tried only', () => {
  const tables = new AddressTables({ secret })
  const keys = Array.from({ length: 40 }, (_, i) => `many${i}`)
  for (const [i, peer] of keys.entries())
    tables.add({ peer, addresses: [at(1)], sourceGroup: `ip4/9.${i}` }, random, 0n)
  ok(tables.size > 20)
  equal(tables.hosts().length, 1)
  for (let i = 0; i < 39; i += 1) tables.add(told(`one${i}`, 100 + i), random, 0n)
  const draw = (): string => {
    const drawn = tables.draw(random, { table: 'fresh', elapsedNs: 0n, wanted: () => true })
    return drawn?.peer ?? 'nobody'
  }
  const share = Array.from({ length: 400 }, draw).filter((peer) => peer.startsWith('many')).length / 400
  ok(share < 0.1, `${share}`)
  tables.answered(tables.hosts()[0]?.peer ?? '', 0n)
  equal(Array.from({ length: 100 }, draw).filter((peer) => peer.startsWith('many')).length, 0)
})

test('in tried a group is drawn first: one of many hosts is drawn no more often than one of few', () => {
  const tables = new AddressTables({ secret })
  for (let i = 0; i < 60; i += 1) {
    const addresses = [i < 51 ? at(1, i) : at(i)]
    tables.add({ peer: i < 51 ? `many${i}` : `one${i}`, addresses, sourceGroup: `ip4/9.${i}` }, random, 0n)
    tables.answered(i < 51 ? `many${i}` : `one${i}`, 0n)
  }
  const any = { table: 'tried', elapsedNs: 0n, wanted: () => true } as const
  const drawn = Array.from({ length: 400 }, () => tables.draw(random, any)?.peer ?? '')
  const share = drawn.filter((peer) => peer.startsWith('many')).length / 400
  ok(share > 0.02 && share < 0.2, `${share}`)
})

test('on one machine every port is a group of its own', () => {
  equal(placeGroup('/ip4/127.0.0.1/tcp/1/p2p/a') === placeGroup('/ip4/127.0.0.1/tcp/2/p2p/b'), false)
  equal(placeGroup('/ip4/1.2.3.4/tcp/1'), placeGroup('/ip4/1.2.9.9/tcp/2'))
})
