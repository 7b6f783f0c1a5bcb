/** What disks and power supplies do. Rule: docs/spec/simulation.md Z-14. */
import type { FAULT_GROUPS } from './fault-names.ts'
import type { Fault, Turn } from './faults.ts'
import { MS } from './scenario.ts'
import { CRASH_PHASES } from './simulated-node.ts'
import type { CrashPhase, SimulatedNode } from './simulated-node.ts'

type DiskFault = (typeof FAULT_GROUPS.disk)[number]

/** Writes after which a planned crash strikes, at most: a height has about ten. */
const WRITES_MAX = 12
const DOWN_MS_MAX = 1500
/** Who came back may soon go down again. */
const CRASH_AGAIN_NS = 300 * MS

const crashAt =
  (phases: readonly CrashPhase[]) =>
  (turn: Turn): void => {
    const { chance, anyone, world } = turn
    let isOver = false
    turn.atEnd(() => {
      isOver = true
      anyone.planCrash(undefined)
    })
    const next = (): void => {
      if (isOver) return
      const [writes, phase] = [chance.between(1, WRITES_MAX), chance.pick(phases)]
      if (!anyone.isCrashPlanned) anyone.planCrash({ writes, phase, downNs: chance.between(50, DOWN_MS_MAX) * MS })
      world.queue.after(CRASH_AGAIN_NS, next)
    }
    next()
  }

/** The disk says "durable" and is not; then the power goes, and with it what it had said. */
const loseFsync = (turn: Turn): void => {
  const node = turn.falseOne
  node.disk.isLying = true
  turn.world.queue.after(turn.forNs / 2, () => node.crash(DOWN_MS_MAX * MS))
  turn.atEnd(() => {
    node.disk.isLying = false
    node.disk.sync()
  })
}

/** Are those who vote a quorum without it? Who has lost its log follows until they have gone on; that they must be able to. */
const isSpare = ({ id, state }: SimulatedNode, endpoints: readonly SimulatedNode[]): boolean => {
  const away = new Set([id, ...endpoints.filter((one) => one.isFollowing).map((one) => one.id)])
  const voting = state?.validators.list.filter((one) => !away.has(one.id)) ?? []
  return state?.validators.isQuorum(voting.reduce((sum, { weight }) => sum + weight, 0n)) === true
}

/** A machine goes down, and one bit of its log is another when it comes back. */
const flipBit = (turn: Turn): void => {
  const node = turn.anyone
  if (!isSpare(node, turn.world.endpoints)) return
  node.crash(500 * MS)
  node.disk.flipBit(turn.chance.word() >>> 1)
}

/** The disk is put back as it was a while ago: a restored backup, a clone of a machine. */
const restoreStale = (turn: Turn): void => {
  const node = turn.falseOne
  const image = node.disk.image()
  turn.world.queue.after(turn.forNs / 2, () => {
    node.crash(500 * MS)
    node.disk.putBack(image)
  })
}

const fill = (turn: Turn): void => {
  const node = turn.anyone
  node.disk.isFull = true
  turn.atEnd(() => {
    node.disk.isFull = false
  })
}

/** The signer gives back signatures with a wrong bit, now and then. */
const spoilSignatures = (turn: Turn): void => {
  const node = turn.anyone
  node.badSignaturesPerMillion = turn.chance.between(50_000, 500_000)
  turn.atEnd(() => {
    node.badSignaturesPerMillion = 0
  })
}

export const diskFaults: Readonly<Record<DiskFault, Fault>> = {
  crash: {
    about: 'a node goes down right before or after a write, comes back, and goes down again',
    blames: 'nobody',
    begin: crashAt(CRASH_PHASES.filter((phase) => phase !== 'torn')),
  },
  'torn-write': { about: 'a node goes down in the middle of writes', blames: 'nobody', begin: crashAt(['torn']) },
  'lost-fsync': { about: 'a disk says "durable", is not, and the power goes', blames: 'false', begin: loseFsync },
  'bit-flip': { about: 'a bit of the write-ahead log is another after a restart', blames: 'nobody', begin: flipBit },
  'stale-restore': { about: 'a disk is put back as it was some seconds ago', blames: 'false', begin: restoreStale },
  'bad-signer': {
    about: 'up to half of what one node’s signer gives back is wrong',
    blames: 'nobody',
    begin: spoilSignatures,
  },
  'full-disk': { about: 'nothing can be written for a while', blames: 'nobody', begin: fill },
}
