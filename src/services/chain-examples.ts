/** Good answers about the chain, for /openapi.json. Typed and tested as those in `examples.ts`, whose names they use. */
import type {
  AcceptedView,
  BlocksView,
  BlockSummary,
  BlockView,
  ChainStatusView,
  EmergencyView,
  EpochView,
  GenesisView,
  LightView,
  RoundView,
  TransactionForm,
  ValidatorsView,
} from './chain-schema.ts'

const ADA = { id: '12D3KooWGRUVh7XqMbVdxRGTqcb4nTCzZ9nRgPFh3iKfCCuLBmoT', name: 'ada' }
const BEDE = { id: '12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA', name: 'bede' }
const VOICE = 1_000_000_000
const TRANSACTION_CID = 'bafyrmibphzkm6zrbr7ql2ll5xlkbzxkqfvo7dqz4nqwvqk6p3m2g7tq5ra'

export const BLOCK_SUMMARY_EXAMPLE: BlockSummary = {
  height: 1234,
  id: '7d'.repeat(32),
  round: 0,
  proposer: BEDE,
  time: {
    earliest: '1795222836512000000',
    latest: '1795222837004000000',
    timestamp: '1795222836758000000',
    widthNs: 492_000_000,
    utc: '2026-11-21T00:59:59.758000000Z',
  },
  settled: true,
  own: { earliest: '1795222837000400000', latest: '1795222837003900000' },
  signers: 1,
  validators: 2,
  transactions: 1,
  witnessed: 2,
  offences: 0,
  emergency: false,
  bytes: 2710,
}

export const BLOCKS_EXAMPLE: BlocksView = { blocks: [BLOCK_SUMMARY_EXAMPLE], first: 1, last: 1235 }

export const BLOCK_EXAMPLE: BlockView = {
  ...BLOCK_SUMMARY_EXAMPLE,
  parent: '6c'.repeat(32),
  proven: 'Signed by 1 of 2 validators with 75 % of the weight; more than two thirds decide.',
  open: '',
  header: {
    proposedRound: 0,
    commitRoot: '1a'.repeat(32),
    transactionsRoot: '2b'.repeat(32),
    evidenceRoot: '3c'.repeat(32),
    stateRoot: '4d'.repeat(32),
    weightsRoot: '5e'.repeat(32),
    availability: [],
    proposerKey: '6f'.repeat(32),
  },
  commit: {
    round: 0,
    settles: true,
    weight: 3 * VOICE,
    total: 4 * VOICE,
    quorum: 2_666_666_667,
    signers: [
      {
        index: 0,
        ...ADA,
        weight: 3 * VOICE,
        received: { earliest: '1795222837000400000', latest: '1795222837003900000' },
        widthNs: 3_500_000,
      },
    ],
    missing: [{ ...BEDE, weight: VOICE }],
  },
  transactionList: [
    {
      key: TRANSACTION_CID,
      kind: 'mark',
      author: ADA,
      sequence: 3,
      acted: { earliest: '1795222836480000000', latest: '1795222836483500000' },
      payload: '8e'.repeat(32),
    },
  ],
  attestations: 5,
  offenceList: [],
}

const EPOCH: EpochView = { number: 0, firstHeight: 1, lastHeight: 3600, decided: 1234, slots: 3600 }
const CALM: EmergencyView = { emergency: false, out: [], outShare: 0, explanation: '' }

export const ROUND_EXAMPLE: RoundView = {
  height: 1235,
  round: 0,
  step: 'prevote',
  proposer: ADA,
  validator: true,
  prevoted: 3 * VOICE,
  precommitted: 0,
  total: 4 * VOICE,
  quorum: 2_666_666_667,
  silent: [{ ...BEDE, weight: VOICE }],
  silentWeight: VOICE,
  behind: 0,
  pending: 2,
  locked: null,
  waiting: 'Enough prevotes are in.',
  stuck: false,
}

export const CHAIN_STATUS_EXAMPLE: ChainStatusView = {
  halted: '',
  round: ROUND_EXAMPLE,
  roundsFailed: 2,
  epoch: EPOCH,
  emergency: CALM,
  tip: BLOCK_SUMMARY_EXAMPLE,
  tipAgeNs: 840_000_000,
}

export const VALIDATORS_EXAMPLE: ValidatorsView = {
  height: 1235,
  asOf: 1234,
  epoch: EPOCH,
  total: 4 * VOICE,
  quorum: 2_666_666_667,
  emergency: CALM,
  parameters: { alpha: 500_000_000, beta: 100_000_000, gamma: 500_000_000, joinRecordSlots: 60 },
  validators: [
    {
      ...ADA,
      self: true,
      role: 'validator',
      weight: 750_000_000,
      share: 750_000_000,
      reputation: 500_000_000,
      stakeShare: 1_000_000_000,
      integrity: 1_000_000_000,
      accuracy: 997_000_000,
      judgedSlots: 1231,
      placedSlots: 1230,
      absentSlots: 0,
      falseSlots: 0,
      inRangeSlots: 1230,
      since: 0,
      status: 'truechimer',
      reason: 'in-range',
      explanation: 'Keeps good time.',
      why: 'Reputation 50 % and stake 100 % make 75 % of a voice.',
      changed: null,
    },
  ],
}

export const GENESIS_EXAMPLE: GenesisView = {
  networkId: '5f0c1c3ad9f8a4f0cbb9b5f4ac32e2e68b1d7a7e0dfd86cb7a0d1f1a3c9a5b42',
  name: 'devnet',
  genesis: { name: 'devnet', parameters: { slotNs: 1_000_000_000 }, members: [{ ...ADA, weight: 1 }] },
}

export const LIGHT_EXAMPLE: LightView = { from: 0, to: 1234, bytes: 'im9leGFtcGxlLW9mLWEtcHJvb2Y=' }

export const TRANSACTION_EXAMPLE: TransactionForm = { bytes: 'im9leGFtcGxlLW9mLWEtdHJhbnNhY3Rpb24=' }

export const ACCEPTED_EXAMPLE: AcceptedView = { key: TRANSACTION_CID }
