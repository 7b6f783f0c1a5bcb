/**
 * Blame: everything that a transcript of messages proves against their authors, found by a third party who took no part. For
 * the checks of the simulator: after a breach of agreement it must name a third of the weight, and it may never name an
 * honest validator.
 *
 * What is an offence is decided by consensus/evidence.ts alone; here all pairs that could be one are put to it.
 * Rule: docs/spec/consensus.md B-15 to B-20. Not for a running node: it keeps every message.
 */
import { hexOf } from '../base/index.ts'
import { evidenceFault, evidenceKey, offenderOf } from '../consensus/index.ts'
import type { Evidence, Message, SignedProposalHead, TimeAttestation, ValidatorSet, Vote } from '../consensus/index.ts'
import type { Verifier } from '../crypto/index.ts'

/** What is proved. */
export interface Blame {
  /** Each offence once, in the order in which its first half was said. */
  readonly evidence: readonly Evidence[]
  /** Places in the validator set, rising. */
  readonly offenders: readonly number[]
  /** Weight of the offenders together. */
  readonly weight: bigint
}

/** What one author said of one height. */
interface Sayings {
  readonly votes: Vote[]
  readonly heads: SignedProposalHead[]
  readonly times: TimeAttestation[]
}

/**
 * All offences among messages of any heights, by validators of the set. Messages that were seen more than once count once, by identity and by content.
 * Time grows with the square of the different things that one author said of one height, which an honest one keeps few.
 */
export const blame = (
  messages: Iterable<Message>,
  options: { readonly validators: ValidatorSet; readonly networkId: Uint8Array; readonly verifier: Verifier },
): Blame => {
  const found = new Map<string, Evidence>()
  for (const sayings of sortOut(messages).values())
    for (const evidence of suspicions(sayings)) {
      const key = evidenceKey(evidence)
      if (!found.has(key) && evidenceFault(evidence, options) === undefined) found.set(key, evidence)
    }
  const { validators } = options
  const evidence = [...found.values()].filter((one) => validators.indexOf(offenderOf(one)) !== undefined)
  const named = new Set(evidence.map((one) => validators.indexOf(offenderOf(one)) ?? -1))
  const offenders = [...named].sort((a, b) => a - b)
  const weight = offenders.reduce((sum, index) => sum + (validators.at(index)?.weight ?? 0n), 0n)
  return { evidence, offenders, weight }
}

const sortOut = (messages: Iterable<Message>): Map<string, Sayings> => {
  const said = new Map<string, Sayings>()
  const of = ({ height, author }: { readonly height: number; readonly author: Uint8Array }): Sayings => {
    const key = `${height} ${hexOf(author)}`
    const known = said.get(key) ?? { votes: [], heads: [], times: [] }
    said.set(key, known)
    return known
  }
  for (const message of new Set(messages)) {
    if (message.type === 'proposal') {
      of(message.proposal.head).heads.push(message.proposal.head)
      for (const vote of message.proposal.polka) of(vote).votes.push(vote)
    } else {
      const { vote, time } = message.vote
      of(vote).votes.push(vote)
      if (time !== null) of(time).times.push(time)
    }
  }
  return said
}

/** Pairs that could be an offence: said of one round, or a precommit and a later prevote for another block. */
function* suspicions({ votes, heads, times }: Sayings): Generator<Evidence> {
  for (const [first, second] of pairs(votes)) {
    if (first.kind === second.kind && first.round === second.round) yield { type: 'votes', first, second }
    const [precommit, prevote] = first.kind === 'precommit' ? [first, second] : [second, first]
    if (precommit.kind !== prevote.kind && precommit.block !== null && precommit.block !== prevote.block)
      yield { type: 'amnesia', first: precommit, second: prevote }
  }
  for (const [first, second] of pairs(heads))
    if (first.round === second.round) yield { type: 'proposals', first, second }
  for (const [first, second] of pairs(times))
    if (first.round === second.round && first.block === second.block) yield { type: 'times', first, second }
}

/** Every two of the things, each thing once. */
function* pairs<T>(items: readonly T[]): Generator<readonly [T, T]> {
  const different = [...new Set(items)]
  for (const [index, first] of different.entries())
    for (const second of different.slice(index + 1)) yield [first, second]
}
