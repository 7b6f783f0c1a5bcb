/**
 * Signatures set aside. A check that asks its verifier for each signature is run once with a verifier that says yes to all and
 * writes down what it was asked; whoever then finds every one of them true may take the check's own answer, because it would have
 * gone the same way. So signatures are verified many at once, in other threads, by checks that know nothing of it.
 */
import type { Verifier } from '../crypto/index.ts'

/** One question to a `Verifier`. */
export type SignatureQuestion = Parameters<Verifier['verify']>[0]

export interface SetAside<T> {
  /** What the check says, if all signatures are true. If one is not, it says nothing. */
  readonly outcome: T
  readonly questions: readonly SignatureQuestion[]
}

/** Runs a check that is pure but for its verifier. How many questions it may ask is bounded by what it looks at. */
export const setSignaturesAside = <T>(check: (verifier: Verifier) => T): SetAside<T> => {
  const questions: SignatureQuestion[] = []
  const verify: Verifier['verify'] = (question) => {
    questions.push(question)
    return true
  }
  return { outcome: check({ verify }), questions }
}
