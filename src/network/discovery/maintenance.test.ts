import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { NS_PER_HOUR, NS_PER_MINUTE, NS_PER_SEC, seededRandom } from '../../base/index.ts'
import { AddressTables } from './address-tables.ts'
import { Maintenance } from './maintenance.ts'
import type { Effect } from './maintenance.ts'
import { chooseAnchors, worstOf } from './outbound.ts'
import type { OutboundPeer } from './outbound.ts'
import { DISCOVERY_PARAMETERS } from './parameters.ts'
import type { DiscoveryParameters } from './parameters.ts'

/** A world in which everybody named answers, unless in `dead`. */
class Scene {
  elapsedNs = 0n
  readonly outbound = new Map<string, OutboundPeer>()
  readonly introducers = new Set<string>()
  readonly dead = new Set<string>()
  readonly seen: Effect[] = []
  readonly tables = new AddressTables({ secret: new Uint8Array(32).fill(5) })
  readonly maintenance: Maintenance

  constructor(
    groups: readonly number[],
    anchors: readonly string[] = [],
    parameters: Partial<DiscoveryParameters> = {},
  ) {
    for (const [i, group] of groups.entries())
      this.tables.add(
        { peer: `p${i}`, addresses: [`/ip4/30.${group}.0.${i}/tcp/7341`], sourceGroup: `g${i}` },
        seededRandom(1n),
        0n,
      )
    const random = seededRandom(7n)
    this.maintenance = new Maintenance({
      random,
      tables: this.tables,
      parameters: { ...DISCOVERY_PARAMETERS, ...parameters },
      anchors,
      elapsedNs: 0n,
    })
  }

  /** Lets time pass in steps of a second, and does what is said. */
  run(seconds: number): void {
    for (let i = 0; i < seconds; i += 1) {
      for (const effect of this.maintenance.step(this.#sight()).effects) this.#perform(effect)
      this.elapsedNs += NS_PER_SEC
    }
  }

  groups(): readonly string[] {
    return [...this.outbound.values()].map(({ group }) => group)
  }

  seenOf(reason: string): number {
    return this.seen.filter((effect) => effect.type === 'disconnect' && effect.reason === reason).length
  }

  #sight() {
    const { elapsedNs, introducers } = this
    return { elapsedNs, introducers, connected: new Set(this.outbound.keys()), outbound: [...this.outbound.values()] }
  }

  #perform(effect: Effect): void {
    this.seen.push(effect)
    if (effect.type === 'disconnect') this.outbound.delete(effect.peer)
    if (effect.type !== 'dial') return
    const { peer } = effect
    const isUp = !this.dead.has(peer)
    if (isUp)
      this.outbound.set(peer, { peer, group: this.tables.get(peer)?.group ?? '', sinceNs: this.elapsedNs, score: 0 })
    for (const next of this.maintenance.dialled(peer, isUp, this.#sight())) this.#perform(next)
  }
}

const spreadOver = (count: number, groups: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => i % groups)

describe('outbound peers', () => {
  test('up to nine known are all connected to, in one group too', () => {
    const scene = new Scene(spreadOver(9, 1))
    scene.run(5)
    equal(scene.outbound.size, 9)
  })
  test('of more, eight, each in another group where there are so many', () => {
    const scene = new Scene(spreadOver(60, 12))
    scene.run(5)
    equal(new Set(scene.groups()).size, 8)
    equal(scene.outbound.size, 8)
  })
  test('where there are fewer groups, every group is there, and places are filled all the same', () => {
    const scene = new Scene(spreadOver(60, 3))
    scene.run(5)
    deepEqual([new Set(scene.groups()).size, scene.outbound.size], [3, 8])
  })
  test('one that shares its group goes when another group appears', () => {
    const scene = new Scene(spreadOver(60, 7))
    scene.run(5)
    equal(new Set(scene.groups()).size, 7)
    scene.tables.add({ peer: 'new', addresses: ['/ip4/99.1.0.1/tcp/1'], sourceGroup: 'g' }, seededRandom(1n), 0n)
    scene.run(10)
    deepEqual([new Set(scene.groups()).size, scene.outbound.size], [8, 8])
  })
  test('who is gone or stands badly is replaced', () => {
    const scene = new Scene(spreadOver(60, 20))
    scene.run(5)
    const [gone = '', bad = ''] = scene.outbound.keys()
    scene.outbound.delete(gone)
    const standing = scene.outbound.get(bad)
    ok(standing !== undefined)
    scene.outbound.set(bad, { ...standing, score: DISCOVERY_PARAMETERS.scoreMin - 1 })
    scene.run(5)
    deepEqual([scene.outbound.size, scene.seenOf('peer-badly-standing')], [8, 1])
  })
  test('anchors are dialled first', () => {
    const scene = new Scene(spreadOver(60, 20), ['p7', 'unknown', 'p9'])
    scene.run(1)
    deepEqual(
      scene.seen.slice(0, 2).map((effect) => effect.type === 'dial' && [effect.peer, effect.purpose]),
      [
        ['p7', 'anchor'],
        ['p9', 'anchor'],
      ],
    )
  })
  test('an introducer is left free once eight others are there, but not in a full mesh', () => {
    const sceneOf = (known: number): Scene => {
      const scene = new Scene(spreadOver(known, known))
      scene.introducers.add('p0')
      scene.outbound.set('p0', { peer: 'p0', group: 'first', sinceNs: 0n, score: 0 })
      return scene
    }
    const many = sceneOf(60)
    many.run(3)
    deepEqual([many.outbound.size, many.outbound.has('p0')], [9, true])
    many.run(10)
    deepEqual([many.outbound.size, many.outbound.has('p0'), many.seenOf('introducer-done')], [8, false, 1])
    const few = sceneOf(9)
    few.run(13)
    deepEqual([few.outbound.size, few.outbound.has('p0')], [9, true])
  })
})

test('feelers fill the tried table, and leave', () => {
  const scene = new Scene(spreadOver(200, 100))
  scene.run(600)
  const { sent, answered } = scene.maintenance.feelers
  ok(sent >= 75 && sent <= 200, `${sent} feelers in ten minutes`)
  equal(answered, sent)
  ok(scene.seenOf('feeler-done') >= sent)
  ok(scene.tables.triedSize > 8 + sent / 2)
  equal(scene.outbound.size, 8)
})

test('feelers go out less often once enough peers are tried, and to nobody who answers already', () => {
  const sentIn = (triedEnough: number, groups: readonly number[]): number => {
    const scene = new Scene(groups, [], { triedEnough })
    scene.run(600)
    return scene.maintenance.feelers.sent
  }
  const seldom = sentIn(0, spreadOver(200, 100))
  ok(seldom >= 13 && seldom <= 40, `${seldom} feelers in ten minutes`)
  ok(sentIn(1000, spreadOver(20, 20)) <= 20)
})

test('the worst outbound peer is rotated now and then, and seldom', () => {
  const scene = new Scene(spreadOver(200, 100))
  scene.run(4 * 3600)
  const rotated = scene.seenOf('peer-rotated')
  ok(rotated >= 30 && rotated <= 96, `${rotated} in four hours`)
})

test('bootstrap is asked again later and later, sooner where nobody is connected', () => {
  const lonely = new Scene([])
  lonely.run(600)
  const rounds = lonely.seen.filter(({ type }) => type === 'bootstrap').length
  ok(rounds >= 100 && rounds <= 130, `${rounds} rounds in ten minutes`)
  const few = new Scene(spreadOver(3, 3))
  few.run(600)
  ok(few.seen.filter(({ type }) => type === 'bootstrap').length <= 10)
})

test('who goes, and who is an anchor', () => {
  const peer = (name: string, group: string, sinceNs: bigint, score = 0): OutboundPeer => ({
    peer: name,
    group,
    sinceNs,
    score,
  })
  const [old, middle, young] = [peer('old', 'a', 1n), peer('middle', 'b', 2n), peer('young', 'c', 3n)]
  equal(worstOf([young, old, middle])?.peer, 'old')
  equal(worstOf([{ ...old, score: -1 }, middle, young])?.peer, 'old')
  equal(worstOf([old, { ...middle, group: 'a' }, { ...young, score: -9 }])?.peer, 'middle')
  const limits = { count: 2, sinceNsMax: NS_PER_HOUR - 10n * NS_PER_MINUTE, scoreMin: -1 }
  deepEqual(chooseAnchors([young, middle, { ...old, score: -2 }], limits), ['middle', 'young'])
  deepEqual(chooseAnchors([old, peer('late', 'd', NS_PER_HOUR), { ...middle, group: 'a' }], limits), ['old'])
})
