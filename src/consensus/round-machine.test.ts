/** Each rule of the step machine by itself, on four validators of equal weight: what it says, and what it does not. Rules: docs/spec/consensus.md B-40 to B-49. */
import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hexOf } from '../base/index.ts'
import { offenderOf } from './evidence.ts'
import { CONSENSUS_DEFAULTS } from './parameters.ts'
import {
  FOUR,
  ALL,
  proposerAt,
  SELF,
  OTHERS,
  FIRST,
  lines,
  begin,
  polkaOf,
  A,
  B,
  short,
} from './one-machine.test-kit.ts'
import { blockOf, HEIGHT, machineOf, proposalOf, validatorsOf, voteOf } from './round-machine.test-kit.ts'
import { ROUNDS_BEHIND_MAX } from './round-machine-votes.ts'

/** Locked on A in round 0, and in round 1 now. */
const lockedOnA = () => {
  const node = begin()
  node.propose(A, 0)
  node.votes('prevote', 0, A.id, OTHERS)
  node.votes('precommit', 0, null, OTHERS)
  node.timeout('precommit', 0)
  return node
}

describe('a round that goes well', () => {
  const node = begin()
  test('begins by waiting for the proposal', () =>
    deepEqual(node.started, ['step propose 0', 'wait propose 0 3000 ms']))
  test('lines 22 to 27: prevotes for what may follow', () =>
    deepEqual(node.propose(A, 0), [`prevote 0 ${short(A)} -1`, 'step prevote 0']))
  test('lines 36 to 43: three of four prevotes lock it; two do not', () => {
    deepEqual(node.votes('prevote', 0, A.id, OTHERS.slice(0, 2)), [])
    deepEqual(node.votes('prevote', 0, A.id, OTHERS.slice(2)), [
      'wait prevote 0 1000 ms',
      `lock 0 ${short(A)}`,
      `precommit 0 ${short(A)} -1`,
      'step precommit 0',
    ])
  })
  test('lines 49 to 51: three of four precommits decide it', () => {
    deepEqual(node.votes('precommit', 0, A.id, OTHERS.slice(0, 2)), [])
    deepEqual(node.votes('precommit', 0, A.id, OTHERS.slice(2)), [`decide 0 ${short(A)}`])
  })
  test('then it is done, and late precommits still come to the others', () => {
    deepEqual(node.timeout('precommit', 0), [])
    deepEqual(node.votes('precommit', 0, A.id, [SELF]), [])
    equal(node.machine.precommitsFor(0, A.id).length, 4)
    equal(node.machine.view().isDecided, true)
  })
})

describe('what a decision carries', () => {
  test('the votes that were tallied, by rising place, and their time', () => {
    const { machine } = begin()
    machine.step({ type: 'proposal', proposal: proposalOf(A, { by: FIRST, round: 0 }), isValid: true })
    const effects = [3, 1, 2].flatMap((by) =>
      machine.step({ type: 'vote', vote: voteOf({ by, kind: 'precommit', round: 0, block: A.id }) }),
    )
    const [decide] = effects.filter((effect) => effect.type === 'decide')
    ok(decide !== undefined)
    deepEqual(
      decide.precommits.map(({ vote }) => FOUR.indexOf(vote.author)),
      [1, 2, 3],
    )
    deepEqual([decide.tally.isQuorum, decide.tally.isAgreed, decide.tally.weight], [true, true, 3n])
  })
  test('votes that were there before the block decide when it comes, from whatever round', () => {
    const node = begin()
    node.votes('precommit', 0, A.id, OTHERS)
    deepEqual(node.machine.view().wanted, { round: 0, block: A.id })
    ok(node.propose(A, 0).includes(`decide 0 ${short(A)}`))
  })
  test('one who does not vote decides, and says nothing', () => {
    const node = begin(null)
    const said = [
      ...node.propose(A, 0),
      ...node.votes('prevote', 0, A.id, OTHERS),
      ...node.votes('precommit', 0, A.id, OTHERS),
    ]
    deepEqual(said, ['step prevote 0', 'wait prevote 0 1000 ms', 'step precommit 0', `decide 0 ${short(A)}`])
  })
})

describe('a round that does not', () => {
  test('lines 57 to 67: nil, nil, and the next round, each waiting longer', () => {
    const node = begin()
    deepEqual(node.timeout('propose', 0), ['prevote 0 nil -1', 'step prevote 0'])
    deepEqual(node.votes('prevote', 0, A.id, [OTHERS[0] ?? 0]), [])
    deepEqual(node.votes('prevote', 0, null, OTHERS.slice(1)), ['wait prevote 0 1000 ms'])
    deepEqual(node.timeout('prevote', 0), ['precommit 0 nil -1', 'step precommit 0'])
    deepEqual(node.votes('precommit', 0, null, OTHERS), ['wait precommit 0 1000 ms'])
    deepEqual(node.timeout('precommit', 0), ['step propose 1', 'wait propose 1 3500 ms'])
  })
  test('lines 44 to 46: a quorum for nothing needs no waiting', () => {
    const node = begin()
    node.timeout('propose', 0)
    deepEqual(node.votes('prevote', 0, null, OTHERS).slice(-2), ['precommit 0 nil -1', 'step precommit 0'])
  })
  test('a block that may not follow gets nil, whoever votes for it', () => {
    const { machine } = begin()
    const proposal = proposalOf(A, { by: FIRST, round: 0 })
    deepEqual(lines(machine.step({ type: 'proposal', proposal, isValid: false })), [
      'prevote 0 nil -1',
      'step prevote 0',
    ])
    for (const kind of ['prevote', 'precommit'] as const)
      for (const by of OTHERS) machine.step({ type: 'vote', vote: voteOf({ by, kind, round: 0, block: A.id }) })
    deepEqual([machine.view().isDecided, machine.view().lockedBlock], [false, null])
  })
  for (const [name, step, round] of [
    ['of an earlier round', 'precommit', 0],
    ['of an earlier step', 'propose', 1],
    ['of a round to come', 'precommit', 2],
  ] as const)
    test(`a timeout ${name} does nothing`, () => {
      const node = begin()
      node.timeout('precommit', 0)
      node.timeout('propose', 1)
      deepEqual(node.timeout(step, round), [])
    })
  test('a second start, and anything before the first, are bugs', () => {
    throws(() => begin().machine.step({ type: 'start' }))
    throws(() => machineOf(FOUR, SELF).step({ type: 'timeout', step: 'propose', round: 0 }))
  })
})

describe('locks', () => {
  test('line 23: bound to A, it does not prevote B that leans on nothing', () =>
    deepEqual(lockedOnA().propose(B, 1), ['prevote 1 nil -1', 'step prevote 1']))
  test('line 29: bound to A, it prevotes B that leans on a quorum since', () => {
    const node = lockedOnA()
    node.timeout('precommit', 1)
    deepEqual(node.propose(B, 2, { validRound: 1, polka: polkaOf(B, 1, OTHERS) })[0], `prevote 2 ${short(B)} 1`)
  })
  test('line 29: bound to A, it prevotes A again', () =>
    deepEqual(lockedOnA().propose(A, 1, { validRound: 0, polka: polkaOf(A, 0, OTHERS) })[0], `prevote 1 ${short(A)} 0`))
  test('having precommitted B and then C, it prevotes C only leaning on a round since B (B-46)', () => {
    const rows = [
      [0, 'prevote 3 nil -1'],
      [1, `prevote 3 ${short(A)} 1`],
    ] as const
    for (const [validRound, said] of rows) {
      const node = begin()
      node.timeout('precommit', 0)
      node.propose(B, 1)
      node.votes('prevote', 1, B.id, OTHERS)
      node.timeout('precommit', 1)
      node.propose(A, 2, { validRound: 1, polka: polkaOf(A, 1, OTHERS) })
      node.votes('prevote', 2, A.id, OTHERS, 1)
      equal(node.machine.view().lockedBlock, A.id)
      node.timeout('precommit', 2)
      equal(node.propose(A, 3, { validRound, polka: polkaOf(A, validRound, OTHERS) })[0], said)
    }
  })
  test('a proposer bound to a block puts it forward with its prevotes', () => {
    const node = begin(proposerAt(1))
    const others = ALL.filter((index) => index !== proposerAt(1))
    node.propose(A, 0)
    node.votes('prevote', 0, A.id, others)
    ok(node.timeout('precommit', 0).includes(`propose 1 ${short(A)} 0 3`))
  })
  test('a proposer that is bound to nothing makes a block, and waits for it like anybody', () =>
    deepEqual(begin(FIRST).started, ['step propose 0', 'propose 0 new -1 0', 'wait propose 0 3000 ms']))
})

describe('what does not count', () => {
  const counted = (node: ReturnType<typeof begin>) => [node.machine.view().prevoted, node.machine.view().precommitted]
  test('a vote twice', () => {
    const node = begin()
    node.votes(
      'prevote',
      0,
      A.id,
      [1, 1, 1].map(() => OTHERS[0] ?? 0),
    )
    deepEqual(counted(node), [1n, 0n])
  })
  test('a vote of a stranger, of another height, and a precommit without its time', () => {
    const { machine } = begin()
    const signed = voteOf({ by: 1, kind: 'precommit', round: 0, block: A.id })
    machine.step({ type: 'vote', vote: voteOf({ by: 9, kind: 'prevote', round: 0, block: A.id }) })
    machine.step({ type: 'vote', vote: { ...signed, vote: { ...signed.vote, height: HEIGHT + 1 } } })
    machine.step({ type: 'vote', vote: { ...signed, time: null } })
    deepEqual([machine.view().prevoted, machine.view().precommitted], [0n, 0n])
  })
  test('prevotes that lean on another round than the others (B-43)', () => {
    const node = begin()
    node.timeout('precommit', 0)
    node.propose(B, 1)
    node.votes('prevote', 1, B.id, OTHERS.slice(0, 2))
    node.votes('prevote', 1, B.id, OTHERS.slice(2), 0)
    deepEqual([node.machine.view().lockedBlock, node.machine.view().prevoted], [null, 3n])
  })
  const faults: readonly (readonly [string, ReturnType<typeof proposalOf>, string])[] = [
    ['of somebody else', proposalOf(B, { by: SELF, round: 1 }), 'wrong-proposer'],
    ['leaning on its own round', proposalOf(B, { by: proposerAt(1), round: 1, validRound: 1 }), 'wrong-valid-round'],
    [
      'with prevotes and leaning on nothing',
      proposalOf(B, { by: proposerAt(1), round: 1, polka: polkaOf(B, 0, OTHERS) }),
      'wrong-valid-round',
    ],
    ...(
      [
        ['too few prevotes', polkaOf(A, 0, OTHERS.slice(1))],
        ['none', []],
        ['one twice', polkaOf(A, 0, [0, 1, 1])],
        ['a stranger among them', polkaOf(A, 0, [0, 1, 9])],
        ['prevotes for another block', polkaOf(B, 0, OTHERS)],
        ['prevotes of another round', polkaOf(A, 1, OTHERS)],
        ['prevotes that lean on different rounds', [...polkaOf(A, 0, [0, 1]), ...polkaOf(A, 0, [2], 0)]],
        ['precommits', OTHERS.map((by) => voteOf({ by, kind: 'precommit', round: 0, block: A.id }).vote)],
      ] as const
    ).map(
      ([name, polka]) =>
        [
          `leaning on ${name}`,
          proposalOf(A, { by: proposerAt(1), round: 1, validRound: 0, polka }),
          'unfounded-valid-round',
        ] as const,
    ),
  ]
  for (const [name, proposal, reason] of faults)
    test(`a proposal ${name}`, () => {
      const { machine } = begin()
      machine.step({ type: 'timeout', step: 'precommit', round: 0 })
      equal(machine.proposalFault(proposal), reason)
      deepEqual(machine.step({ type: 'proposal', proposal, isValid: true }), [])
    })
})

describe('rounds ahead', () => {
  test('lines 55 and 56: more than a third of the weight in a round, and not less', () => {
    const node = begin()
    deepEqual(node.votes('prevote', 3, null, OTHERS.slice(0, 1)), [])
    deepEqual(node.votes('precommit', 3, null, OTHERS.slice(1, 2)).slice(0, 1), ['step propose 3'])
  })
  test('one validator in many rounds moves nobody', () => {
    const node = begin()
    for (let round = 1; round < 40; round += 1) deepEqual(node.votes('prevote', round, null, OTHERS.slice(0, 1)), [])
    equal(node.machine.known().votes.length, 2)
  })
  test('a third in equal weights of three is not more than a third', () => {
    const three = validatorsOf([1n, 1n, 1n])
    const node = begin(0, [], three)
    deepEqual(node.votes('prevote', 3, null, [1]), [])
    equal(node.votes('prevote', 3, null, [2])[0], 'step propose 3')
  })
  test('of two that are ahead, the nearer round is where both have been', () =>
    equal(
      [begin()].flatMap((node) => [
        ...node.votes('prevote', 5, null, OTHERS.slice(0, 1)),
        ...node.votes('prevote', 3, null, OTHERS.slice(1, 2)),
      ])[0],
      'step propose 3',
    ))
  test('what was heard before a round began counts in it', () => {
    const node = begin()
    node.propose(B, 1)
    node.votes('prevote', 1, B.id, OTHERS.slice(0, 2))
    deepEqual(node.machine.view().prevoted, 2n)
    equal(node.machine.view().hasProposal, true)
  })
  test('old rounds are let go, a lock is not', () => {
    const node = lockedOnA()
    for (let round = 1; round <= ROUNDS_BEHIND_MAX + 5; round += 1) node.timeout('precommit', round)
    const { votes, proposals } = node.machine.known()
    deepEqual([votes.length, proposals.length], [0, 0])
    equal(node.machine.view().lockedBlock, A.id)
    equal(node.machine.blockOf(A.id)?.id, A.id)
  })
})

describe('offences, each told once', () => {
  const rows: readonly (readonly [string, (node: ReturnType<typeof begin>) => string[]])[] = [
    [
      'votes',
      (node) => [
        ...node.votes('prevote', 0, A.id, [1]),
        ...node.votes('prevote', 0, null, [1, 1]),
        ...node.votes('prevote', 0, B.id, [1]),
      ],
    ],
    ['votes', (node) => [...node.votes('prevote', 2, null, [1]), ...node.votes('prevote', 2, A.id, [1])]],
    [
      'proposals',
      (node) => [
        ...node.propose(A, 0),
        ...node.propose(blockOf(0, FIRST, 7), 0),
        ...node.propose(blockOf(0, FIRST, 8), 0),
      ],
    ],
    ['proposals', (node) => [...node.propose(B, 1), ...node.propose(blockOf(1, proposerAt(1), 7), 1)]],
    [
      'times',
      ({ machine }) =>
        [10n, 11n, 12n].flatMap((earliest) =>
          lines(
            machine.step({
              type: 'vote',
              vote: voteOf({ by: 1, kind: 'precommit', round: 0, block: A.id, received: { earliest, latest: 20n } }),
            }),
          ),
        ),
    ],
    [
      'amnesia',
      (node) => {
        node.votes('precommit', 0, A.id, [1])
        node.timeout('precommit', 0)
        return [...node.votes('prevote', 1, B.id, [1]), ...node.votes('prevote', 1, B.id, [1])]
      },
    ],
    [
      'amnesia',
      (node) => {
        node.timeout('precommit', 0)
        return [...node.votes('prevote', 1, B.id, [1]), ...node.votes('precommit', 0, A.id, [1])]
      },
    ],
  ]
  for (const [i, [type, run]] of rows.entries())
    test(`${type}, ${i + 1}`, () => {
      const { machine, ...node } = begin()
      const told = run({ machine, ...node }).filter((line) => line.startsWith('offence'))
      deepEqual(told, [`offence ${type}`])
    })
  test('the author is named', () => {
    const { machine } = begin()
    const effects = [A.id, null].flatMap((block) =>
      machine.step({ type: 'vote', vote: voteOf({ by: 2, kind: 'prevote', round: 0, block }) }),
    )
    const [offence] = effects.filter((effect) => effect.type === 'offence')
    equal(offence && hexOf(offenderOf(offence.evidence)), hexOf(FOUR.at(2)?.key ?? new Uint8Array()))
  })
  test('prevoting the same block again, or another on a quorum since, is none', () => {
    const node = begin()
    node.votes('precommit', 0, A.id, [1])
    node.timeout('precommit', 0)
    deepEqual(node.votes('prevote', 1, A.id, [1]), [])
    node.timeout('precommit', 1)
    deepEqual(node.votes('prevote', 2, B.id, [1], 1), [])
  })
})

test('the waits grow with the round by what the genesis says', () => {
  const { timeoutProposeNs, timeoutStepNs } = CONSENSUS_DEFAULTS
  const { machine } = begin()
  machine.step({ type: 'vote', vote: voteOf({ by: OTHERS[0] ?? 0, kind: 'prevote', round: 7, block: null }) })
  const effects = machine.step({
    type: 'vote',
    vote: voteOf({ by: OTHERS[1] ?? 0, kind: 'prevote', round: 7, block: null }),
  })
  deepEqual(
    effects.filter((effect) => effect.type === 'timeout'),
    [{ type: 'timeout', step: 'propose', round: 7, delayNs: timeoutProposeNs + 7n * timeoutStepNs }],
  )
})

test('the view says who is silent', () => {
  const node = begin()
  node.votes('prevote', 0, null, [OTHERS[0] ?? 0])
  const { heard, silent, total, proposer } = node.machine.view()
  deepEqual([heard, silent, total, proposer], [[OTHERS[0]], ALL.filter((index) => index !== OTHERS[0]), 4n, FIRST])
})
