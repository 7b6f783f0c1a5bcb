/** A node's HTTP API as `truechimer stamp` asks it. What it answers is opened here and checked by who asked. */
import { ChimerError, bytesOfHex, hexOf } from '../base/index.ts'
import { ApiError } from '../services/client.ts'
import type { Client, StampView } from '../services/client.ts'
import { openReceipt } from '../stamps/index.ts'
import type { StampNode, Taken } from './stamp-node.ts'

/** @param address for people, a URL. */
export const stampNodeOf = (client: Pick<Client, 'stamps'>, address: string): StampNode => ({
  address,
  beacon: async () => (await client.stamps.beacon()) ?? undefined,
  submit: async (wishes, { beacon, clientKey }) => {
    const asks = wishes.map(({ algorithm, imprint }) => ({ algorithm, imprint: hexOf(imprint), beacon }))
    const views = await client.stamps.submitMany(asks, clientKey === '' ? {} : { clientKey })
    return views.map(takenOf)
  },
  proof: async (id) => {
    try {
      return await client.stamps.proof(id)
    } catch (cause) {
      if (cause instanceof ApiError && cause.code === 'TC_API_STAMP_NOT_FINAL') return undefined
      throw cause
    }
  },
  height: async (id) => (await client.stamps.find(id)).height ?? undefined,
})

/** `TC_STAMP_RECEIPT` where there is no receipt in it. */
const takenOf = ({ entry, receipt }: StampView): Taken => {
  const imprint = bytesOfHex(entry.imprint)
  const opened = openReceipt(new Uint8Array(Buffer.from(receipt, 'base64')))
  if (imprint !== undefined && opened.verdict === 'accept')
    return { entry: { algorithm: entry.algorithm, imprint, beacon: entry.beacon }, receipt: opened.value }
  const why = opened.verdict === 'accept' ? 'wrong-shape' : opened.reason
  throw new ChimerError(
    'TC_STAMP_RECEIPT',
    `The node answered with something that is no receipt: ${why}. Ask another node.`,
  )
}
