/**
 * Gossipsub's table of validators, with one answer for every topic: the door's. Messages of a topic that was not joined are
 * refused too, where gossipsub would keep them unread.
 */
import { TopicValidatorResult } from '@libp2p/gossipsub'
import type { TopicValidatorFn } from '@libp2p/gossipsub'
import type { Admission } from '../../base/index.ts'
import { crash } from '../serving.ts'
import type { Inbound } from '../inbound.ts'
import type { PeerBookReason } from '../discovery/peer-book.ts'
import type { NetworkReason } from '../refusals.ts'
import type { GREETINGS_REASONS } from '../versions/greeting-refusals.ts'

/**
 * For what a message is dropped without having been judged itself, only because of who brought it or of what this node could not do: a
 * peer that was refused, or has used up what it may push, must not keep out what others bring too.
 */
const UNJUDGED: ReadonlySet<string> = new Set([
  'rate-limited',
  'group-rate-limited',
  'flooding',
  'queue-full',
  'shut-out',
  'handler-failed',
  'not-greeted',
  'records-too-many',
] satisfies readonly (NetworkReason | PeerBookReason | (typeof GREETINGS_REASONS)[number])[])

export class TopicValidators extends Map<string, TopicValidatorFn> {
  readonly #ask: TopicValidatorFn

  /** `forget`: this message was not judged, and another copy may be. */
  constructor(inbound: Inbound, forget: (topic: string, bytes: Uint8Array) => void) {
    super()
    this.#ask = (peer, { topic, data }) =>
      verdictOf(
        () => inbound.hear(topic, { from: peer.toString(), bytes: data }),
        (admission) => {
          if (admission.verdict !== 'accept' && UNJUDGED.has(admission.reason)) forget(topic, data)
          return resultOf(admission)
        },
      )
  }

  override get(_: string): TopicValidatorFn {
    return this.#ask
  }
}

/** Asks, without a promise where none is needed. gossipsub keeps what a validator throws to itself; a bug must end the process. */
const verdictOf = (
  hear: () => Admission<null> | Promise<Admission<null>>,
  resultFor: (admission: Admission<null>) => TopicValidatorResult,
): TopicValidatorResult | Promise<TopicValidatorResult> => {
  try {
    const admission = hear()
    return admission instanceof Promise ? admission.then(resultFor).catch(ended) : resultFor(admission)
  } catch (error) {
    return ended(error)
  }
}

const ended = (error: unknown): TopicValidatorResult => {
  crash(error)
  return TopicValidatorResult.Ignore
}

/** Our verdict in gossipsub's words. */
const resultOf = (admission: Admission<unknown>): TopicValidatorResult => {
  if (admission.verdict === 'accept') return TopicValidatorResult.Accept
  return admission.verdict === 'ignore' ? TopicValidatorResult.Ignore : TopicValidatorResult.Reject
}
