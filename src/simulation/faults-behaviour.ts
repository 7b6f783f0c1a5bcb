/** What false validators do on purpose. Rule: docs/spec/simulation.md Z-15. */
import { NS_PER_SEC } from '../base/index.ts'
import { attestFuture, equivocate, forgetLock, lieToEach, pickSubset, sendToFew, withhold } from './behaviours.ts'
import { forgeBlocks, sayForeignEvidence } from './behaviours-forging.ts'
import type { FAULT_GROUPS } from './fault-names.ts'
import type { Fault, Turn } from './faults.ts'
import type { Misbehaviour } from './simulated-node.ts'

type BehaviourFault = (typeof FAULT_GROUPS.behaviour)[number]

/** All that may be false do it together: what one can do, two can do better. */
const doing =
  (misbehave: Misbehaviour) =>
  (turn: Turn): void => {
    for (const node of turn.world.falseNodes) {
      turn.world.record.makeFalse(node.id)
      node.misbehaviours.add(misbehave)
    }
    turn.atEnd(() => {
      for (const node of turn.world.falseNodes) node.misbehaviours.delete(misbehave)
    })
  }

/** Neither what they would say nor what they are asked for. */
const withholdAll = (turn: Turn): void => {
  doing(withhold)(turn)
  for (const node of turn.world.falseNodes) node.answers = 'nothing'
  turn.atEnd(() => {
    for (const node of turn.world.falseNodes) node.answers = 'truly'
  })
}

const futureTimes = (turn: Turn): void => {
  doing(attestFuture)(turn)
  turn.falseOne.witnessing.lieNs += 30n * NS_PER_SEC
  turn.atEnd(() => {
    turn.falseOne.witnessing.lieNs -= 30n * NS_PER_SEC
  })
}

/** The same key on a second machine, which knows nothing of the first. */
const twin = (turn: Turn): void => {
  const { world, falseOne } = turn
  const copy = world.addEndpoint(falseOne.participant)
  if (copy === undefined) return
  copy.start()
  turn.atEnd(() => world.removeEndpoint(copy))
}

const FOREIGN_EVERY_NS = 300_000_000

/** What was signed on another network is told here, again and again. */
const foreignEvidence = (turn: Turn): void => {
  const { world, falseOne } = turn
  let isOver = false
  turn.atEnd(() => {
    isOver = true
  })
  const next = (): void => {
    if (isOver) return
    falseOne.enter(() => sayForeignEvidence(falseOne))
    world.queue.after(FOREIGN_EVERY_NS, next)
  }
  next()
}

export const behaviourFaults: Readonly<Record<BehaviourFault, Fault>> = {
  equivocation: { about: 'two votes or proposals where one is allowed', blames: 'false', begin: doing(equivocate) },
  amnesia: { about: 'a precommit is forgotten in the next round', blames: 'false', begin: doing(forgetLock) },
  withholding: { about: 'false validators say nothing', blames: 'false', begin: withholdAll },
  'selective-sending': {
    about: 'and here they speak to a third of the others',
    blames: 'false',
    begin: doing(sendToFew),
  },
  'future-times': { about: 'they sign times that lie in the future', blames: 'false', begin: futureTimes },
  'per-peer-lies': { about: 'they tell each of the others another time', blames: 'false', begin: doing(lieToEach) },
  'subset-picking': {
    about: 'as proposers they count the precommits that make the time latest',
    blames: 'false',
    begin: doing(pickSubset),
  },
  twin: { about: 'one key on two machines at a time', blames: 'false', begin: twin },
  'forged-blocks': {
    about: 'as proposers they forge votes, times and evidence in their blocks',
    blames: 'false',
    begin: doing(forgeBlocks),
  },
  'foreign-evidence': {
    about: 'an honest node is accused of what its key signed on another network',
    blames: 'false',
    begin: foreignEvidence,
  },
}
