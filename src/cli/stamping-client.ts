/**
 * Having digests stamped that depend on the newest block: what is signed here names the beacon that its stamp mixes in, so it is made anew
 * where the network was faster than the way to the node. For attribution chains and git objects; files have a run of their own
 * (stamp-run.ts).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ChimerError, equalBytes } from '../base/index.ts'
import { ApiError, openClient } from '../services/client.ts'
import { openStampProof, verifyStamp } from '../stamps/index.ts'
import type { PendingStamp, StampEntry, StampProof, StampTrust, VerifiedStamp } from '../stamps/index.ts'
import type { Ending } from './ending.ts'
import { meet } from './stamp.ts'
import { stampNodeOf } from './stamp-node-client.ts'
import { checkTaken, idOf } from './stamp-node.ts'
import type { StampNode, Wish } from './stamp-node.ts'
import { trustOf } from './stamp-trust-files.ts'

/** Beacons that are tried. */
const BEACON_ATTEMPTS = 3
/** Between two looks for a proof, ms; and looks between two looks at the node's promise. */
const LOOK_MS = 200
const LOOKS_BETWEEN = 10
/** A block is final once the next one is decided, and a node takes a moment to make a proof. */
const HEIGHTS_SPARED = 3
/** A node counts requests by the minute. */
const RATE_PAUSE_MS = 5000
const RATE_ATTEMPTS = 24
/** Wishes in one submission. */
export const STAMPING_WISHES_MAX = 100

export interface Finished {
  readonly bytes: Uint8Array
  readonly proof: StampProof
  readonly verified: VerifiedStamp
}

export interface StampingOptions {
  readonly node: StampNode
  /** What the node's proofs are checked with. */
  readonly trust: StampTrust
  readonly signal: AbortSignal
  readonly pause: (ms: number) => Promise<void>
}

/** What is to be stamped with a beacon; `made` goes back to the caller beside the receipts. */
export interface Prepared<T> {
  /** At most STAMPING_WISHES_MAX. */
  readonly wishes: readonly Wish[]
  readonly made: T
}

export class StampingClient {
  readonly #options: StampingOptions

  constructor(options: StampingOptions) {
    this.#options = options
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
    for (let attempt = 1; ; attempt += 1) {
      const beacon = await this.#beacon()
      const { wishes, made } = await prepare(beacon)
      try {
        return { made, pending: await this.#submit(wishes, beacon) }
      } catch (cause) {
        if (!isBeaconOld(cause) || attempt === BEACON_ATTEMPTS) throw cause
      }
    }
  }

  async #beacon(): Promise<string> {
    const beacon = await this.#patiently(() => this.#options.node.beacon())
    if (beacon !== undefined) return beacon.block
    throw new ChimerError(
      'TC_STAMP_NO_BEACON',
      'The network has decided no block yet, so there is no beacon to mix in. Try again in a moment.',
    )
  }

  async #submit(wishes: readonly Wish[], beacon: string): Promise<readonly PendingStamp[]> {
    const { node, trust } = this.#options
    const { networkId } = trust
    const clientKey = ''
    const taken = await this.#patiently(() => node.submit(wishes, { beacon, clientKey }))
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
    const bytes = await this.#proofOf(idOf(entry, clientKey), heightPromised)
    const opened = openStampProof(bytes)
    if (opened.verdict !== 'accept') throw wrongProof(opened.reason)
    const proof = opened.value
    if (proof.algorithm !== entry.algorithm || !equalBytes(proof.imprint, entry.imprint))
      throw wrongProof('it is of another stamp')
    const verified = verifyStamp(proof, { trust: this.#options.trust })
    if (verified.verdict !== 'accept') throw wrongProof(`${verified.link}, ${verified.reason}`)
    return { bytes, proof, verified: verified.value }
  }

  async #proofOf(id: string, heightPromised: number | undefined): Promise<Uint8Array> {
    const { node, signal, pause } = this.#options
    for (let look = 1; ; look += 1) {
      signal.throwIfAborted()
      const proof = await this.#patiently(() => node.proof(id))
      if (proof !== undefined) return proof
      if (heightPromised !== undefined && look % LOOKS_BETWEEN === 0) await this.#mindPromise(heightPromised)
      await pause(LOOK_MS)
    }
  }

  async #mindPromise(heightPromised: number): Promise<void> {
    const newest = await this.#patiently(() => this.#options.node.beacon())
    if (newest === undefined || newest.height <= heightPromised + HEIGHTS_SPARED) return
    throw new ChimerError(
      'TC_STAMP_PROMISE',
      `The node promised a block no later than ${heightPromised}, the network is at ${newest.height}, and the stamp is not final. Have it stamped by another node.`,
    )
  }

  /** Waits where the node says that we ask too often; rejects with everything else. */
  async #patiently<T>(ask: () => Promise<T>): Promise<T> {
    const { signal, pause } = this.#options
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await ask()
      } catch (cause) {
        signal.throwIfAborted()
        if (!(cause instanceof ApiError) || cause.status !== 429 || attempt === RATE_ATTEMPTS) throw cause
        await pause(RATE_PAUSE_MS)
      }
    }
  }
}

const isBeaconOld = (cause: unknown): boolean =>
  cause instanceof ApiError && (cause.code === 'TC_API_STAMP_BEACON' || /beacon-(?:stale|unknown)/.test(cause.message))

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
