/**
 * Why something of a peer was dropped, and what a peer's score is made of, as sentences for people. The codes stay beside them
 * (docs/errors.md, which also says what to do); a sentence may change, a code may not. test/peer-explanations.test.ts demands one for
 * every reason of the rooms that judge what peers send.
 */
import type { ScoreName } from '../network/index.ts'
import { CHAIN_REFUSALS } from './chain-reasons.ts'

/** What is wrong with the bytes themselves. */
const BYTES: Readonly<Record<string, string>> = {
  'too-large': 'It was over the size limit, or nested too deeply.',
  malformed: 'It was not framed or encoded as announced.',
  'non-canonical': 'It was not the one encoding of its value.',
  'wrong-shape': 'It had not the fields that its type demands.',
  'malformed-cid': 'It named a content address that is none of ours.',
  'malformed-node-id': 'It named a node that is no Ed25519 key.',
  'faulty-node-key': 'It named a node whose key nobody can own.',
  'key-length': 'Its key was not 32 bytes long.',
  'key-non-canonical': 'Its key was spelt in a second way.',
  'key-small-order': 'Its key lets anybody sign.',
  'key-off-curve': 'Its key was no point of the curve.',
}

/** What a peer did on a channel. */
const CHANNELS: Readonly<Record<string, string>> = {
  'rate-limited': 'It said more than the channel allows.',
  'unknown-topic': 'It sent gossip on a topic that was not joined.',
  'shut-out': 'Its score had fallen so far that it is kept out for a while.',
  busy: 'Too many of its requests were being answered already.',
  'timed-out': 'The answer did not come in time.',
  abandoned: 'It went away before it had its answer.',
  'handler-failed': 'This node failed while it judged the message.',
  other: 'One of many kinds that are not counted apart.',
  'not-connected': 'It should have been witnessed and was not connected.',
  'answer-refused': 'It closed the question of a witness unanswered.',
  'unknown-node': 'It named a node that there is not.',
}

/** What is wrong with a proof, a challenge or an attestation. */
const PROOFS: Readonly<Record<string, string>> = {
  'wrong-network': 'It was made for another network.',
  'bad-key': 'Its author’s key may not sign.',
  'bad-sources': 'It lists its sources out of order or twice.',
  'bad-signature': 'Its signature is not its author’s.',
  'bad-window': 'Its witness’s window cannot be true.',
  'wrong-author': 'It answered with the proof of another.',
  'no-challenge': 'It did not answer the challenge that was sent.',
  'already-asked': 'It asked twice for one proof.',
  'asked-enough': 'It asked a third time in a slot.',
  'batch-full': 'Too many challenges waited for this proof already.',
  'signer-refused': 'The signer would have had to go backwards.',
  'clock-not-ready': 'There was no time to prove or to judge by.',
  'clock-moved': 'The witness set its own clock meanwhile.',
  closing: 'The node was stopping.',
  'already-known': 'It was known already, from another peer or before.',
  'not-member': 'It was by a key that is not in the genesis.',
  'far-future': 'It lay more than a minute ahead of our clock.',
  superseded: 'It was older than its author’s newest.',
  'too-many-proofs': 'Its author made too many in one slot.',
  equivocation: 'Its author signed two different proofs with one sequence.',
  'backwards-time': 'It had a later sequence and an earlier time.',
  'broken-chain': 'It did not name the one before it.',
  'own-witness': 'A node attested itself.',
  'slot-closed': 'It came after its slot was judged.',
  'slot-too-far': 'It was for a slot far ahead.',
  'not-asked': 'Its witness has no seat in that committee.',
  'too-wide': 'It measured too coarsely to count.',
  'already-attested': 'Its witness had measured that slot already.',
  'too-many-waiting': 'Too many waited for that proof already.',
  'author-unproven': 'Its author’s clock was not proved yet.',
  'author-falseticker': 'Its author’s clock was out of range.',
  'author-absent': 'Its author had answered no witness for a while.',
}

/** Why a connection was refused, or ended by this node. */
const CONNECTIONS: Readonly<Record<string, string>> = {
  'no-place': 'All places for connections were taken.',
  'too-many-from-host': 'Too many connections came from one host.',
  'too-many-from-group': 'Too many connections came from one group of addresses.',
  evicted: 'Its place was given to another peer.',
  'too-many-handshakes': 'Too many connections were being made at once.',
  'connecting-too-fast': 'Connections came from one host too fast.',
  'handshake-failed': 'It did not prove who it is in time.',
  silent: 'It no longer answered on an open connection.',
  'slow-reader': 'It did not take what was sent to it.',
  unreadable: 'What it sent was no protocol of ours.',
  'feeler-done': 'A short connection had found out whether it answers.',
  'peer-rotated': 'This node made room for another of its own choice.',
  'peer-badly-standing': 'Its score was too low for a peer of this node’s own choice.',
  'other-network': 'It belongs to another network.',
  'incompatible-version': 'It speaks another major version of the protocol.',
  'version-too-old': 'Its version of the protocol is no longer spoken here.',
  'missing-feature': 'It lacks a feature that this node demands.',
  'greeting-words': 'Its greeting was not in the form that is agreed on.',
  'no-greeting': 'It did not greet in time.',
  'bad-greeting': 'Its greeting could not be read.',
  'greeting-changed': 'It greeted a second time with other words.',
  'refused-by-peer': 'It would not talk to this node; the log has its reason.',
  'not-greeted': 'It spoke before the two had agreed on a version.',
  'introducer-done': 'It had shown the way at the start, and made room for others.',
}

/** What is too much, too late or not its own. */
const ENVELOPES: Readonly<Record<string, string>> = {
  'group-rate-limited': 'Its group of addresses said more than the channel allows.',
  flooding: 'It went on to say far more than the channel allows.',
  'queue-full': 'More waited to be judged than there is room for.',
  'wrong-topic': 'It was signed for another topic.',
  'no-payloads': 'It held nothing.',
  'too-many-payloads': 'It held more messages than an envelope may.',
  'payload-too-large': 'It held a message over the size limit.',
  'unknown-message-version': 'It is of a version that is not known here.',
  'too-many-hops': 'It had been passed on too often.',
  'recipient-away': 'It was for a node that is not connected here.',
  'carried-too-fast': 'It asked this node to pass on more than one peer may.',
  'unknown-kind': 'It was of a kind that is not known here.',
  'unknown-codec': 'It was packed in a way that is not known here.',
  'inflates-too-much': 'Unpacked it was over the size limit.',
  'unknown-author': 'Its author may not publish on this topic.',
  forged: 'Its signature is not its author’s.',
  'author-too-fast': 'Its author publishes more than the topic allows.',
  replayed: 'It was heard before: a replay.',
  'behind-window': 'It was older than what is still told from replays.',
}

/** What is wrong with a peer record. */
const RECORDS: Readonly<Record<string, string>> = {
  'address-malformed': 'It named an address that cannot be read.',
  'address-unusable': 'It named an address where nobody can be.',
  'address-local': 'It named an address that means another host to everybody.',
  'address-of-other': 'It named an address of another peer.',
  'record-life': 'The record ends before it begins, or lives too long.',
  'record-words': 'The record’s words are not plain text.',
  'record-expired': 'The record had expired.',
  'record-from-future': 'The record begins after our present time.',
  'record-known': 'The record was known already.',
  'record-stale': 'A newer record of that peer is known.',
  'record-equivocation': 'Two different records have one sequence.',
  'record-too-soon': 'That peer changed its record only just before.',
  'records-too-many': 'It pushed more records than one peer may.',
  'record-of-ourselves': 'The record was this node’s own.',
}

const REFUSALS: Readonly<Record<string, string>> = {
  ...BYTES,
  ...CHANNELS,
  ...PROOFS,
  ...CONNECTIONS,
  ...ENVELOPES,
  ...RECORDS,
  ...CHAIN_REFUSALS,
}

/** What adds to a score and what takes from it. */
const SCORES: Readonly<Record<ScoreName, string>> = {
  'first-delivery': 'It was the first to bring good messages.',
  rejected: 'Messages of it were rejected.',
  ignored: 'Too many of its messages were of no use.',
  flood: 'It said more than it may.',
  'slow-reader': 'It did not take what was sent to it.',
  'failed-request': 'It did not answer requests.',
  'greeting-refused': 'Its greeting was refused.',
  'broken-promise': 'It did not send what it had announced.',
}

const sentence = (table: Readonly<Record<string, string>>, reason: string): string =>
  Object.hasOwn(table, reason) ? (table[reason] ?? '') : ''

/** Why something was dropped; empty for a word that is no reason of ours. */
export const explainRefusal = (reason: string): string => sentence(REFUSALS, reason)

/** What a part of a score stands for; a refusal that is charged stands for itself. */
export const explainScore = (reason: string): string => sentence(SCORES, reason) || explainRefusal(reason)
