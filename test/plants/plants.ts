/**
 * The bugs that are planted, one at a time: twelve kinds that networks like this one have had, some in more than one place. Where a text
 * does not stand in its file any more, the bug is to be written anew for what stands there now.
 */
import type { Plant } from './plant.ts'

const COMMIT = 'src/consensus/commit.ts'

/** One edit of one file. */
const edit = (file: string, text: string, replacement: string) => ({ file, text, replacement })

export const PLANTS: readonly Plant[] = [
  {
    name: 'vote-counted-twice',
    about: 'a vote that comes a second time counts a second time',
    edits: [
      edit(
        'src/consensus/vote-count.ts',
        "if (first !== undefined) return isSameVote(first, signed) ? 'known' : 'conflict'",
        "if (first !== undefined && !isSameVote(first, signed)) return 'conflict'",
      ),
    ],
    faults: ['duplication', 'loss', 'partition'],
    nodes: 4,
    foundBy: ['a quorum behind each word', 'rounds earned'],
  },
  {
    name: 'commit-entry-counted-twice',
    about: 'a validator may stand in a commit twice, and weighs twice',
    edits: [
      edit(COMMIT, "if (!isRising(commit.entries)) return reject('index-order')\n", ''),
      edit('src/consensus/tally.ts', 'if (seen.has(index)) continue\n', ''),
    ],
    faults: ['forged-blocks'],
    nodes: 4,
    foundBy: ['verified set is tallied set'],
  },
  {
    name: 'verified-not-tallied',
    about: 'signatures of a commit are verified until they are a quorum; the rest is tallied unseen',
    edits: [
      edit(
        COMMIT,
        "    if (!verifier.verify({ publicKey, ...part, signature: voteSignature })) return reject('bad-vote-signature')\n",
        `    const enough = context.validators.isQuorum(
      votes.reduce((sum, vote) => sum + (context.validators.at(vote.index)?.weight ?? 0n), 0n),
    )
    if (enough) {
      votes.push({ index, received })
      continue
    }
    if (!verifier.verify({ publicKey, ...part, signature: voteSignature })) return reject('bad-vote-signature')
`,
      ),
    ],
    faults: ['forged-blocks'],
    nodes: 5,
    foundBy: ['verified set is tallied set'],
  },
  {
    name: 'time-not-verified',
    about: 'votes of a commit are verified, the times beside them are not',
    edits: [edit(COMMIT, "if (!verifier.verify(time)) return reject('bad-time-signature')\n", 'void time\n')],
    faults: ['forged-blocks'],
    nodes: 4,
    foundBy: ['verified set is tallied set'],
  },
  {
    name: 'lock-forgotten-on-restart',
    about: 'what a node had precommitted does not bind it after a restart',
    edits: [
      edit(
        'src/consensus/round-machine.ts',
        'for (const { vote } of restored.votes) this.#noteOwn(vote)',
        "for (const { vote } of restored.votes) this.#noteOwn(vote.kind === 'precommit' ? { ...vote, block: null } : vote)",
      ),
    ],
    faults: [],
    nodes: 4,
    lossPerMillion: 50_000,
    isRestless: true,
    foundBy: ['lock rule'],
  },
  {
    name: 'time-from-proposer',
    about: 'the time in the header is believed, whatever the votes say',
    edits: [
      edit(
        'src/consensus/block-rules.ts',
        "return time !== undefined && isSameTime(header.time, time) ? undefined : 'wrong-time'",
        "return time !== undefined ? undefined : 'wrong-time'",
      ),
    ],
    faults: ['forged-blocks'],
    nodes: 4,
    foundBy: ['honest interval', 'verified set is tallied set'],
  },
  {
    name: 'time-of-one-vote',
    about: 'the time of a block is that of the first vote alone',
    edits: [
      edit(
        'src/consensus/tally.ts',
        'coverInterval({ intervals, weightNeeded: weight - faultyWeightMax(validators.total) })',
        'coverInterval({ intervals: intervals.slice(0, 1), weightNeeded: 1n })',
      ),
    ],
    faults: ['future-times'],
    nodes: 4,
    foundBy: ['honest interval', 'verified set is tallied set'],
  },
  {
    name: 'absent-votes-timed',
    about: 'an entry without signatures stands for an absent validator, and its time counts',
    edits: [
      edit(
        COMMIT,
        '    const { verifier } = context\n',
        `    if (voteSignature.every((byte) => byte === 0)) {
      votes.push({ index, received })
      continue
    }
    const { verifier } = context
`,
      ),
    ],
    faults: ['forged-blocks'],
    nodes: 4,
    foundBy: ['verified set is tallied set'],
  },
  {
    name: 'own-message-unverified',
    about: 'what the signer gives back is said without a look at it',
    edits: [
      edit(
        'src/consensus/engine-speaking.ts',
        'const opened = openMessage(encodeMessage(message), this.#context)\n',
        'const opened = { ...openMessage(encodeMessage(message), this.#context), verdict: "accept", value: { message, bytes: encodeMessage(message) } } as const\n',
      ),
    ],
    faults: ['bad-signer'],
    nodes: 4,
    foundBy: ['true words'],
  },
  {
    name: 'weight-moves-at-once',
    about: 'an offence costs weight in the middle of an epoch',
    edits: [
      edit(
        'src/consensus/apply-block.ts',
        'const isEpochEnd = height % state.genesis.parameters.epochSlots === 0\n',
        'const isEpochEnd = height % state.genesis.parameters.epochSlots === 0 || pending.body.offences.length > 0\n',
      ),
    ],
    faults: ['equivocation'],
    nodes: 7,
    foundBy: ['weight kept'],
  },
  {
    name: 'falsetickers-do-not-vote',
    about: 'the gate on actions also takes the vote of whoever has a false clock',
    edits: [
      edit(
        'src/consensus/apply-block.ts',
        'isEpochEnd && !emergency ? validatorsAmong(members) : state.validators\n',
        "validatorsAmong(members.filter((one) => docket.verdict(one.id).status !== 'falseticker'))\n",
      ),
    ],
    faults: ['common-source-spoof', 'clock-ramp'],
    nodes: 4,
    foundBy: ['weight kept'],
  },
  {
    name: 'evidence-of-any-network',
    about: 'two votes of another network convict in this one',
    edits: [
      edit(
        'src/consensus/evidence.ts',
        "if (!networks.every((networkId) => equalBytes(networkId, context.networkId))) return 'wrong-network'\n",
        'void networks\n',
      ),
    ],
    faults: ['foreign-evidence'],
    nodes: 4,
    foundBy: ['no honest node named'],
  },
  {
    name: 'votes-signed-without-network',
    about: 'what a vote signs does not name its network',
    edits: [
      edit(
        'src/consensus/vote.ts',
        'encodeFlat([vote.networkId, vote.height,',
        'encodeFlat([new Uint8Array(32), vote.height,',
      ),
    ],
    faults: ['foreign-evidence'],
    nodes: 4,
    foundBy: ['no honest node named'],
  },
  {
    name: 'said-before-durable',
    about: 'a word is said, and then kept',
    edits: [
      edit(
        'src/consensus/engine-voice.ts',
        "    this.#host.emit({ type: 'persist', records: [...untold, ...height.recordsFor(opened)] })\n",
        '',
      ),
      edit(
        'src/consensus/engine-voice.ts',
        '    return message\n',
        "    this.#host.emit({ type: 'persist', records: [...untold, ...height.recordsFor(opened)] })\n    return message\n",
      ),
    ],
    faults: [],
    nodes: 4,
    lossPerMillion: 50_000,
    isRestless: true,
    foundBy: ['no double signing'],
  },
  {
    name: 'fsync-skipped',
    about: 'a write to the log is called durable before it is',
    edits: [
      edit(
        'src/simulation/simulated-disk.ts',
        'if (!this.isLying) this.#durable = this.#seen\n',
        'if (!this.isLying && changed.log === undefined) this.#durable = this.#seen\n',
      ),
    ],
    faults: [],
    nodes: 4,
    lossPerMillion: 50_000,
    isRestless: true,
    foundBy: ['no double signing', 'lock rule'],
  },
  {
    name: 'round-skipped-on-one-word',
    about: 'a single vote of a later round is enough to go there',
    edits: [edit('src/consensus/votes-ahead.ts', 'if (weight >= this.#least.overThird) return round', 'return round')],
    faults: [],
    nodes: 4,
    lossPerMillion: 50_000,
    isRestless: true,
    foundBy: ['rounds earned'],
  },
  {
    name: 'unknown-validator-skipped',
    about: 'an entry of nobody in a commit is passed over',
    edits: [
      edit(
        COMMIT,
        "if (publicKey === undefined) return reject('unknown-validator')",
        'if (publicKey === undefined) continue',
      ),
    ],
    faults: ['forged-blocks'],
    nodes: 4,
    foundBy: ['verified set is tallied set'],
  },
  {
    name: 'float-in-vote-weight',
    about: 'vote weight is reckoned in floating point',
    edits: [
      edit(
        'src/standing/vote-weight.ts',
        'return ((alphaPpb * reputation + (PPB_ONE - alphaPpb) * stakeShare) * integrity) / (PPB_ONE * PPB_ONE)',
        'return BigInt(Math.round(((Number(alphaPpb) * Number(reputation) + Number(PPB_ONE - alphaPpb) * Number(stakeShare)) * Number(integrity)) / 1e18))',
      ),
    ],
    faults: ['equivocation'],
    nodes: 7,
    foundBy: ['weight reckoned again'],
  },
  {
    name: 'float-in-epoch-share',
    about: 'what an epoch moves is shared out in floating point',
    edits: [
      edit(
        'src/standing/next-weights.ts',
        'amounts.map((amount) => (amount * sumMax) / sum)',
        'amounts.map((amount) => BigInt(Math.round(Number(amount) * (Number(sumMax) / Number(sum)))))',
      ),
    ],
    faults: ['equivocation'],
    nodes: 7,
    foundBy: ['weight reckoned again'],
  },
]
