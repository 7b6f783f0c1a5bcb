/**
 * What must hold even where too much of the weight is false: a breach of agreement always leaves evidence against a third of it,
 * in what was said, for whoever gathers it. Rule: docs/spec/simulation.md Z-30.
 */
import { BoundedMap } from '../base/index.ts'
import type { BlockId, Message, ValidatorSet } from '../consensus/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { blame } from './blame.ts'
import type { Checker, RunFacts } from './run-record.ts'

/** Heights whose messages are kept: a node that decides one later than this many heights is not looked at. */
const HEIGHTS_MAX = 64
/** Messages of one height that are kept. */
const MESSAGES_MAX = 16_384

interface Height {
  readonly messages: Message[]
  decided: BlockId | undefined
}

/** Two honest nodes have decided differently at this height. */
interface Breach {
  readonly height: number
  readonly messages: readonly Message[]
  readonly validators: ValidatorSet
}

export const breachBlames = (facts: RunFacts, verifier: Verifier): Checker => {
  const heights = new BoundedMap<number, Height>(HEIGHTS_MAX)
  const heightOf = (height: number): Height => {
    const known = heights.get(height)
    if (known !== undefined) return known
    const made: Height = { messages: [], decided: undefined }
    heights.set(height, made)
    return made
  }
  /** The first one; what comes after it is of two chains. */
  let breach: Breach | undefined
  return {
    name: 'a breach leaves evidence',
    said: ({ message }) => {
      const { height } = message.type === 'vote' ? message.vote.vote : message.proposal.head
      const { messages } = heightOf(height)
      if (messages.length < MESSAGES_MAX) messages.push(message)
    },
    decided: ({ node, block, state }) => {
      if (breach !== undefined || facts.isFalse(node.id)) return
      const { height } = block.header
      const known = heightOf(height)
      known.decided ??= block.id
      if (known.decided !== block.id) breach = { height, messages: known.messages, validators: state.lastValidators }
    },
    ended: () => {
      if (breach === undefined) return undefined
      const { height, messages, validators } = breach
      const { weight } = blame(messages, { validators, networkId: facts.genesis.networkId, verifier })
      if (3n * weight >= validators.total) return undefined
      return `the breach at height ${height} convicts ${weight} of ${validators.total}`
    },
  }
}
