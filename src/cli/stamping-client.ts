/**
 * Having digests stamped that depend on the newest block: what is signed here names the beacon that its stamp mixes in, so it is made anew
 * where the network was faster than the way to the node. For attribution chains and git objects; files have a run of their own
 * (stamp-run.ts).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ChimerError, equalBytes } from '../base/index.ts'
import { openClient } from '../services/client.ts'
import { entryOfProof, leafOf, openStampProof } from '../stamps/index.ts'
import { verifyStampInParallel } from '../stamps/io/parallel-verifier.ts'
import type { PendingStamp, StampEntry, StampProof, StampTrust, VerifiedStamp } from '../stamps/index.ts'
import type { Ending } from './ending.ts'
import { meet } from './stamp.ts'
import { stampNodeOf } from './stamp-node-client.ts'
import { checkTaken, idOf } from './stamp-node.ts'
import type { Wish } from './stamp-node.ts'
import { trustOf } from './stamp-trust-files.ts'
import { StampWaiting } from './stamp-waiting.ts'
import type { LateStamp, StampWaitingOptions } from './stamp-waiting.ts'

/** Wishes in one submission. */
export const STAMPING_WISHES_MAX = 100

export interface Finished {
  readonly bytes: Uint8Array
  readonly proof: StampProof
  readonly verified: VerifiedStamp
}

export interface StampingOptions extends StampWaitingOptions {
  /** What the node's proofs are checked with. */
  readonly trust: StampTrust
}

/** What is to be stamped with a beacon; `made` goes back to the caller beside the receipts. */
export interface Prepared<T> {
  /** At most STAMPING_WISHES_MAX. */
  readonly wishes: readonly Wish[]
  readonly made: T
}

export class StampingClient {
  readonly #options: StampingOptions
  readonly #patience: StampWaiting

  constructor(options: StampingOptions) {
    this.#options = options
    this.#patience = new StampWaiting(options)
  }

  get networkId(): Uint8Array {
    return this.#options.trust.networkId
  }
  get trust(): StampTrust {
    return this.#options.trust
  }
  /** The node's address, for people. */
  get address(): string {
    return this.#options.node.address
  }

  /** Receipts for what is prepared with the newest beacon (a block's id in hex). Rejects where the node refuses or cannot be reached. */
  async take<T>(
    prepare: (beacon: string) => Promise<Prepared<T>>,
  ): Promise<{ readonly made: T; readonly pending: readonly PendingStamp[] }> {
    return this.#patience.withBeacon(async (beacon) => {
      const { wishes, made } = await prepare(beacon)
      return { made, pending: await this.#submit(wishes, beacon) }
    })
  }

  async #submit(wishes: readonly Wish[], beacon: string): Promise<readonly PendingStamp[]> {
    const { node, trust } = this.#options
    const { networkId } = trust
    const clientKey = ''
    const taken = await this.#patience.patiently(() => node.submit(wishes, { beacon, clientKey }))
    return wishes.map((wish, i) => {
      const own = taken[i]
      if (own === undefined)
        throw new ChimerError('TC_STAMP_RECEIPT', 'The node answered with fewer receipts than it was asked for.')
      checkTaken({ ...wish, beacon, clientKey, networkId }, own)
      return { ...own, salt: new Uint8Array(0), clientKey, node: node.address }
    })
  }

  /** Waits for the proof, and checks it. `TC_STAMP_PROMISE` where the node breaks its word; `TC_STAMP_PROOF` where the proof does not hold. */
  async finish({ entry, clientKey, receipt }: PendingStamp): Promise<Finished> {
    return this.finishStamp(entry, { clientKey, heightPromised: receipt.heightPromised })
  }

  /** The same for whoever has kept no receipt, and so no promise. */
  async finishStamp(
    entry: StampEntry,
    { clientKey = '', heightPromised }: { readonly clientKey?: string; readonly heightPromised?: number } = {},
  ): Promise<Finished> {
    const bytes = await this.#patience.proofOf(idOf(entry, clientKey), { heightPromised, late: lateStamp })
    const opened = openStampProof(bytes)
    if (opened.verdict !== 'accept') throw wrongProof(opened.reason)
    const proof = opened.value
    if (!equalBytes(leafOf(entryOfProof(proof)), leafOf(entry))) throw wrongProof('it is of another stamp')
    const verified = await verifyStampInParallel(proof, { trust: this.#options.trust })
    if (verified.verdict !== 'accept') throw wrongProof(`${verified.link}, ${verified.reason}`)
    return { bytes, proof, verified: verified.value }
  }
}

const lateStamp = ({ height, heightPromised, heightNewest }: LateStamp): ChimerError =>
  height === undefined
    ? new ChimerError(
        'TC_STAMP_PROMISE',
        `The node promised a block no later than ${heightPromised}, the network is at ${heightNewest}, and the stamp is not final. Have it stamped by another node.`,
      )
    : wrongProof(`the stamp is in block ${height}, and the node makes no proof of it`)

const wrongProof = (why: string): ChimerError =>
  new ChimerError(
    'TC_STAMP_PROOF',
    `The node’s proof does not hold: ${why}. Ask again later, and tell the operator of the node.`,
  )

/** Of a node's API, checked by the genesis of its network, which is known from then on. */
export const openStamping = async (
  { node, networks }: { readonly node: string; readonly networks?: string },
  { signal }: Ending,
): Promise<StampingClient> => {
  const client = openClient({ baseUrl: node, signal })
  const genesis = await meet(client, { node, ...(networks === undefined ? {} : { networks }) })
  return new StampingClient({
    node: stampNodeOf(client, node),
    trust: trustOf(genesis),
    signal,
    pause: (ms) => sleep(ms, undefined, { signal }),
  })
}
