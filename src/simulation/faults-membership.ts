/** Who comes and goes, who is of another version, and whose actions stop counting. Rule: docs/spec/simulation.md Z-16. */
import { memberOf } from '../consensus/index.ts'
import type { FAULT_GROUPS } from './fault-names.ts'
import { spoof } from './faults-clock.ts'
import type { Fault, Turn } from './faults.ts'
import { SEC } from './scenario.ts'
import type { SimulatedNode } from './simulated-node.ts'

type MembershipFault = (typeof FAULT_GROUPS.membership)[number]

const ASK_AGAIN_NS = 2 * SEC
const ASKED_MAX = 30
const NOTHING = new Uint8Array()
/** Strangers and second copies at one time. */
const STRANGERS_MAX = 4

const isMember = ({ state, id }: SimulatedNode): boolean => state !== undefined && memberOf(state, id) !== undefined
const isVoter = ({ state, id }: SimulatedNode): boolean =>
  state !== undefined && memberOf(state, id)?.role === 'validator'

/** Asks again until the chain has heard: a transaction may be lost, a clock may not be ready, a candidate may expire. */
const askUntil = (
  turn: Turn,
  node: SimulatedNode,
  asked: { readonly kind: 'join' | 'leave'; readonly isOpen: () => boolean; readonly isDone: () => boolean },
): void => {
  let times = 0
  const ask = (): void => {
    times += 1
    if (asked.isDone() || times > ASKED_MAX) return
    if (asked.isOpen()) node.submit(asked.kind, NOTHING)
    turn.world.queue.after(ASK_AGAIN_NS, ask)
  }
  ask()
}

/** A stranger that was there before and does not take part, or a new one while there are few. */
const strangerOf = ({ world }: Turn): SimulatedNode | undefined => {
  const strangers = world.endpoints.filter(({ number, isRetired }) => number >= world.scenario.nodes && !isRetired)
  const idle = strangers.find((node) => node.isUp && !isMember(node) && !world.record.facts.isFalse(node.id))
  if (idle !== undefined || strangers.length >= STRANGERS_MAX) return idle
  const node = world.addEndpoint(world.stranger())
  node?.start()
  return node
}

const join = (turn: Turn): void => {
  const node = strangerOf(turn)
  if (node === undefined) return
  const asked = { kind: 'join', isOpen: () => !isMember(node), isDone: () => isVoter(node) } as const
  turn.world.queue.after(ASK_AGAIN_NS, () => askUntil(turn, node, asked))
}

/** One that joined leaves again; where nobody has joined, one of those that may be false, so that these stay below a third. */
const leave = (turn: Turn): void => {
  const { endpoints, scenario } = turn.world
  const joined = endpoints.find((node) => node.number >= scenario.nodes && isVoter(node))
  const node = joined ?? turn.falseOne
  askUntil(turn, node, { kind: 'leave', isOpen: () => isVoter(node), isDone: () => node.isUp && !isVoter(node) })
}

/** Every other node is of a version that sends each attestation by itself. */
const mixVersions = (turn: Turn): void => {
  const older = turn.world.endpoints.filter(({ number }) => number % 2 === 1)
  for (const { witnessing } of older) witnessing.isBatching = false
  turn.atEnd(() => {
    for (const { witnessing } of older) witnessing.isBatching = true
  })
}

/** The clocks of nearly half go astray together: their actions stop counting, and the chain goes on. */
const massInvalidation = (turn: Turn): void => {
  const { endpoints } = turn.world
  spoof(
    turn,
    endpoints.slice(0, Math.floor(endpoints.length / 2)).map(({ clock }) => clock),
  )
}

export const membershipFaults: Readonly<Record<MembershipFault, Fault>> = {
  join: { about: 'a stranger asks to join', blames: 'nobody', begin: join },
  leave: { about: 'a validator leaves', blames: 'nobody', begin: leave },
  'mixed-versions': { about: 'half of the nodes lack a feature', blames: 'nobody', begin: mixVersions },
  'mass-invalidation': {
    about: 'half of all clocks go astray together',
    blames: 'clock',
    begin: massInvalidation,
  },
}
