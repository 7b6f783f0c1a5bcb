/** The chain as text. */
import { match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import picocolors from 'picocolors'
import { BLOCK_EXAMPLE, CHAIN_STATUS_EXAMPLE, VALIDATORS_EXAMPLE } from '../services/chain-examples.ts'
import type { BlockView, ChainStatusView, ValidatorView } from '../services/schema.ts'
import { blockLines, chainLines, votingLines } from './chain-lines.ts'

const drawing = { columns: Number.POSITIVE_INFINITY, paint: picocolors.createColors(false) }
const { round, emergency } = CHAIN_STATUS_EXAMPLE
const told = (change: Partial<ChainStatusView> = {}): string =>
  chainLines({ ...CHAIN_STATUS_EXAMPLE, ...change }, drawing).join('\n')
const shown = (change: Partial<BlockView> = {}): string =>
  blockLines({ ...BLOCK_EXAMPLE, ...change }, drawing).join('\n')

test('where the chain stands, what it waits for, and the newest block', () => {
  match(told(), /^chain +height 1235, round 0, prevote; epoch 0, 1234 of 3600 heights\n +Enough prevotes are in\./)
  match(told(), /\nblock +1234, 840 ms old, interval 492 ms wide, by bede, signed by 1 of 2$/)
  match(told({ tip: null, round: { ...round, height: 1 } }), /\nblock +none yet$/)
  match(told({ tip: null }), /\nblock +1234, which this node does not hold$/)
  ok(!/No block can|EMERGENCY|stopped/.test(told()))
})

test('that no quorum can come about, and why', () =>
  match(
    told({ round: { ...round, silentWeight: 2_000_000_000, stuck: true } }),
    /No block can be decided until some of them speak again: a third of the weight or more is silent/,
  ))

const [ada] = VALIDATORS_EXAMPLE.validators
ok(ada !== undefined)
const waiting = { ...ada, role: 'candidate', weight: 0, share: 0, why: 'Does not vote yet: 3 of 60.' } as const
const leaving = { ...ada, role: 'leaving', why: 'It is leaving.' } as const
const votes: readonly (readonly [isVoting: boolean, member: ValidatorView | undefined, text: RegExp])[] = [
  [true, ada, /^votes +with 75 % of the weight$/],
  [false, ada, /^votes +no: it was started without --validator, so its 75 % of the weight is silent$/],
  [false, undefined, /^votes +no: its key is no member.*truechimer join$/],
  [false, waiting, /^votes +no: candidate\. Does not vote yet: 3 of 60\.$/],
  [true, leaving, /^votes +with 75 % of the weight\. It is leaving\.$/],
]
test('whoever has stopped deciding does not vote', () => {
  const lines = votingLines({ ...CHAIN_STATUS_EXAMPLE, halted: 'The disk is full.' }, ada, drawing)
  match(lines.join('\n'), /^votes +no: it has stopped deciding, so its 75 % of the weight is silent$/)
})
for (const [validator, member, text] of votes)
  test(`whether the node votes: ${text.source}`, () =>
    match(votingLines({ ...CHAIN_STATUS_EXAMPLE, round: { ...round, validator } }, member, drawing).join('\n'), text))

test('an emergency stands first, and so loud does a halt', () => {
  const alarm = { ...emergency, emergency: true, explanation: 'More than a third is out.' }
  match(told({ emergency: alarm }), /^TIME EMERGENCY +More than a third is out\.\nchain/)
  match(
    told({ halted: 'The disk is full. [TC_X]' }),
    /\n +This node has stopped deciding: The disk is full\. \[TC_X\]\nblock/,
  )
})

test('a block: what is proven, who signed when, who is missing, what it holds', () => {
  const text = shown()
  match(text, /^block +1234 {2}7d7d/)
  match(text, /\ntime +2026-11-21T00:59:59\.758000000Z, interval 492 ms wide, settled\n/)
  match(text, /\n +from 2026-11-21T00:59:59\.512000000Z to 2026-11-21T01:00:00\.004000000Z\n/)
  match(text, /\nproven +Signed by 1 of 2 validators/)
  match(text, /\nholds +1 transaction, 2 proofs, 5 attestations, 0 offences, 2,710 bytes\n/)
  match(text, /\nada +75 % +received \+244 ms from the timestamp, ± 1\.75 ms\n/)
  match(text, /\nbede +25 % +not in the commit; any quorum will do\n/)
  match(text, /\nmark +ada +8e8e/)
  ok(!/\nopen/.test(text))
})

test('what is not settled, and clocks that had no time or were late', () => {
  const [signer] = BLOCK_EXAMPLE.commit?.signers ?? []
  ok(signer !== undefined && BLOCK_EXAMPLE.commit !== null)
  const late = { ...signer, received: { earliest: '0', latest: '1795222837003900000' }, widthNs: null }
  const signers = [{ ...signer, received: null, widthNs: null }, late]
  const text = shown({ settled: false, open: 'Block 1235 settles it.', commit: { ...BLOCK_EXAMPLE.commit, signers } })
  match(text, /not settled yet\n/)
  match(text, /\nopen +Block 1235 settles it\.\n/)
  match(text, /its clock had no time/)
  match(text, /by 2026-11-21T01:00:00\.003900000Z at the latest/)
  match(shown({ emergency: true }), /^TIME EMERGENCY/)
})
