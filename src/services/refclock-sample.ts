/**
 * A sample for chrony's `refclock SOCK`: `struct sock_sample` of refclock_sock.c (documented in chrony.conf(5)), 40 bytes on 64-bit
 * little-endian machines: { timeval tv (two 64-bit), double offset, int pulse, int leap, int _pad, int magic }.
 *
 * `tv` is a reading of the system clock; `offset` is how far the true time is ahead of it, seconds.
 */
import { NS_PER_SEC, floorDiv } from '../base/index.ts'

const REFCLOCK_SAMPLE_BYTES = 40
/** `SOCK` in ASCII, the struct's last word. */
const MAGIC = 0x53_4f_43_4b

export interface RefclockSample {
  /** The system clock, Unix ns. */
  readonly hostUnixNs: bigint
  /** UTC − system clock, ns. */
  readonly offsetNs: bigint
  /** 0 none, 1 a second is inserted, 2 deleted at this month's end. */
  readonly leap: 0 | 1 | 2
}

/** The bytes of a sample. The reading is cut to whole microseconds, as the struct has it; the offset keeps its ns. */
export const encodeRefclockSample = ({ hostUnixNs, offsetNs, leap }: RefclockSample): Uint8Array => {
  const bytes = new Uint8Array(REFCLOCK_SAMPLE_BYTES)
  const view = new DataView(bytes.buffer)
  const sec = floorDiv(hostUnixNs, NS_PER_SEC)
  view.setBigInt64(0, sec, true)
  view.setBigInt64(8, (hostUnixNs - sec * NS_PER_SEC) / 1000n, true)
  view.setFloat64(16, Number(offsetNs) / 1e9, true)
  view.setInt32(24, 0, true)
  view.setInt32(28, leap, true)
  view.setInt32(32, 0, true)
  view.setInt32(36, MAGIC, true)
  return bytes
}
