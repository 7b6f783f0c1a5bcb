/**
 * Gossipsub's table of validators, with an answer for every topic: messages of a topic that was not joined are refused
 * too, where gossipsub would keep them unread.
 */
import { TopicValidatorResult } from '@libp2p/gossipsub'
import type { TopicValidatorFn } from '@libp2p/gossipsub'
import type { Admission } from '../../base/index.ts'

export class TopicValidators extends Map<string, TopicValidatorFn> {
  readonly #otherwise: TopicValidatorFn

  constructor(otherwise: TopicValidatorFn) {
    super()
    this.#otherwise = otherwise
  }

  override get(topic: string): TopicValidatorFn {
    return super.get(topic) ?? this.#otherwise
  }
}

/** Our verdict in gossipsub's words. */
export const resultOf = (admission: Admission<unknown>): TopicValidatorResult => {
  if (admission.verdict === 'accept') return TopicValidatorResult.Accept
  return admission.verdict === 'ignore' ? TopicValidatorResult.Ignore : TopicValidatorResult.Reject
}
