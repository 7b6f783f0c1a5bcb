/**
 * Why something of the chain was refused, as sentences for people: messages of consensus, blocks, transactions, offences, and proofs for
 * light clients. `peer-explanations.ts` hands them on. The codes stay beside them (docs/errors.md).
 */

/** Of proposals, votes and what a block is made of. */
const MESSAGES: Readonly<Record<string, string>> = {
  'bad-vote-signature': 'A vote in it is not signed by its author.',
  'bad-time-signature': 'A time in it is not signed by its author.',
  'bad-proposal-signature': 'The proposal is not signed by its author.',
  'bad-block': 'Its block cannot be read.',
  'wrong-block': 'It proposes another block than it carries.',
  'bad-polka': 'The votes that it leans on are no quorum of its round.',
  'not-the-proposer': 'It was another’s turn to propose.',
  'wrong-valid-round': 'It leans on a round that had not been.',
  'unfounded-valid-round': 'It leans on a round without the votes of it.',
  'not-validator': 'Its author does not vote, as far as this node knows.',
  'height-over': 'It is of a height that was decided.',
  'height-ahead': 'It is of a height that this node has not come to.',
  'too-many-proposals': 'Its author proposes more than is looked at.',
  'too-many-votes': 'Its author votes more than an honest one has to.',
  'consensus-halted': 'This node had stopped deciding.',
  'bad-question': 'It asked for what cannot be answered.',
  'index-order': 'The entries of its commit are out of order.',
  'unknown-validator': 'Its commit names a validator that there is not.',
  'too-little-weight': 'Its commit has no more than two thirds of the weight.',
  'repeated-part': 'Something stands in it twice.',
}

/** Of blocks. */
const BLOCKS: Readonly<Record<string, string>> = {
  'wrong-height': 'It is of another height than comes next.',
  'wrong-parent': 'It does not follow the newest block.',
  'wrong-proposer': 'It was made by somebody whose turn it was not.',
  'wrong-state-root': 'It names another state than its parent leaves.',
  'wrong-weights-root': 'It names other validators than those who vote.',
  'wrong-emergency': 'It says otherwise than the evidence whether there is an emergency.',
  'wrong-availability': 'It commits to data that it does not name.',
  'wrong-commit': 'The commit in it does not prove its parent.',
  'wrong-time': 'It gives its parent another time than the votes do.',
  'wrong-root': 'A root in its header is not that of its body.',
  'bad-transaction': 'A transaction in it is not as it must be.',
  'bad-proof': 'A time proof in it is not as it must be.',
  'bad-attestation': 'An attestation in it is not as it must be.',
  'wrong-proof': 'An attestation in it measured another proof.',
  'bad-offence': 'An offence in it is not proven.',
  'malformed-snapshot': 'The state cannot be read.',
  'malformed-validators': 'The list of validators cannot be read.',
}

/** Of transactions, when they come in and when they take effect. */
const TRANSACTIONS: Readonly<Record<string, string>> = {
  'bad-payload': 'A mark carries 32 bytes and no other kind carries any.',
  'transaction-known': 'It is waiting already, or in a block.',
  'mempool-full': 'Too many transactions wait already.',
  'sequence-used': 'Its author has used that sequence, or a later one.',
  'sequence-waiting': 'Another transaction of its author waits with that sequence or a later one.',
  'author-unknown': 'Its author is no member of the chain.',
  'already-member': 'Its author has joined already.',
  'already-leaving': 'Its author is leaving already.',
  'candidates-full': 'Too many candidates wait to join already.',
  'members-full': 'The chain has as many members as it may have.',
  'time-before-block': 'Its author acted before the time of the block.',
  'time-after-block': 'Its author acted after the time of the block.',
}

/** Of evidence. */
const OFFENCES: Readonly<Record<string, string>> = {
  'different-authors': 'The two things were signed by two different keys.',
  'different-places': 'The two things belong to different heights or rounds.',
  'no-conflict': 'The two things do not exclude each other.',
  'offence-known': 'The offence waits already, or is in a block.',
  'offences-full': 'Enough offences wait already.',
  'offence-without-effect': 'The offence can cost nobody anything any more.',
}

/** Of blocks that were fetched, and of proofs for light clients. */
const FETCHED: Readonly<Record<string, string>> = {
  'sync-empty': 'It answered without a block.',
  'sync-past-epoch': 'It answered with blocks beyond the end of an epoch.',
  'sync-malformed': 'A block that it sent cannot be read.',
  'sync-not-linked': 'The blocks that it sent do not follow each other.',
  'sync-wrong-validators': 'The blocks that it sent name other validators.',
  'sync-wrong-commit': 'A commit that it sent does not prove its block.',
  'sync-faulty-block': 'A block that it sent breaks a rule.',
  'sync-other-state': 'The blocks that it sent lead to another state.',
  'against-checkpoint': 'It sent another block than the checkpoint names.',
  'bad-answer': 'Its answer to a question about the chain could not be read.',
  'no-snapshot': 'It asked for a state that is not kept here.',
  'snapshot-other-part': 'It sent another part of the state than was asked for.',
  'snapshot-other-state': 'The state that it sent is not the one that blocks name.',
  'snapshot-unproved': 'It sent no proof of the state.',
  'light-unknown-height': 'A block that the proof needs is not held.',
  'light-unknown-validators': 'Who voted there is not held.',
  'light-out-of-reach': 'The proof would take too many steps.',
  'light-wrong-network': 'The proof is of another network.',
  'light-wrong-start': 'The proof does not begin at what is trusted.',
  'light-trust-expired': 'What is trusted is too old to go on from.',
  'light-without-steps': 'The proof has no step.',
  'light-not-rising': 'The heights in the proof do not rise.',
  'light-wrong-validators': 'The validators in the proof are not those of the header.',
  'light-too-little-trusted': 'Too little of the trusted weight signed a step.',
  'light-wrong-commit': 'A commit in the proof does not decide its header.',
  'light-not-parent': 'A header in the proof is not the parent of the next.',
  'light-not-included': 'What is said to be in the block is not there.',
}

export const CHAIN_REFUSALS: Readonly<Record<string, string>> = {
  ...MESSAGES,
  ...BLOCKS,
  ...TRANSACTIONS,
  ...OFFENCES,
  ...FETCHED,
}
