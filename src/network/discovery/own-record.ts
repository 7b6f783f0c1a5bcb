/**
 * Our own record: made when the time is known, made anew at half its life and when what it says has changed, but never more
 * often than others take it in. Its sequence is the time in milliseconds, so it grows over restarts without a file.
 *
 * Rules: docs/spec/network.md N-20, N-22.
 */
import type { Tai } from '../../base/index.ts'
import { NS_PER_MS } from '../../base/index.ts'
import type { Signer } from '../../crypto/index.ts'
import { admitAddress, isLocalAddress } from '../address-group.ts'
import { TokenBuckets } from '../token-bucket.ts'
import { REFRESH_LIMIT } from './peer-book.ts'
import { RECORD_ADDRESSES_MAX, signPeerRecord } from './peer-record.ts'
import type { LocationClaim, SealedRecord } from './peer-record.ts'

/** What a node says of itself. */
export interface OwnStatement {
  /** Where others may dial it, as multiaddrs; unusable ones are left out, and local ones come last. */
  readonly addresses: readonly string[]
  readonly version: string
  readonly features: readonly string[]
  readonly location: LocationClaim | null
}

export class OwnRecord {
  readonly #signer: Signer
  readonly #networkId: Uint8Array
  readonly #lifeNs: bigint
  readonly #made = new TokenBuckets(REFRESH_LIMIT, 1)
  #sealed: SealedRecord | undefined
  #isSigning = false

  constructor(options: { readonly signer: Signer; readonly networkId: Uint8Array; readonly lifeNs: bigint }) {
    this.#signer = options.signer
    this.#networkId = options.networkId
    this.#lifeNs = options.lifeNs
  }

  get current(): SealedRecord | undefined {
    return this.#sealed
  }

  /** A new record where one is due, else nothing. Rejects as the signer does. */
  async refresh(statement: OwnStatement, nowTai: Tai, elapsedNs: bigint): Promise<SealedRecord | undefined> {
    const said = { ...statement, addresses: publicFirst(statement.addresses) }
    if (this.#isSigning || !this.#isDue(said, nowTai) || !this.#made.take('own', elapsedNs)) return undefined
    this.#isSigning = true
    try {
      const last = this.#sealed?.record.sequence ?? 0
      this.#sealed = await signPeerRecord(this.#signer, {
        ...said,
        networkId: this.#networkId,
        sequence: Math.max(last + 1, Number(nowTai / NS_PER_MS)),
        issuedTai: nowTai,
        expiresTai: nowTai + this.#lifeNs,
      })
      return this.#sealed
    } finally {
      this.#isSigning = false
    }
  }

  #isDue(said: OwnStatement, nowTai: Tai): boolean {
    if (this.#sealed === undefined) return true
    const { issuedTai, addresses, version, features, location } = this.#sealed.record
    if (nowTai < issuedTai || nowTai - issuedTai >= this.#lifeNs / 2n) return true
    return !isSame({ addresses, version, features, location }, said)
  }
}

const publicFirst = (addresses: readonly string[]): readonly string[] => {
  const usable = addresses.filter((address) => admitAddress(address, true).verdict === 'accept')
  return usable.toSorted((a, b) => Number(isLocalAddress(a)) - Number(isLocalAddress(b))).slice(0, RECORD_ADDRESSES_MAX)
}

const isSame = (a: OwnStatement, b: OwnStatement): boolean =>
  a.version === b.version &&
  a.location?.latitudeE3 === b.location?.latitudeE3 &&
  a.location?.longitudeE3 === b.location?.longitudeE3 &&
  isSameList(a.addresses, b.addresses) &&
  isSameList(a.features, b.features)

const isSameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((one, i) => one === b[i])
