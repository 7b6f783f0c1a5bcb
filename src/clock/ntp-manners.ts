/**
 * How a client behaves towards one server: when it may ask, and what a kiss-o'-death does. Source: RFC 5905 §7.4: after
 * DENY or RSTR the client must stop sending for good; after RATE it must ask more rarely, at once, and ever more rarely
 * while the kiss repeats.
 *
 * Pure state; local counter readings are handed in.
 */
import { min, NS_PER_HOUR, NS_PER_SEC } from '../base/index.ts'
import type { NtpReplyReason } from './ntp-exchange.ts'
import type { PollPace } from './poll-pace.ts'

/** First pause after RATE, ns; it doubles with each further RATE. RFC 5905's default longest poll is 2^10 s. */
export const NTP_RATE_PAUSE_NS_MIN = 64n * NS_PER_SEC
export const NTP_RATE_PAUSE_NS_MAX = 36n * NS_PER_HOUR

export interface NtpManners {
  /** The kiss that ended all asking, or nothing. */
  readonly stoppedBy: 'kod-deny' | 'kod-rstr' | undefined
  /** No request before this reading of the local counter. */
  readonly notBeforeNs: bigint | undefined
  /** The pause that the next RATE will bring, ns. */
  readonly nextPauseNs: bigint
}

export const NTP_MANNERS: NtpManners = {
  stoppedBy: undefined,
  notBeforeNs: undefined,
  nextPauseNs: NTP_RATE_PAUSE_NS_MIN,
}

/** Why no request may leave at `localNs`, or nothing where one may. */
export const mayAsk = (
  manners: NtpManners,
  localNs: bigint,
): Extract<NtpReplyReason, 'kod-deny' | 'kod-rstr' | 'kod-rate'> | undefined => {
  if (manners.stoppedBy !== undefined) return manners.stoppedBy
  return manners.notBeforeNs !== undefined && localNs < manners.notBeforeNs ? 'kod-rate' : undefined
}

/** What follows from a refused answer at `localNs`. */
export const afterRefusal = (manners: NtpManners, reason: string, localNs: bigint): NtpManners => {
  if (reason === 'kod-deny' || reason === 'kod-rstr') return { ...manners, stoppedBy: reason }
  if (reason !== 'kod-rate') return manners
  return {
    stoppedBy: undefined,
    notBeforeNs: localNs + manners.nextPauseNs,
    nextPauseNs: min(manners.nextPauseNs * 2n, NTP_RATE_PAUSE_NS_MAX),
  }
}

/** A good answer ends the pause and makes the next one short again. */
export const afterAnswer = (): NtpManners => NTP_MANNERS

/** These manners as a polled source keeps them. Silence changes nothing: the next poll asks again. */
export const NTP_PACE: PollPace<NtpManners> = {
  start: NTP_MANNERS,
  mayAsk,
  after: (manners, end, localNs) => {
    if (end.type === 'measured') return afterAnswer()
    return end.type === 'refused' ? afterRefusal(manners, end.reason, localNs) : manners
  },
}
