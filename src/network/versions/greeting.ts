/**
 * The greeting: what two nodes say to each other right after they are connected, and before all else. Question and answer
 * have one form. It says who speaks what; and, where the speaker has made up its mind not to talk, why.
 *
 * Source: seed 004 "Protocol Versioning and Feature Flags"; DESIGN §5.7. Rules: docs/spec/network.md N-90 to N-94. The form
 * of `/truechimer/greeting/1` never changes: nodes of all versions to come must be able to tell each other no. What is new
 * is said by a feature. Not signed: the connection proves who speaks.
 */
import assert from 'node:assert/strict'
import { accept, equalBytes, reject } from '../../base/index.ts'
import type { Admission } from '../../base/index.ts'
import { CODEC_REASONS, codecOf, fixedBytes, list, text, tuple } from '../../codec/index.ts'
import type { Field } from '../../codec/index.ts'
import type { ProtocolLimits } from '../topics.ts'
import { versionText } from './compatibility.ts'
import type { Speaker } from './compatibility.ts'
import { FEATURES_SAID_MAX, FEATURE_LENGTH_MAX, isFeatureName, missingFeatures } from './features.ts'
import { VERSION_LENGTH_MAX, compareVersions, parseVersion } from './protocol-version.ts'

/** Without the network's digits, so that nodes of another network are told why too. */
export const GREETING_PROTOCOL = '/truechimer/greeting/1'

/** Characters of the program's own name, of a refusal's reason, and of its sentence. */
export const AGENT_LENGTH_MAX = 64
export const REFUSAL_REASON_LENGTH_MAX = 32
export const REFUSAL_TEXT_LENGTH_MAX = 256

/** 64 names of 34 bytes, two versions, an agent and a refusal are 2,647 bytes. */
export const GREETING_BYTES_MAX = 3072

/**
 * A node asks once, and again each second where it had no answer, five times at most. Twice that at once, for two that come
 * and go quickly.
 */
export const GREETING_LIMITS: ProtocolLimits = {
  requestBytesMax: GREETING_BYTES_MAX,
  responseBytesMax: GREETING_BYTES_MAX,
  ratePerSec: 1,
  burst: 10,
}

/** Why one does not talk to the other: a code, and a sentence for people. */
export interface GreetingRefusal {
  readonly reason: string
  readonly text: string
}

export interface Greeting extends Speaker {
  /** Program and its version, such as `truechimer/0.1.0`: for people, decides nothing. */
  readonly agent: string
  readonly refusal: GreetingRefusal | undefined
}

interface GreetingShape {
  readonly networkId: Uint8Array
  readonly version: string
  readonly oldestSpoken: string
  readonly features: readonly string[]
  readonly required: readonly string[]
  readonly agent: string
  readonly refusal: GreetingRefusal | null
}

const refusalField: Field<GreetingRefusal> = tuple<GreetingRefusal>({
  reason: text(REFUSAL_REASON_LENGTH_MAX),
  text: text(REFUSAL_TEXT_LENGTH_MAX),
})
const names = list(text(FEATURE_LENGTH_MAX), FEATURES_SAID_MAX)

const greetingCodec = codecOf(
  tuple<GreetingShape>({
    networkId: fixedBytes(32),
    version: text(VERSION_LENGTH_MAX),
    oldestSpoken: text(VERSION_LENGTH_MAX),
    features: names,
    required: names,
    agent: text(AGENT_LENGTH_MAX),
    refusal: {
      write: (value) => (value === null ? null : refusalField.write(value)),
      read: (data) => (data === null ? null : refusalField.read(data)),
    },
  }),
  GREETING_BYTES_MAX,
)

/** Why bytes are no greeting. `greeting-words`: a version, name or text that is none, names twice, or a requirement unmet. */
export const GREETING_REASONS = [...CODEC_REASONS, 'greeting-words'] as const
export type GreetingReason = (typeof GREETING_REASONS)[number]

/** What is shown to people must not steer their terminal. */
const isPlain = (line: string): boolean => /^[\x20-\x7e]*$/.test(line)

/** Own greetings only: what `openGreeting` would refuse is a bug. */
export const encodeGreeting = (greeting: Greeting): Uint8Array => {
  const { version, oldestSpoken, refusal } = greeting
  const shape: GreetingShape = {
    ...greeting,
    version: versionText(version),
    oldestSpoken: versionText(oldestSpoken),
    refusal: refusal ?? null,
  }
  const bytes = greetingCodec.encode(shape)
  assert(openGreeting(bytes).verdict === 'accept', 'a greeting of ours must be one')
  return bytes
}

/** Bytes of anybody to a greeting, of this network or another, of this version or another. */
export const openGreeting = (bytes: Uint8Array): Admission<Greeting, GreetingReason> => {
  const decoded = greetingCodec.decode(bytes)
  if (decoded.verdict !== 'accept') return decoded
  const shape = decoded.value
  const version = parseVersion(shape.version)
  const oldestSpoken = parseVersion(shape.oldestSpoken)
  if (version === undefined || oldestSpoken === undefined || compareVersions(oldestSpoken, version) > 0)
    return reject('greeting-words')
  if (!areNames(shape.features) || !areNames(shape.required)) return reject('greeting-words')
  if (missingFeatures(shape.required, shape.features).length > 0) return reject('greeting-words')
  const { agent, refusal } = shape
  if (!isPlain(agent) || (refusal !== null && !(isFeatureName(refusal.reason) && isPlain(refusal.text))))
    return reject('greeting-words')
  return accept({ ...shape, version, oldestSpoken, refusal: refusal ?? undefined })
}

const areNames = (said: readonly string[]): boolean => said.every(isFeatureName) && new Set(said).size === said.length

/** Do two greetings say the same of who speaks? Refusals aside. */
export const isSameGreeting = (a: Greeting, b: Greeting): boolean =>
  equalBytes(encodeGreeting({ ...a, refusal: undefined }), encodeGreeting({ ...b, refusal: undefined }))
