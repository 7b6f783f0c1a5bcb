/**
 * A verifier that does not look twice at the precommits which decided the last height: they were verified when they were heard, and
 * the next block shows most of them again. What it does not know it asks the true verifier.
 *
 * Rule B-82 in docs/spec/consensus.md. It says yes only to the same key, the same bytes and the same signature.
 */
import { equalBytes } from '../base/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { timePart, votePart } from './vote.ts'
import type { SignedVote } from './vote.ts'

type Question = Parameters<Verifier['verify']>[0]

/** Over precommits whose signatures are true, at most one of a validator; they are asked for with the first question. */
export const withKnownPrecommits = (verifier: Verifier, precommits: () => readonly SignedVote[]): Verifier => {
  let known: ReadonlyMap<number, readonly Question[]> | undefined
  return {
    spares: verifier,
    verify: (asked) => {
      known ??= byStart(precommits())
      return (known.get(startOf(asked.signature))?.some((one) => isSame(one, asked)) ?? false) || verifier.verify(asked)
    },
  }
}

const byStart = (precommits: readonly SignedVote[]): ReadonlyMap<number, readonly Question[]> => {
  const known = new Map<number, Question[]>()
  for (const question of precommits.flatMap(questionsOf)) {
    const start = startOf(question.signature)
    known.set(start, [...(known.get(start) ?? []), question])
  }
  return known
}

const questionsOf = ({ vote, time }: SignedVote): Question[] => {
  const { author: publicKey, signature } = vote
  const questions: Question[] = [{ publicKey, ...votePart(vote), signature }]
  if (time !== null) questions.push({ publicKey: time.author, ...timePart(time), signature: time.signature })
  return questions
}

/** The first four bytes of a signature as a number. */
const startOf = (signature: Uint8Array): number =>
  ((signature[0] ?? 0) << 24) | ((signature[1] ?? 0) << 16) | ((signature[2] ?? 0) << 8) | (signature[3] ?? 0)

const isSame = (a: Question, b: Question): boolean =>
  a.domain === b.domain &&
  equalBytes(a.signature, b.signature) &&
  equalBytes(a.publicKey, b.publicKey) &&
  equalBytes(a.body, b.body)
