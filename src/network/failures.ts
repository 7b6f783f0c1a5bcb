/** What fails between peers, each with its stable code and what to do. The port names them; both networks throw these. */
import { ChimerError } from '../base/index.ts'
import type { PeerId } from './port.ts'

export const unreachable = (peer: PeerId, cause?: unknown): ChimerError =>
  new ChimerError('TC_NET_UNREACHABLE', `Peer ${peer} is not connected and cannot be reached; try again when it is.`, {
    facts: { peer },
    cause,
  })

export const refused = (peer: PeerId, channel: string, cause?: unknown): ChimerError =>
  new ChimerError('TC_NET_REFUSED', `Peer ${peer} closed ${channel} without an answer; its own counters say why.`, {
    facts: { peer, channel },
    cause,
  })

export const tooLarge = (channel: string, sizes: { readonly bytes: number; readonly bytesMax: number }): ChimerError =>
  new ChimerError(
    'TC_NET_TOO_LARGE',
    `${sizes.bytes} bytes on ${channel}, where at most ${sizes.bytesMax} may pass; send less.`,
    { facts: { channel, ...sizes } },
  )

export const timedOut = (peer: PeerId, channel: string, cause?: unknown): ChimerError =>
  new ChimerError('TC_NET_TIMEOUT', `Peer ${peer} did not answer on ${channel} in time.`, {
    facts: { peer, channel },
    cause,
  })

/** Asked of a network that has been closed, or is closing. */
export const closed = (): ChimerError =>
  new ChimerError('TC_NET_UNREACHABLE', 'This network is closed; open another.', {})

export const cannotListen = (address: string, cause: unknown): ChimerError =>
  new ChimerError(
    'TC_NET_LISTEN',
    `Cannot listen on ${address}: ${inUse(cause) ? 'it is in use. Stop what uses it, or choose another port' : 'the system refused. Check the address'}.`,
    { facts: { address, inUse: inUse(cause) }, cause },
  )

/** An address of QUIC where its package is not installed, has no binary for this platform, or was switched off. */
export const cannotListenOnQuic = (address: string, cause: unknown): ChimerError =>
  new ChimerError(
    'TC_NET_LISTEN',
    `Cannot listen on ${address}: QUIC is not available here. Install @chainsafe/libp2p-quic, or listen on TCP only.`,
    { facts: { address, inUse: false }, cause },
  )

/** Looks through nested causes, as libraries wrap them, at most eight deep. */
const inUse = (error: unknown, depth = 0): boolean => {
  if (!(error instanceof Error) || depth > 8) return false
  if (error.message.includes('EADDRINUSE') || ('code' in error && error.code === 'EADDRINUSE')) return true
  const nested: readonly unknown[] = error instanceof AggregateError ? error.errors : []
  return [error.cause, ...nested].some((inner) => inUse(inner, depth + 1))
}
