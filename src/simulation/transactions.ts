/** Transactions as a node's owner asks for them. */
import type { TimeInterval } from '../base/index.ts'
import { sealTransaction, transactionPart } from '../consensus/index.ts'
import type { SealedTransaction, TransactionKind } from '../consensus/index.ts'
import type { NodeWorld } from './node-world.ts'
import type { Participant } from './participants.ts'

export const sealed = (
  { genesis, scheme, sequenceOf }: Pick<NodeWorld, 'genesis' | 'scheme' | 'sequenceOf'>,
  author: Participant,
  asked: { readonly kind: TransactionKind; readonly payload: Uint8Array; readonly acted: TimeInterval },
): SealedTransaction => {
  const acted = { earliest: asked.acted.earliest, latest: asked.acted.latest }
  const sequence = sequenceOf(author.id)
  const { networkId } = genesis
  const body = { networkId, author: author.key, sequence, kind: asked.kind, payload: asked.payload, acted }
  const part = transactionPart(body)
  return sealTransaction({ ...body, signature: scheme.sign(author.key, part.domain, part.body) })
}
