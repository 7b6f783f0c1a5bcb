/**
 * The cookies that a client holds for one NTS server. A cookie goes out once: who watches two networks and sees one cookie in
 * both would know the traveller (RFC 8915 §9.1). So `take` is the only way out, and it removes; a cookie that the server
 * sends again is not taken in again. RFC 8915 §5.7 has a client keep eight.
 *
 * Pure state. Does not promise that the server makes unlinkable cookies: only the server can.
 */
import { BoundedMap, BoundedQueue, hexOf } from '../base/index.ts'

/** Cookies that are kept, so that seven lost answers in a row need no new key establishment. */
export const NTS_COOKIES_MAX = 8

/** Octets of one cookie. It must fill an extension field exactly (16 octets with 4 of head) and leave room in a packet. */
export const NTS_COOKIE_BYTES_MIN = 12
export const NTS_COOKIE_BYTES_MAX = 512

/** Cookies gone out or held that are remembered, to know one that comes again. */
const REMEMBERED_MAX = 256

export const isCookieLength = (length: number): boolean =>
  length >= NTS_COOKIE_BYTES_MIN && length <= NTS_COOKIE_BYTES_MAX && length % 4 === 0

export class NtsCookieJar {
  readonly #cookies = new BoundedQueue<Uint8Array>(NTS_COOKIES_MAX)
  readonly #seen = new BoundedMap<string, true>(REMEMBERED_MAX)

  /** Cookies left. */
  get size(): number {
    return this.#cookies.size
  }

  /** Takes in what fits. A cookie of a length that cannot be sent, or one seen before, is dropped. Returns how many stayed. */
  keep(cookies: readonly Uint8Array[]): number {
    const before = this.size
    for (const cookie of cookies) {
      const name = hexOf(cookie)
      if (!isCookieLength(cookie.length) || this.#seen.has(name)) continue
      if (!this.#cookies.push(Uint8Array.from(cookie))) break
      this.#seen.set(name, true)
    }
    return this.size - before
  }

  /** The oldest cookie, which is gone from here with that; undefined where none is left. */
  take(): Uint8Array | undefined {
    return this.#cookies.shift()
  }
}
