/**
 * The cookies of our NTS server: everything that it must know of a client, sealed under a key of its own and kept by the
 * client, so that the server keeps nothing (RFC 8915 §6, whose suggested format this is).
 *
 *   cookie = id of the master key (4) ‖ nonce (16) ‖ AES-SIV-CMAC-256(master, id, nonce; algorithm (2) ‖ 2 zeros ‖ C2S (32) ‖ S2C (32))
 *
 * A new master key is drawn every day and the last one still opens, so a cookie is good for one to two days. Master keys live in
 * memory only: a restart makes every cookie stale, each client is told so (NTSN) and establishes keys anew, and nothing that
 * is stolen from a disk opens yesterday's packets.
 *
 * Does not promise that a client is who it was: cookies name nobody.
 */
import { equalBytes, joinBytes, NS_PER_DAY } from '../base/index.ts'
import type { Random, Time } from '../base/index.ts'
import { AEAD_AES_SIV_CMAC_256, NTS_KEY_BYTES, openSiv, sealSiv, SIV_NONCE_BYTES } from '../clock/index.ts'
import type { NtsKeys } from '../clock/index.ts'

/** How long a master key makes cookies; it opens them for as long again, ns. */
const NTS_MASTER_AGE_NS_MAX = NS_PER_DAY

const ID_BYTES = 4
const PLAIN_BYTES = 4 + 2 * NTS_KEY_BYTES

/** Octets of every cookie that is made here: a multiple of four, as an extension field needs. */
export const NTS_OUR_COOKIE_BYTES = ID_BYTES + SIV_NONCE_BYTES + 16 + PLAIN_BYTES

interface Master {
  readonly id: Uint8Array
  readonly key: Uint8Array
  readonly madeNs: bigint
}

const contextOf = ({ id, key }: Master, nonce: Uint8Array) => ({ key, associated: [id, nonce] })

export class NtsCookies {
  readonly #time: Time
  readonly #random: Random
  #newest: Master
  #last: Master | undefined

  constructor(time: Time, random: Random) {
    this.#time = time
    this.#random = random
    this.#newest = this.#draw()
  }

  /** A new cookie for these keys; no two are alike, and only we can tell that two are for the same keys. */
  make({ c2s, s2c }: NtsKeys): Uint8Array {
    this.#rotate()
    const nonce = this.#random.bytes(SIV_NONCE_BYTES)
    const plain = joinBytes(Uint8Array.of(0, AEAD_AES_SIV_CMAC_256, 0, 0), c2s, s2c)
    return joinBytes(this.#newest.id, nonce, sealSiv(contextOf(this.#newest, nonce), plain))
  }

  /** Does it look like one that opens? Costs nothing; who has seen one cookie can make others that look so. */
  isNamed(cookie: Uint8Array): boolean {
    this.#rotate()
    return this.#masterOf(cookie) !== undefined
  }

  /** The keys in a cookie, or undefined where it is not ours, too old, or was altered. */
  open(cookie: Uint8Array): NtsKeys | undefined {
    this.#rotate()
    const master = this.#masterOf(cookie)
    if (master === undefined) return undefined
    const nonce = cookie.subarray(ID_BYTES, ID_BYTES + SIV_NONCE_BYTES)
    const plain = openSiv(contextOf(master, nonce), cookie.subarray(ID_BYTES + SIV_NONCE_BYTES))
    return plain && { c2s: plain.slice(4, 4 + NTS_KEY_BYTES), s2c: plain.slice(4 + NTS_KEY_BYTES) }
  }

  #masterOf(cookie: Uint8Array): Master | undefined {
    if (cookie.length !== NTS_OUR_COOKIE_BYTES) return undefined
    const id = cookie.subarray(0, ID_BYTES)
    return [this.#newest, this.#last].find((known) => known !== undefined && equalBytes(known.id, id))
  }

  #draw(): Master {
    const random = this.#random
    return { id: random.bytes(ID_BYTES), key: random.bytes(NTS_KEY_BYTES), madeNs: this.#time.elapsedNs() }
  }

  #rotate(): void {
    const ageNs = this.#time.elapsedNs() - this.#newest.madeNs
    if (ageNs < NTS_MASTER_AGE_NS_MAX) return
    // After two days without a request the newest is as stale as the last.
    this.#last = ageNs < 2n * NTS_MASTER_AGE_NS_MAX ? this.#newest : undefined
    this.#newest = this.#draw()
  }
}
