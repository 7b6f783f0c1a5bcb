/** The table of topics: names that nobody can stretch, limits that fit, and the same numbers in the page. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { directedProtocol, DIRECTED_LIMITS } from './directed.ts'
import { PEERS_EXCHANGE_LIMITS, peersProtocol } from './discovery/exchange.ts'
import { PEER_RECORD_BYTES_MAX } from './discovery/peer-record.ts'
import { envelopeOverheadBytes } from './envelope.ts'
import { PAYLOAD_SHAPES } from './topics-shapes.ts'
import * as topics from './topics.ts'
import type { Topic, TopicKind } from './topics.ts'
import { GREETING_LIMITS, GREETING_PROTOCOL } from './versions/greeting.ts'

const networkId = Uint8Array.from({ length: 32 }, (_, i) => i * 7 + 10)
const CHAIN = '0a'.repeat(32)
const CID = 'bafyrmiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'.slice(0, 59)
const TAG = '0a11181f'
/** Every kind with a name that it may have. */
const NAMES: Readonly<Record<TopicKind, string>> = {
  proofs: `truechimer/${TAG}/proofs/1`,
  attestations: `truechimer/${TAG}/attestations/1`,
  peers: `truechimer/${TAG}/peers/1`,
  proposals: `truechimer/${TAG}/proposals/1`,
  votes: `truechimer/${TAG}/votes/1`,
  transactions: `truechimer/${TAG}/transactions/1`,
  offences: `truechimer/${TAG}/offences/1`,
  'register/creation': `register/creation/${CHAIN}`,
  'register/update': `register/update/${CID}`,
  'register/proof': `register/proof/${CID}`,
  'register/nullifier': `register/nullifier/${CHAIN}`,
  'register/commitment': `register/commitment/${CID}`,
  'execution/sequence': `execution/sequence/${CID}`,
  'execution/node': `execution/node/${CID}`,
  'execution/result': `execution/result/${CID}`,
  'execution/verification': `execution/verification/${CID}`,
  'timemap/update': `timemap/update/${CHAIN}`,
  'timemap/commitment': `timemap/commitment/${CID}`,
  'timemap/verification': `timemap/verification/${CHAIN}`,
}
const rows = Object.entries<Topic>(topics.TOPICS)
const isKind = (kind: string): kind is TopicKind => Object.hasOwn(topics.TOPICS, kind)

test('names carry the first eight hex digits of the network id', () => {
  assert.equal(topics.proofsTopic(networkId), NAMES.proofs)
  assert.equal(topics.attestationsTopic(networkId), NAMES.attestations)
  assert.equal(topics.peersTopic(networkId), NAMES.peers)
  assert.equal(topics.challengeProtocol(networkId), '/truechimer/0a11181f/challenge/1')
  assert.equal(topics.consensusTopic('votes', networkId), NAMES.votes)
  assert.equal(topics.consensusProtocol('round', networkId), '/truechimer/0a11181f/round/1')
  assert.throws(() => topics.networkTag(networkId.subarray(1)), assert.AssertionError)
})

describe('names', () => {
  for (const [kind, name] of Object.entries(NAMES))
    test(`${kind} is made and read`, () => {
      assert(isKind(kind))
      const parsed = topics.parseTopic(name)
      assert(parsed !== undefined)
      assert.equal(parsed.kind, kind)
      assert.equal(topics.topicOf(kind, parsed.parameter), name)
      assert(name.length <= topics.TOPIC_LENGTH_MAX)
    })
  const none: readonly string[] = [
    '',
    '/',
    'register',
    'register/update',
    'register/update/',
    `register/update/${CID}/`,
    `register/update/${CID}/1`,
    `/register/update/${CID}`,
    `register/update/${CID.toUpperCase()}`,
    `register/update/${CID}a`,
    `register/update/${CHAIN}`,
    `register/creation/${CID}`,
    `register/creation/${CHAIN.toUpperCase()}`,
    `register/creation/${CHAIN}00`,
    `register/deletion/${CHAIN}`,
    `timemap/update/${'x'.repeat(2000)}`,
    `truechimer/${TAG}/proofs/2`,
    `truechimer/${TAG}/proofs/1/1`,
    `truechimer/${TAG}0/proofs/1`,
    `truechimer/${TAG}/register/update/1`,
    `proofs/${TAG}`,
    'toString/x',
    'truechimer/x/toString/1',
    '__proto__/x',
  ]
  for (const name of none)
    test(`“${name.slice(0, 40)}” is none`, () => assert.equal(topics.parseTopic(name), undefined))
  test('a parameter of another form is a bug', () => {
    assert.throws(() => topics.topicOf('register/update', CHAIN), assert.AssertionError)
    assert.throws(() => topics.topicOf('peers', '../..'), assert.AssertionError)
  })
  test('any text is a name of the table as it is spelt, or none', () => {
    const parts = [...Object.keys(NAMES), CID, CHAIN, TAG, 'truechimer', '1', '/', 'a', 'Z', '%', ' ']
    const text = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom(...parts), { maxLength: 5 }).map((chosen) => chosen.join('/')),
    )
    fc.assert(
      fc.property(text, (name) => {
        const parsed = topics.parseTopic(name)
        if (parsed !== undefined) assert.equal(topics.topicOf(parsed.kind, parsed.parameter), name)
      }),
      { numRuns: 300 },
    )
  })
})

describe('limits', () => {
  for (const [kind, row] of rows)
    test(`of ${kind} fit each other`, () => {
      assert(isKind(kind))
      assert(row.messageBytesMax <= topics.FRAME_BYTES_MAX)
      const { perAuthor, payloadBytesMax } = row
      const alone = payloadBytesMax + (perAuthor === undefined ? 0 : 5 + envelopeOverheadBytes(NAMES[kind]))
      assert(row.messageBytesMax >= alone, 'a payload of any size fits an envelope')
      assert(row.burst >= row.ratePerSec && (perAuthor?.burst ?? 1) >= (perAuthor?.ratePerSec ?? 1))
    })
  test('of peers let every record through', () =>
    assert.equal(topics.TOPICS.peers.messageBytesMax, PEER_RECORD_BYTES_MAX))
  for (const [kind, { bytesMax }] of Object.entries(PAYLOAD_SHAPES))
    test(`of ${kind} let every message of its shape through`, () => {
      assert(isKind(kind))
      assert(bytesMax <= topics.TOPICS[kind].payloadBytesMax)
    })
})

describe('the table of docs/spec/network.md says the same', () => {
  const spec = readFileSync(new URL('../../docs/spec/network.md', import.meta.url), 'utf8')
  const cellsOf = (name: string): readonly string[] => {
    const lines = spec.split('\n').filter((line) => line.startsWith(`| \`${name}\` |`))
    assert.equal(lines.length, 1, `one row for ${name}`)
    return lines.flatMap((line) => line.split('|').map((cell) => cell.trim().replaceAll(',', '')))
  }
  const rate = ({ ratePerSec, burst }: { readonly ratePerSec: number; readonly burst: number }): string =>
    `${ratePerSec}/s burst ${burst}`
  const PARAMETER_NAMES: Readonly<Record<TopicKind, string>> = {
    proofs: 'NNNNNNNN',
    attestations: 'NNNNNNNN',
    peers: 'NNNNNNNN',
    proposals: 'NNNNNNNN',
    votes: 'NNNNNNNN',
    transactions: 'NNNNNNNN',
    offences: 'NNNNNNNN',
    'register/creation': '{chain_id}',
    'register/update': '{register_id}',
    'register/proof': '{verification_key_id}',
    'register/nullifier': '{chain_id}',
    'register/commitment': '{resource_id}',
    'execution/sequence': '{sequence_id}',
    'execution/node': '{node_id}',
    'execution/result': '{sequence_id}',
    'execution/verification': '{sequence_id}',
    'timemap/update': '{chain_id}',
    'timemap/commitment': '{commitment_id}',
    'timemap/verification': '{chain_id}',
  }
  for (const [kind, row] of rows)
    test(kind, () => {
      assert(isKind(kind))
      const parameter = PARAMETER_NAMES[kind]
      const name = NAMES[kind].startsWith('truechimer/') ? `truechimer/${parameter}/${kind}/1` : `${kind}/${parameter}`
      const cells = cellsOf(name)
      const wanted = [
        row.parameter,
        row.priority,
        `${row.payloadBytesMax} B`,
        `${row.messageBytesMax} B`,
        rate(row),
        row.perAuthor === undefined ? 'no envelope' : rate(row.perAuthor),
        row.publishers,
      ]
      assert.deepEqual(cells.slice(-8, -1), wanted)
    })
  const PROTOCOLS: readonly (readonly [string, topics.ProtocolLimits])[] = [
    [topics.challengeProtocol(networkId), topics.CHALLENGE_LIMITS],
    [topics.cosignProtocol(networkId), topics.COSIGN_LIMITS],
    [peersProtocol(networkId), PEERS_EXCHANGE_LIMITS],
    [directedProtocol(networkId), DIRECTED_LIMITS],
    [GREETING_PROTOCOL, GREETING_LIMITS],
    ...topics.CONSENSUS_QUESTIONS.map(
      (question) => [topics.consensusProtocol(question, networkId), topics.CONSENSUS_LIMITS[question]] as const,
    ),
  ]
  for (const [protocol, limits] of PROTOCOLS)
    test(protocol, () => {
      const cells = cellsOf(protocol.replace(TAG, 'NNNNNNNN'))
      assert(cells.includes(`${limits.requestBytesMax} B → ${limits.responseBytesMax} B`))
      assert(cells.includes(rate(limits)))
    })
})
