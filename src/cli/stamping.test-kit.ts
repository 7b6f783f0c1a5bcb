/**
 * A node that stamps at once, for tests of what signs, stamps and keeps: every submission has a block of its own on a chain of validators who really
 * sign, so its receipts and proofs hold. No product code imports it.
 */
import assert from 'node:assert/strict'
import { hexOf } from '../base/index.ts'
import { ApiError } from '../services/client.ts'
import { encodeStampProof, makeStampProof } from '../stamps/index.ts'
import type { StampEntry, StampTrust } from '../stamps/index.ts'
import { StampedChainMaker } from '../stamps/stamp-chain.test-kit.ts'
import { idOf } from './stamp-node.ts'
import type { StampNode } from './stamp-node.ts'
import { StampingClient } from './stamping-client.ts'

const FIRST_HEIGHT = 4
/** From one submission to the next. */
const HEIGHTS = 3

const makerOf = (height: number, entry?: StampEntry): StampedChainMaker => {
  class Maker extends StampedChainMaker {
    override entry(): StampEntry {
      return entry ?? super.entry()
    }
  }
  return new Maker({ validators: 4, batchSize: 3, height, heightPromised: height + 18 })
}

export interface TableStampNode extends StampNode {
  readonly trust: StampTrust
  /** Entries, in the order in which they were taken. */
  readonly entries: StampEntry[]
  /** How many submissions it will yet refuse as too late. */
  stale: number
  /** While it is false, nothing is final. */
  isFinal: boolean
}

export const tableStampNode = (): TableStampNode => {
  const entries: StampEntry[] = []
  const proofs = new Map<string, Uint8Array>()
  let height = FIRST_HEIGHT
  const node: TableStampNode = {
    address: 'http://127.0.0.1:1',
    trust: makerOf(FIRST_HEIGHT).trust(),
    entries,
    stale: 0,
    isFinal: true,
    height: async () => height,
    beacon: async () => ({ height: height - 2, block: makerOf(height).entry().beacon ?? '' }),
    submit: async (wishes, { beacon, clientKey }) => {
      if (node.stale > 0) {
        node.stale -= 1
        height += HEIGHTS
        throw new ApiError('TC_API_STAMP_BEACON', 'beacon-stale: ask for the newest', { status: 409 })
      }
      return wishes.map((wish) => {
        const entry = { ...wish, beacon }
        const maker = makerOf(height, entry)
        const parts = maker.parts()
        entries.push(entry)
        proofs.set(idOf(entry, clientKey), encodeStampProof(makeStampProof(parts)))
        height += wishes.length === 1 ? HEIGHTS : 0
        return { entry, receipt: parts.receipt }
      })
    },
    proof: async (id) => {
      const proof = proofs.get(id)
      assert(proof !== undefined, `${hexOf(entries.at(-1)?.imprint ?? new Uint8Array(0))} is not ${id}`)
      return node.isFinal ? proof : undefined
    },
  }
  return node
}

export const stampingWith = (node: TableStampNode): StampingClient =>
  new StampingClient({ node, trust: node.trust, signal: new AbortController().signal, pause: async () => {} })
