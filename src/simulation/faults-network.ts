/** What networks do. Rule: docs/spec/simulation.md Z-13. */
import type { FAULT_GROUPS } from './fault-names.ts'
import type { Fault, Turn } from './faults.ts'
import type { Weather } from './links.ts'
import type { Channel } from './packet.ts'
import { MS } from './scenario.ts'

type NetworkFault = (typeof FAULT_GROUPS.network)[number]

/** Adds to the weather, and takes it away again. */
const weather =
  (part: keyof Weather, draw: (turn: Turn) => number) =>
  (turn: Turn): void => {
    const { links } = turn.world
    const by = draw(turn)
    links.weather[part] += by
    turn.atEnd(() => {
      links.weather[part] -= by
    })
  }

/** Cuts some off from the others; one way only, one time out of two. */
const partition = (turn: Turn): void => {
  const { links, endpoints } = turn.world
  const isOneWay = turn.chance.below(2) === 0
  const side = endpoints.map(() => turn.chance.below(3) === 0)
  const pairs = endpoints.flatMap((from) =>
    endpoints.filter((to) => side[from.number] === true && side[to.number] !== true).map((to) => [from, to] as const),
  )
  for (const [from, to] of pairs) {
    links.cut(from.number, to.number)
    if (!isOneWay) links.cut(to.number, from.number)
  }
  turn.atEnd(() => {
    for (const [from, to] of pairs) {
      links.mend(from.number, to.number)
      if (!isOneWay) links.mend(to.number, from.number)
    }
  })
}

/** All that one node sends comes late. */
const slowLink = (turn: Turn): void => {
  const { links, endpoints } = turn.world
  const byNs = turn.chance.between(100, 900) * MS
  const others = endpoints.filter((to) => to !== turn.anyone)
  for (const to of others) links.slow(turn.anyone.number, to.number, byNs)
  turn.atEnd(() => {
    for (const to of others) links.slow(turn.anyone.number, to.number, -byNs)
  })
}

const CHANNELS: readonly Channel[] = ['proposals', 'votes', 'transactions', 'offences', 'proofs', 'attestations']
const GARBAGE_EVERY_NS = 250 * MS

/** Bytes of chance on every channel, again and again. */
const garbage =
  (length: (turn: Turn, channel: Channel) => number) =>
  (turn: Turn): void => {
    let isOver = false
    turn.atEnd(() => {
      isOver = true
    })
    const next = (): void => {
      if (isOver) return
      const channel = turn.chance.pick(CHANNELS)
      const bytes = turn.chance.bytes(length(turn, channel))
      turn.falseOne.enter(() => turn.falseOne.say(channel, bytes, () => true))
      turn.world.queue.after(GARBAGE_EVERY_NS, next)
    }
    next()
  }

const malformed = (turn: Turn): void => {
  weather('flipPerMillion', () => 20_000)(turn)
  garbage(() => 1 + turn.chance.below(300))(turn)
  turn.falseOne.answers = 'garbage'
  turn.atEnd(() => {
    turn.falseOne.answers = 'truly'
  })
}

/** Above the limits of small messages; one above that of blocks. */
const oversized = (turn: Turn): void => {
  garbage(() => 2000 + turn.chance.below(2000))(turn)
  const { blockBytesMax } = turn.world.genesis.parameters
  const huge = new Uint8Array(blockBytesMax + 200_000)
  turn.falseOne.enter(() => turn.falseOne.say('proposals', huge, () => true))
}

export const networkFaults: Readonly<Record<NetworkFault, Fault>> = {
  delay: {
    about: 'every message takes up to half a second longer',
    blames: 'nobody',
    begin: (turn) => {
      weather('delayNs', ({ chance }) => chance.between(20, 250) * MS)(turn)
      weather('jitterNs', ({ chance }) => chance.between(10, 100) * MS)(turn)
    },
  },
  loss: {
    about: 'up to a third of all messages are lost',
    blames: 'nobody',
    begin: weather('lossPerMillion', ({ chance }) => chance.between(10_000, 330_000)),
  },
  duplication: {
    about: 'up to half of all messages come twice',
    blames: 'nobody',
    begin: weather('duplicatePerMillion', ({ chance }) => chance.between(50_000, 500_000)),
  },
  reordering: {
    about: 'up to half of all messages are passed by later ones',
    blames: 'nobody',
    begin: weather('reorderPerMillion', ({ chance }) => chance.between(50_000, 500_000)),
  },
  partition: { about: 'some hear nothing of the others, one way or both', blames: 'nobody', begin: partition },
  'slow-link': { about: 'what one node sends comes up to 0.9 s late', blames: 'nobody', begin: slowLink },
  oversized: { about: 'a false node sends more than any message may be', blames: 'false', begin: oversized },
  malformed: {
    about: 'bits flip on the way, and a false node sends and answers garbage',
    blames: 'false',
    begin: malformed,
  },
}
