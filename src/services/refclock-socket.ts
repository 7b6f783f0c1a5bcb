/**
 * A Unix datagram socket and a fine reading of the system clock, which Node has neither of: libc's own functions through koffi
 * (an optional dependency), loaded only where a `refclock SOCK` is configured.
 * Source: unix(7), sendto(2), clock_gettime(2), as Linux has them on 64-bit little-endian machines.
 */
import { endianness } from 'node:os'
import { ChimerError, NS_PER_SEC } from '../base/index.ts'

const AF_UNIX = 1
const SOCK_DGRAM = 2
const SOCK_NONBLOCK = 0x08_00
const SOCK_CLOEXEC = 0x08_00_00
const MSG_DONTWAIT = 0x40
const MSG_NOSIGNAL = 0x40_00
const CLOCK_REALTIME = 0
/** Bytes of `sun_path`, with its closing zero. */
const PATH_BYTES = 108

export interface RefclockSocket extends Disposable {
  /** Sends at once or not at all; the error number where it was not sent. */
  send(bytes: Uint8Array): number | undefined
  /** The system clock, Unix ns, to the ns. */
  systemUnixNs(): bigint
}

/** Names of the error numbers that a missing, closed, forbidden or full socket gives. */
export const ERRNO_NAMES: Readonly<Record<number, string>> = {
  2: 'there is no such socket',
  11: 'its queue is full',
  13: 'this process may not write to it',
  20: 'its directory is none',
  91: 'it is no datagram socket',
  105: 'its queue is full',
  111: 'nobody listens to it',
}

const refuse = (why: string, cause?: unknown): ChimerError =>
  new ChimerError('TC_REFCLOCK_PLATFORM', `A refclock socket cannot be had here: ${why}.`, { cause })

const addressOf = (path: string): Uint8Array => {
  const name = Buffer.from(path)
  if (name.length >= PATH_BYTES) throw refuse(`the path is longer than ${PATH_BYTES - 1} bytes`)
  const address = Buffer.alloc(2 + PATH_BYTES)
  address.writeUInt16LE(AF_UNIX, 0)
  name.copy(address, 2)
  return address
}

const loadKoffi = async () => {
  if (process.platform !== 'linux' || endianness() !== 'LE' || !['x64', 'arm64', 'riscv64'].includes(process.arch))
    throw refuse(`it is made for 64-bit Linux, and this is ${process.platform} on ${process.arch}`)
  try {
    return (await import('koffi')).default
  } catch (cause) {
    throw refuse('the package koffi is not installed; npm install koffi', cause)
  }
}

/** libc of this process itself, whatever its file is called. */
const loadLibc = async () => {
  const koffi = await loadKoffi()
  try {
    const libc = koffi.load(null)
    return {
      errno: () => koffi.errno(),
      socket: libc.func('int socket(int, int, int)'),
      sendto: libc.func('int64_t sendto(int, const void *, size_t, int, const void *, unsigned int)'),
      close: libc.func('int close(int)'),
      clockGettime: libc.func('int clock_gettime(int, _Out_ int64_t *)'),
    }
  } catch (cause) {
    throw refuse('libc could not be loaded', cause)
  }
}

/** Opens an unnamed socket towards `path`, which need not exist yet. Rejects with `TC_REFCLOCK_PLATFORM`. */
export const openRefclockSocket = async (path: string): Promise<RefclockSocket> => {
  const address = addressOf(path)
  const libc = await loadLibc()
  const handle = Number(libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))
  if (handle < 0) throw refuse(`socket() failed with error ${libc.errno()}`)
  const now = new BigInt64Array(2)
  return {
    send: (bytes) => {
      const sent = libc.sendto(handle, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL, address, address.length)
      return Number(sent) === bytes.length ? undefined : libc.errno()
    },
    systemUnixNs: () => {
      libc.clockGettime(CLOCK_REALTIME, now)
      return (now[0] ?? 0n) * NS_PER_SEC + (now[1] ?? 0n)
    },
    [Symbol.dispose]: () => void libc.close(handle),
  }
}
