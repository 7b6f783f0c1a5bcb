/** What is taken for a genesis file. */
import { throws } from 'node:assert/strict'
import { test } from 'node:test'
import { CHECKPOINT_FORM } from '../stamps/index.ts'
import { genesisFrom } from './known-networks.ts'

test('a checkpoint in the place of a genesis is told for what it is', () =>
  throws(() => genesisFrom({ form: CHECKPOINT_FORM, networkId: '00' }), /no genesis: give it with --checkpoint/))
