/**
 * Why a source of time is held to be what it is, as sentences for people. The codes stay beside them (docs/errors.md, which also says what
 * to do); a sentence may change, a code may not. The type demands a sentence for every reason that a source can have.
 */
import {
  DISCIPLINE_REASONS,
  GPSD_LINE_REASONS,
  GPS_REASONS,
  GPS_SUSPICION_REASONS,
  HOST_TRACKING_REASONS,
  NTP_REPLY_REASONS,
  NTS_KE_ANSWER_REASONS,
  NTS_REPLY_REASONS,
  ROUGHTIME_MESSAGE_REASONS,
  ROUGHTIME_RESPONSE_REASONS,
  ROUGHTIME_TIME_REASONS,
} from '../clock/index.ts'
import { GPSD_UNREACHABLE_REASONS } from '../clock/io/gpsd-source.ts'
import { NTP_POOL_REASONS } from '../clock/io/ntp-pool-source.ts'
import { NTP_UNREACHABLE_REASONS } from '../clock/io/ntp-source.ts'
import { NTS_UNREACHABLE_REASONS } from '../clock/io/nts-source.ts'
import { NTS_TLS_REASONS } from '../clock/io/nts-tls-reasons.ts'
import { ROUGHTIME_STRANGER_REASONS } from '../clock/io/roughtime-query.ts'
import { ROUGHTIME_UNREACHABLE_REASONS } from '../clock/io/roughtime-source.ts'

/** Every reason that may stand beside a source. */
export const SOURCE_REASONS = [
  ...DISCIPLINE_REASONS,
  ...NTP_REPLY_REASONS,
  ...NTP_UNREACHABLE_REASONS,
  ...NTP_POOL_REASONS,
  ...NTS_KE_ANSWER_REASONS,
  ...NTS_TLS_REASONS,
  ...NTS_REPLY_REASONS,
  ...NTS_UNREACHABLE_REASONS,
  ...ROUGHTIME_MESSAGE_REASONS,
  ...ROUGHTIME_RESPONSE_REASONS,
  ...ROUGHTIME_TIME_REASONS,
  ...ROUGHTIME_STRANGER_REASONS,
  ...ROUGHTIME_UNREACHABLE_REASONS,
  ...GPSD_LINE_REASONS,
  ...GPSD_UNREACHABLE_REASONS,
  ...GPS_REASONS,
  ...GPS_SUSPICION_REASONS,
  ...HOST_TRACKING_REASONS,
] as const
export type SourceReason = (typeof SOURCE_REASONS)[number]

type Sentences<Reasons extends readonly string[]> = Readonly<Record<Reasons[number], string>>

const CLOCK: Sentences<typeof DISCIPLINE_REASONS> = {
  'before-release': 'It tells a time before this version was released.',
  'far-future': 'It tells a time beyond any plausible date.',
  'unknown-source': 'It is not a source of this clock.',
  'out-of-order': 'Its word was not newer than its last one.',
  'source-stopped': 'It told us to stay away.',
  outvoted: 'A majority of the sources says another time.',
  'no-majority': 'The sources that speak cannot agree.',
  'no-answer': 'It has not answered for a while.',
}

const NTP: Sentences<typeof NTP_REPLY_REASONS> &
  Sentences<typeof NTP_UNREACHABLE_REASONS> &
  Sentences<typeof NTP_POOL_REASONS> = {
  'ntp-too-short': 'Its reply is too short for NTP.',
  'ntp-too-long': 'Its reply is too long for NTP.',
  'ntp-wrong-address': 'A reply came from another address.',
  'ntp-wrong-mode': 'Its reply is not a server’s.',
  'ntp-wrong-version': 'Its reply is not of NTP version 4.',
  'ntp-wrong-origin': 'A reply came to another question: late or forged.',
  'ntp-interleaved': 'Its reply mixes the times of two exchanges.',
  'kod-deny': 'It refuses us and is asked no more.',
  'kod-rstr': 'It restricts us and is asked no more.',
  'kod-rate': 'It is asked too often; the pause grows.',
  'kod-other': 'It sent a kiss of death.',
  'ntp-unsynchronised': 'It says that it has no time itself.',
  'ntp-bad-stratum': 'It claims a stratum that does not exist.',
  'ntp-bad-precision': 'Its clock is too coarse.',
  'ntp-root-distance': 'Its own bound is over a second.',
  'ntp-zero-timestamp': 'Its reply holds an empty time.',
  'ntp-bad-reference': 'It says that its clock was last set after it replied.',
  'ntp-before-release': 'It tells a time before this version was released.',
  'ntp-backwards': 'Its reply left before the request came.',
  'ntp-negative-delay': 'The times in its reply cannot fit together.',
  'ntp-long-delay': 'The round trip took over three seconds.',
  'ntp-timeout': 'No reply came in time.',
  'ntp-network': 'The request could not be sent.',
  'ntp-no-address': 'Its name has no address.',
  'ntp-pool-vacant': 'Its pool has no free address for it.',
}

const NTS: Sentences<typeof NTS_KE_ANSWER_REASONS> &
  Sentences<typeof NTS_TLS_REASONS> &
  Sentences<typeof NTS_REPLY_REASONS> &
  Sentences<typeof NTS_UNREACHABLE_REASONS> = {
  'nts-ke-too-large': 'Its answer about keys is too large.',
  'nts-ke-malformed': 'Its answer about keys is malformed.',
  'nts-ke-unknown-critical': 'Its answer about keys holds something critical that we do not know.',
  'nts-ke-error-unknown-critical': 'It does not know a part of our request for keys.',
  'nts-ke-error-bad-request': 'It calls our request for keys bad.',
  'nts-ke-error-internal': 'It failed to establish keys.',
  'nts-ke-error-other': 'It refused keys with an error that we do not know.',
  'nts-ke-warning': 'It warns of something that we do not know.',
  'nts-ke-no-protocol': 'It does not establish keys for NTP.',
  'nts-ke-no-algorithm': 'It lacks the cipher that NTS demands.',
  'nts-ke-no-cookies': 'It agreed on keys and gave no cookie.',
  'nts-ke-timeout': 'Keys were not agreed on in time.',
  'nts-ke-network': 'Its port for keys cannot be reached.',
  'nts-ke-no-address': 'Its name has no address.',
  'nts-ke-closed': 'It hung up before its answer about keys was whole.',
  'nts-unknown-ca': 'Its certificate leads to no authority that we trust.',
  'nts-certificate-expired': 'Its certificate has expired, by the host’s clock.',
  'nts-certificate-not-yet-valid': 'Its certificate is not valid yet, by the host’s clock.',
  'nts-wrong-name': 'Its certificate is for another host.',
  'nts-certificate-refused': 'Something is wrong with its certificate.',
  'nts-alpn-refused': 'It does not establish NTS keys on that port.',
  'nts-tls-version': 'It does not speak TLS 1.3.',
  'nts-tls-failed': 'TLS with it failed.',
  'nts-bad-fields': 'Its reply does not end in extension fields.',
  'nts-wrong-unique-id': 'A reply came to another question: late, plain or forged.',
  'nts-nak': 'It does not know our keys; new ones are established.',
  'nts-unauthenticated': 'A reply came that nobody sealed.',
  'nts-authenticator-wrong': 'A reply came that was sealed by another, or altered.',
  'nts-no-cookies': 'Every cookie is spent; new keys are waited for.',
}

const ROUGHTIME: Sentences<typeof ROUGHTIME_MESSAGE_REASONS> &
  Sentences<typeof ROUGHTIME_RESPONSE_REASONS> &
  Sentences<typeof ROUGHTIME_TIME_REASONS> &
  Sentences<typeof ROUGHTIME_STRANGER_REASONS> &
  Sentences<typeof ROUGHTIME_UNREACHABLE_REASONS> = {
  'roughtime-short': 'Its answer ends before it should.',
  'roughtime-frame-length': 'Its answer is not as long as it says.',
  'roughtime-tag-count': 'Its answer has no parts, or too many.',
  'roughtime-tag-order': 'The parts of its answer are out of order.',
  'roughtime-offset': 'The parts of its answer do not fit together.',
  'roughtime-too-long': 'Its answer is too long for Roughtime.',
  'roughtime-wrong-form': 'Its answer is of another form than the request.',
  'roughtime-wrong-version': 'It answers in a version that was not offered.',
  'roughtime-wrong-type': 'Its answer does not say that it is one.',
  'roughtime-wrong-nonce': 'An answer came to another question: late or forged.',
  'roughtime-missing-tag': 'A part of its answer is missing.',
  'roughtime-delegation-signature': 'Its answer was not delegated by the configured key.',
  'roughtime-response-signature': 'Its answer is not signed by its delegated key.',
  'roughtime-not-in-tree': 'What it signed is not an answer to our request.',
  'roughtime-versions': 'Its signed list of versions lacks the one it used.',
  'roughtime-zero-radius': 'It claims to be exactly right.',
  'roughtime-outside-delegation': 'Its key may not sign at the time that it tells.',
  'roughtime-radius-too-large': 'It doubts its own time by over a minute.',
  'roughtime-before-release': 'It tells a time before this version was released.',
  'roughtime-after-horizon': 'It tells a time beyond any plausible date.',
  'roughtime-wrong-address': 'An answer came from another address.',
  'roughtime-timeout': 'No valid answer came in time.',
  'roughtime-network': 'The request could not be sent.',
  'roughtime-no-address': 'Its name has no address.',
}

const GPS: Sentences<typeof GPSD_LINE_REASONS> &
  Sentences<typeof GPSD_UNREACHABLE_REASONS> &
  Sentences<typeof GPS_REASONS> &
  Sentences<typeof GPS_SUSPICION_REASONS> = {
  'gpsd-line-too-long': 'gpsd sent a line that is too long.',
  'gpsd-not-json': 'gpsd sent a line that is no JSON.',
  'gpsd-no-class': 'gpsd sent an object without a class.',
  'gpsd-unknown-class': 'gpsd sent something that says nothing of time.',
  'gpsd-bad-field': 'gpsd sent a field of the wrong type or range.',
  'gpsd-wrong-version': 'This gpsd speaks another version of its protocol.',
  'gpsd-error': 'gpsd reports an error.',
  'gpsd-no-connection': 'gpsd cannot be reached.',
  'gpsd-closed': 'gpsd hung up; it is tried again.',
  'gpsd-silent': 'gpsd has said nothing for a minute.',
  'gpsd-flood': 'gpsd sends more than can be read.',
  'gps-no-fix': 'The receiver has no fix.',
  'gps-no-time': 'The receiver has a fix and no time yet.',
  'gps-imprecise': 'The receiver states an error of over a second.',
  'gps-leap-unknown': 'The receiver does not know the leap seconds, or has them wrong.',
  'gps-before-release': 'It tells a time before this version was released: a replay or a rollover.',
  'gps-week-rollover': 'Its date is too early by 1,024 weeks or more.',
  'gps-after-horizon': 'Its date is too late by 1,024 weeks or more.',
  'gps-backwards': 'Its time went backwards.',
  'gps-implausible-step': 'Its time jumped against the counter.',
  'gps-few-satellites': 'Fewer than three satellites are used.',
  'gps-host-clock-stepped': 'The host’s clock was stepped under gpsd.',
  'gps-pulse-disagrees': 'Its pulse does not meet its fix.',
  'gps-pulse-ambiguous': 'Its pulse could be one of two seconds.',
  'gps-disagrees': 'Other sources that outvote it say another time.',
  'gps-against-oscillator': 'It misses what the clock holds on its oscillator.',
  'gps-slow-ramp': 'Its time drifts away from the counter.',
  'gps-phase-step': 'Its pulses jumped.',
  'gps-signal-strong': 'Its satellites are heard more strongly than they can send.',
  'gps-signal-uniform': 'All satellites are heard alike, as from one antenna.',
  'gps-week-repaired': 'Its date was put right by 1,024 weeks or more.',
  'gps-off-prediction': 'It is far from where the clock expected it, though within all bounds.',
  'gps-recovering': 'What was suspicious has been gone for less than a minute.',
}

const HOST: Sentences<typeof HOST_TRACKING_REASONS> = {
  'host-tracking-missing': 'No program here can say how good the host’s clock is.',
  'host-tracking-failed': 'The program that keeps the host’s clock ended with an error.',
  'host-tracking-timeout': 'The program that keeps the host’s clock did not answer.',
  'host-tracking-malformed': 'The program that keeps the host’s clock answered in a form that we do not know.',
  'host-tracking-unsynchronised': 'The host’s clock is not synchronised.',
  'host-tracking-local': 'The host’s clock follows only itself.',
  'host-tracking-stale': 'The host’s clock has not heard its reference for over an hour.',
  'host-tracking-unmeasured': 'Nobody measures how good the host’s clock is.',
  'host-tracking-wide': 'The host’s clock is stated to be off by up to a second or more.',
}

const SENTENCES: Readonly<Record<SourceReason, string>> = { ...CLOCK, ...NTP, ...NTS, ...ROUGHTIME, ...GPS, ...HOST }

const isSourceReason = (reason: string): reason is SourceReason => Object.hasOwn(SENTENCES, reason)

/** The sentence; empty where there is nothing to explain, and for a word that is no reason of ours. */
export const explainSource = (reason: string): string => (isSourceReason(reason) ? SENTENCES[reason] : '')
