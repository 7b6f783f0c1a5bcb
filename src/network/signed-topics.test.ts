/** Signed topics: who is heard, how often, and why not; what comes together travels together. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { ChimerError, NS_PER_SEC, accept, hexOf, ignore, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { encodeData } from '../codec/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import { nullifierCodec } from '../registers/index.ts'
import { PAYLOADS_MAX, encodeEnvelope, openEnvelope, sealEnvelope } from './envelope.ts'
import type { Envelope } from './envelope.ts'
import { countingSequences } from './envelope-sequences.ts'
import { REPLAY_WINDOW } from './replay-window.ts'
import { OUTBOX_MAX } from './signed-topics-outbox.ts'
import { judgeBundle } from './signed-topics.ts'
import type { SignedTopicOptions } from './signed-topics.ts'
import { NETWORK_ID, NONCE, TOPIC, party, said, signerOf } from './signed-topics.test-kit.ts'
import type { Party } from './signed-topics.test-kit.ts'
import { FRAME_BYTES_MAX, TOPICS, topicOf } from './topics.ts'

const LIMITS = { priority: 'ordinary', messageBytesMax: 4096, ratePerSec: 1000, burst: 1000 } as const
const OTHER_TOPIC = 'truechimer/11111111/attestations/1'
const ids = [1, 2, 3].map((byte) => nodeIdText(signerOf(byte).nodeId))
const one = (value: number): Uint8Array => Uint8Array.of(value)

const sealed = (
  byte: number,
  given: { readonly sequence: number } & Partial<Parameters<typeof sealEnvelope>[1]>,
): Promise<Uint8Array> =>
  sealEnvelope(signerOf(byte), { networkId: NETWORK_ID, nonce: NONCE, topic: TOPIC, payloads: [one(1)], ...given })

/** Somebody who has joined TOPIC, and all that it was asked to judge. */
const listening = (
  options: Partial<SignedTopicOptions> = {},
  given: Parameters<typeof party>[1] = {},
): Party & { readonly heard: number[]; readonly tell: (bytes: Uint8Array) => Promise<string> } => {
  const heard: number[] = []
  const { wire, time, topics } = party(3, given)
  topics.subscribe(TOPIC, {
    ...LIMITS,
    validate: ({ bytes }) => {
      heard.push(bytes[0] ?? -1)
      return accept(null)
    },
    ...options,
  })
  return { wire, time, topics, heard, tell: async (bytes) => said(await wire.hand(TOPIC, bytes)) }
}

const opened = (bytes: Uint8Array, topic = TOPIC): Envelope => {
  const expected = { networkId: NETWORK_ID, topic, envelopeBytesMax: FRAME_BYTES_MAX, payloadBytesMax: FRAME_BYTES_MAX }
  const admission = openEnvelope(bytes, expected)
  ok(admission.verdict === 'accept')
  return admission.value
}

describe('what comes', () => {
  test('is handed to the room by payload, with author and bringer', async () => {
    const messages: unknown[] = []
    const validate = (message: unknown): Admission<null> => {
      messages.push(message)
      return accept(null)
    }
    const { wire } = listening({ validate })
    const bytes = await sealed(1, { sequence: 1, payloads: [one(5), one(6)] })
    equal(said(await wire.hand(TOPIC, bytes, 'the bringer')), 'accept')
    const by = { author: ids[0], from: 'the bringer' }
    deepEqual(messages, [
      { ...by, bytes: one(5) },
      { ...by, bytes: one(6) },
    ])
  })

  test('has its topic’s shape and subject before its room is asked', async () => {
    const chainId = new Uint8Array(32).fill(5)
    const topic = topicOf('register/nullifier', hexOf(chainId))
    const heard: Uint8Array[] = []
    const { wire, topics } = party(3)
    const validate: SignedTopicOptions['validate'] = ({ bytes }) => (heard.push(bytes), accept(null))
    topics.subscribe(topic, { ...TOPICS['register/nullifier'], validate })
    const about = (id: Uint8Array): Uint8Array =>
      nullifierCodec.encode({ chainId: id, nullifier: chainId, height: 1, proof: 'none' })
    const table: readonly (readonly [payload: Uint8Array, said: string])[] = [
      [encodeData('something else'), 'reject wrong-shape'],
      [encodeData([9, []]), 'ignore unknown-message-version'],
      [about(NETWORK_ID), 'reject wrong-topic'],
      [about(chainId), 'accept'],
    ]
    for (const [at, [payload, verdict]] of table.entries()) {
      const bytes = await sealed(1, { sequence: at + 1, topic, payloads: [payload] })
      equal(said(await wire.hand(topic, bytes)), verdict)
    }
    deepEqual(heard, [about(chainId)])
  })

  test('is refused by name, before any payload is looked at', async () => {
    const good = await sealed(1, { sequence: 9 })
    const envelope = opened(good)
    const forged = encodeEnvelope({ ...envelope, signature: new Uint8Array(64).fill(1) })
    const moved = encodeEnvelope({ ...envelope, sender: signerOf(2).nodeId })
    const table: readonly (readonly [name: string, bytes: Uint8Array, said: string])[] = [
      ['no envelope', encodeData('something else'), 'reject wrong-shape'],
      ['of another network', await sealed(1, { sequence: 10, networkId: NONCE_NETWORK }), 'reject other-network'],
      ['of another topic', await sealed(1, { sequence: 11, topic: OTHER_TOPIC }), 'reject wrong-topic'],
      ['by somebody who may not', await sealed(9, { sequence: 1 }), 'ignore unknown-author'],
      ['signed by nobody', forged, 'reject forged'],
      ['claimed by another', moved, 'reject forged'],
      ['a changed sequence', encodeEnvelope({ ...envelope, sequence: 8 }), 'reject forged'],
      ['other payloads', encodeEnvelope({ ...envelope, payloads: [one(2)] }), 'reject forged'],
      [
        'a payload too large',
        await sealed(1, { sequence: 12, payloads: [new Uint8Array(101)] }),
        'reject payload-too-large',
      ],
      ['its own, come back', await sealed(3, { sequence: 1 }), 'ignore replayed'],
    ]
    const { heard, tell } = listening({ mayPublish: (author) => ids.includes(author), payloadBytesMax: 100 })
    for (const [name, bytes, expected] of table) equal(await tell(bytes), expected, name)
    deepEqual(heard, [])
    equal(await tell(good), 'accept', 'and none of it stands in the way of the true one')
    deepEqual(heard, [1])
  })

  test('is heard once, in whatever order it comes', async () => {
    const { heard, tell } = listening()
    const envelopes = await Promise.all(
      [1, 2, 3, 4].map((sequence) => sealed(1, { sequence, payloads: [one(sequence)] })),
    )
    for (const index of [3, 0, 2]) equal(await tell(envelopes[index] ?? one(0)), 'accept')
    for (const index of [0, 2, 3]) equal(await tell(envelopes[index] ?? one(0)), 'ignore replayed')
    equal(await tell(envelopes[1] ?? one(0)), 'accept')
    deepEqual(heard, [4, 1, 3, 2])
    equal(await tell(await sealed(2, { sequence: 1 })), 'accept', 'another author has sequences of its own')
  })

  test('is heard once on all topics together', async () => {
    const { wire, topics, tell } = listening()
    topics.subscribe(OTHER_TOPIC, { ...LIMITS, validate: () => accept(null) })
    equal(await tell(await sealed(1, { sequence: 5 })), 'accept')
    const again = await sealed(1, { sequence: 5, topic: OTHER_TOPIC })
    equal(said(await wire.hand(OTHER_TOPIC, again)), 'ignore replayed')
  })

  test('from behind the window is ignored, and a jump ahead silences only who jumps', async () => {
    const { tell } = listening()
    equal(await tell(await sealed(1, { sequence: REPLAY_WINDOW + 1 })), 'accept')
    equal(await tell(await sealed(1, { sequence: 1 })), 'ignore behind-window')
    equal(await tell(await sealed(1, { sequence: 2 })), 'accept')
    equal(await tell(await sealed(1, { sequence: Number.MAX_SAFE_INTEGER })), 'accept')
    equal(await tell(await sealed(1, { sequence: REPLAY_WINDOW + 2 })), 'ignore behind-window')
    equal(await tell(await sealed(2, { sequence: 3 })), 'accept')
  })

  test('too fast from one author is ignored, whoever hands it over, and of others it is heard', async () => {
    const { wire, time, heard, tell } = listening({ perAuthor: { ratePerSec: 1, burst: 3 } })
    equal(await tell(await sealed(1, { sequence: 1, payloads: [one(1), one(2)] })), 'accept')
    equal(await tell(await sealed(1, { sequence: 2, payloads: [one(3), one(4)] })), 'ignore author-too-fast')
    equal(said(await wire.hand(TOPIC, await sealed(1, { sequence: 3 }), 'another')), 'ignore author-too-fast')
    equal(await tell(await sealed(2, { sequence: 1, payloads: [one(9)] })), 'accept')
    time.nowNs += 2n * NS_PER_SEC
    equal(await tell(await sealed(1, { sequence: 4, payloads: [one(5)] })), 'accept')
    deepEqual(heard, [1, 2, 9, 5])
  })

  test('forged in an author’s name takes nothing from its rate or its window', async () => {
    const { tell } = listening({ perAuthor: { ratePerSec: 1, burst: 1 } })
    const good = await sealed(1, { sequence: 1 })
    for (let i = 0; i < 5; i += 1) {
      const signature = new Uint8Array(64).fill(i)
      equal(await tell(encodeEnvelope({ ...opened(good), sequence: 1 + i * 10_000, signature })), 'reject forged')
    }
    equal(await tell(good), 'accept')
  })

  test('strangers cannot push a member out of memory', async () => {
    const { tell } = listening({}, { isMember: (author) => author === ids[0] })
    const old = await sealed(1, { sequence: 5 })
    equal(await tell(old), 'accept')
    equal(await tell(await sealed(2, { sequence: 5 })), 'accept')
    equal(await tell(old), 'ignore replayed')
  })
})

const NONCE_NETWORK = new Uint8Array(32).fill(0x22)

describe('one verdict for a bundle', () => {
  const table: readonly (readonly [name: string, verdicts: readonly string[], whole: string, judged: number])[] = [
    ['all accepted', ['accept', 'accept'], 'accept', 2],
    ['one accepted after others ignored', ['ignore', 'accept', 'ignore'], 'accept', 3],
    ['none accepted: the first says why', ['ignore', 'late'], 'ignore 0', 2],
    ['one rejected, at the end', ['accept', 'ignore', 'reject'], 'reject 2', 3],
    ['one rejected: the rest is not looked at', ['reject', 'accept'], 'reject 0', 1],
  ]
  for (const [name, verdicts, whole, judged] of table)
    test(name, async () => {
      let count = 0
      const validate = ([index = 0]: Uint8Array): Admission<null> => {
        count += 1
        if (verdicts[index] === 'accept') return accept(null)
        return verdicts[index] === 'reject' ? reject(String(index)) : ignore(String(index))
      }
      const payloads = verdicts.map((_, index) => one(index))
      equal(said(await judgeBundle(payloads, validate)), whole)
      equal(count, judged)
    })
})

describe('what is published', () => {
  test('alone is on its way when the running code ends, in an envelope of its own', async () => {
    const { wire, topics } = party(1, { sequences: countingSequences(40) })
    await topics.publish(TOPIC, one(7))
    equal(wire.published.length, 1)
    const envelope = opened(wire.envelopes[0] ?? one(0))
    deepEqual(envelope.payloads, [one(7)])
    deepEqual([envelope.sequence, envelope.sender], [40, signerOf(1).nodeId])
  })

  test('in one turn travels together, topic by topic, in order', async () => {
    const { wire, topics } = party(1)
    const values = Array.from({ length: PAYLOADS_MAX + 5 }, (_, i) => i)
    await Promise.all([...values.map((i) => topics.publish(TOPIC, one(i))), topics.publish(OTHER_TOPIC, one(1))])
    const on = (topic: string): number[][] =>
      wire.published
        .filter((message) => message.topic === topic)
        .map(({ bytes }) => opened(bytes, topic).payloads.map(([value = -1]) => value))
    deepEqual(on(TOPIC), [values.slice(0, PAYLOADS_MAX), values.slice(PAYLOADS_MAX)])
    deepEqual(on(OTHER_TOPIC), [[1]])
    const sequences = wire.published.map(({ topic, bytes }) => opened(bytes, topic).sequence)
    equal(new Set(sequences).size, 3)
  })

  test('while a signature is being made waits for it, and then travels together', async () => {
    const pen = Promise.withResolvers<void>()
    const signer = signerOf(1)
    const slow = {
      ...signer,
      sign: async (domain: string, body: Uint8Array) => {
        await pen.promise
        return signer.sign(domain, body)
      },
    }
    const { wire, topics } = party(1, { signer: slow })
    const first = topics.publish(TOPIC, one(0))
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
    const rest = [1, 2, 3].map((value) => topics.publish(TOPIC, one(value)))
    pen.resolve()
    await Promise.all([first, ...rest])
    deepEqual(
      wire.envelopes.map((bytes) => opened(bytes).payloads.length),
      [1, 3],
    )
  })

  test('soon after another waits for its pause to end, together with what else comes, or for the closing', async () => {
    const { wire, topics, time } = party(1)
    time.isHolding = true
    await topics.publish(TOPIC, one(0))
    const rest = [1, 2, 3].map((value) => topics.publish(TOPIC, one(value)))
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
    const sizes = (): readonly number[] => wire.envelopes.map((bytes) => opened(bytes).payloads.length)
    deepEqual(sizes(), [1])
    time.held[0]?.()
    await Promise.all(rest)
    deepEqual(sizes(), [1, 3])
    const last = topics.publish(TOPIC, one(4))
    await topics[Symbol.asyncDispose]()
    await last
    deepEqual(sizes(), [1, 3, 1])
  })

  test('never makes an envelope larger than the topic carries', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 700 }), { minLength: 1, maxLength: 80, size: 'max' }),
        async (lengths) => {
          const { wire, topics } = listening({ messageBytesMax: 1000 })
          await Promise.all(lengths.map((length) => topics.publish(TOPIC, new Uint8Array(length))))
          for (const bytes of wire.envelopes) ok(bytes.length <= 1000)
          const sent = wire.envelopes.flatMap((bytes) => opened(bytes).payloads.map(({ length }) => length))
          deepEqual(sent, lengths)
        },
      ),
      { numRuns: 15 },
    )
  })

  test('too large is refused before it is signed: by the topic that was joined, by the table, or by what a frame holds', async () => {
    const { topics } = listening({ payloadBytesMax: 100 })
    const tooLarge = { code: 'TC_NET_TOO_LARGE' }
    await topics.publish(TOPIC, new Uint8Array(100))
    await rejects(topics.publish(TOPIC, new Uint8Array(101)), tooLarge)
    const known = topicOf('timemap/update', 'ab'.repeat(32))
    await topics.publish(known, new Uint8Array(TOPICS['timemap/update'].payloadBytesMax))
    await rejects(topics.publish(known, new Uint8Array(TOPICS['timemap/update'].payloadBytesMax + 1)), tooLarge)
    await rejects(topics.publish('any', new Uint8Array(FRAME_BYTES_MAX)), tooLarge)
  })

  test('too much at once is refused, and what waits is sent', async () => {
    const { wire, topics } = party(1)
    const all = Array.from({ length: OUTBOX_MAX + 1 }, () => topics.publish(TOPIC, one(1)))
    const outcomes = await Promise.allSettled(all)
    deepEqual(
      outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason.code)] : [])),
      ['TC_NET_BACKLOG'],
    )
    equal(wire.envelopes.length, OUTBOX_MAX / PAYLOADS_MAX)
    await topics.publish(TOPIC, one(2))
  })

  test('says so to everybody whose message was in it, where signer or network fail, and goes on after', async () => {
    const { wire, topics } = party(1)
    wire.trouble = new ChimerError('TC_NET_UNREACHABLE', 'closed')
    const outcomes = await Promise.allSettled([topics.publish(TOPIC, one(1)), topics.publish(TOPIC, one(2))])
    ok(outcomes.every(({ status }) => status === 'rejected'))
    wire.trouble = undefined
    await topics.publish(TOPIC, one(3))
    equal(wire.envelopes.length, 1)
    const locked = party(1, { sequences: { next: () => Promise.reject(new ChimerError('TC_SEQUENCE_IO', 'no disk')) } })
    await rejects(locked.topics.publish(TOPIC, one(1)), { code: 'TC_SEQUENCE_IO' })
  })
})

test('two starts of one author differ in their nonce, and the second is heard where its sequences go on', async () => {
  const { tell, heard } = listening()
  const [before, after] = [party(1), party(1, { sequences: countingSequences(2), random: { bytes: () => NONCE } })]
  await before.topics.publish(TOPIC, one(1))
  await after.topics.publish(TOPIC, one(2))
  const envelopes = [...before.wire.envelopes, ...after.wire.envelopes]
  for (const bytes of envelopes) equal(await tell(bytes), 'accept')
  deepEqual(heard, [1, 2])
  equal(new Set(envelopes.map((bytes) => opened(bytes).nonce.join())).size, 2)
})

test('closing leaves the topics, and publishing is over', async () => {
  const { wire, topics } = listening()
  const last = topics.publish(TOPIC, one(1))
  await topics[Symbol.asyncDispose]()
  equal(wire.joined.size, 0)
  await last
  await rejects(topics.publish(TOPIC, one(2)), { code: 'TC_NET_UNREACHABLE' })
  await topics[Symbol.asyncDispose]()
})

test('a topic that was left can be joined again', () => {
  const { wire, topics } = listening()
  topics.unsubscribe(TOPIC)
  equal(wire.joined.size, 0)
  topics.unsubscribe(TOPIC)
  topics.subscribe(TOPIC, { ...LIMITS, validate: () => accept(null) })
  equal(wire.joined.size, 1)
})
