/**
 * `npm run bench -- envelope`: what signed envelopes cost. Two peers in one process on the in-memory network, 200-byte messages
 * published so many in a turn: messages a second through signed topics (signing, opening, verifying) beside raw publishing
 * in the same run, in turn; and one envelope opened and verified, per payload, on one core.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { accept, seededRandom } from '../src/base/index.ts'
import type { Time } from '../src/base/index.ts'
import { nodeIdText } from '../src/crypto/index.ts'
import { memorySigner } from '../src/crypto/io/memory-signer.ts'
import { SignedTopics, countingSequences, isSignedTruly, openEnvelope, sealEnvelope } from '../src/network/index.ts'
import type { Network } from '../src/network/index.ts'
import { createInMemoryHub } from '../src/network/io/in-memory.ts'
import { realTime } from '../src/node/io/real-ports.ts'
import { rateOf, spread } from './figures.ts'

const BUNDLES = [1, 2, 4, 8, 16, 32, 64]
const PAYLOAD_BYTES = 200
const ROUNDS = 5
const ROUND_MS = 400
const TOPIC = 'bench'
const NETWORK_ID = new Uint8Array(32).fill(1)
const LIMITS = {
  priority: 'ordinary',
  messageBytesMax: 65_536,
  ratePerSec: 1_000_000,
  burst: 1_000_000,
} as const

/** Real time, but what is due at once runs in the next turn: a timer would wait for a millisecond. */
const eager: Time = {
  elapsedNs: () => realTime.elapsedNs(),
  hostUnixNs: () => realTime.hostUnixNs(),
  schedule: (delayNs, run) => {
    if (delayNs > 0n) return realTime.schedule(delayNs, run)
    const turn = setImmediate(run)
    return () => clearImmediate(turn)
  },
}

interface Pair {
  readonly publish: (bytes: Uint8Array) => Promise<void>
  readonly heard: () => number
}

const openPair = (isSigned: boolean): Pair => {
  const hub = createInMemoryHub(eager)
  const signers = [1, 2].map((byte) => memorySigner({ seed: new Uint8Array(32).fill(byte) }))
  let heard = 0
  const validate = (): ReturnType<typeof accept<null>> => {
    heard += 1
    return accept(null)
  }
  const [sender, receiver] = signers.map((signer, index) => {
    const network: Network = hub.join(nodeIdText(signer.nodeId))
    const sequences = countingSequences(1)
    const random = seededRandom(BigInt(index))
    const topics = new SignedTopics({ network, signer, networkId: NETWORK_ID, time: eager, random, sequences })
    return { network, topics }
  })
  if (sender === undefined || receiver === undefined) throw new TypeError('no pair')
  if (isSigned) receiver.topics.subscribe(TOPIC, { ...LIMITS, validate })
  else receiver.network.subscribe(TOPIC, { ...LIMITS, validate })
  return {
    publish: (bytes) => (isSigned ? sender.topics : sender.network).publish(TOPIC, bytes),
    heard: () => heard,
  }
}

let made = 0
/** 200 bytes that were not there before. */
const message = (): Uint8Array => {
  made += 1
  const bytes = new Uint8Array(PAYLOAD_BYTES)
  new DataView(bytes.buffer).setFloat64(0, made)
  return bytes
}

/** Messages heard a second, `bundle` published in each turn. */
const flow = async (pair: Pair, bundle: number): Promise<number> => {
  const before = pair.heard()
  const start = performance.now()
  let sent = 0
  while (performance.now() - start < ROUND_MS) {
    await Promise.all(Array.from({ length: bundle }, () => pair.publish(message())))
    sent += bundle
    await nextTurn()
  }
  while (pair.heard() - before < sent && performance.now() - start < 20 * ROUND_MS) await nextTurn()
  return ((pair.heard() - before) * 1000) / (performance.now() - start)
}

/** µs to open and verify one envelope, for each of its payloads. */
const openingUs = async (bundle: number): Promise<number> => {
  const signer = memorySigner({ seed: new Uint8Array(32).fill(1) })
  const nonce = new Uint8Array(8)
  const payloads = Array.from({ length: bundle }, message)
  const bytes = await sealEnvelope(signer, { networkId: NETWORK_ID, sequence: 1, nonce, topic: TOPIC, payloads })
  const expected = { networkId: NETWORK_ID, topic: TOPIC, envelopeBytesMax: 65_536, payloadBytesMax: PAYLOAD_BYTES }
  const open = (): void => {
    const opened = openEnvelope(bytes, expected)
    if (opened.verdict !== 'accept' || !isSignedTruly(opened.value, bytes))
      throw new TypeError('a true one was refused')
  }
  rateOf(open, 1, ROUND_MS / 4)
  return 1e6 / rateOf(open, 1, ROUND_MS) / bundle
}

export const run = async (): Promise<void> => {
  process.stdout.write(`payloads of ${PAYLOAD_BYTES} bytes; ${ROUNDS} rounds\n`)
  process.stdout.write(
    'together  signed/s                 raw/s                    ratio               opened, µs a payload\n',
  )
  for (const bundle of BUNDLES) {
    const [signed, raw] = [openPair(true), openPair(false)]
    const rounds: { readonly signed: number; readonly raw: number }[] = []
    for (let round = 0; round < ROUNDS; round += 1)
      rounds.push({ signed: await flow(signed, bundle), raw: await flow(raw, bundle) })
    const cells = [
      String(bundle).padStart(8),
      spread(rounds.map((one) => one.signed)).padEnd(23),
      spread(rounds.map((one) => one.raw)).padEnd(23),
      spread(
        rounds.map((one) => one.signed / one.raw),
        2,
      ).padEnd(18),
      (await openingUs(bundle)).toFixed(1),
    ]
    process.stdout.write(`${cells.join('  ')}\n`)
  }
}
