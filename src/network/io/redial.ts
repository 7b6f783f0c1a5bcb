/**
 * Staying connected to the peers that one was told of. Each bootstrap address is dialled until it answers, with a pause that
 * doubles up to a maximum, for ever; and again as soon as the peer behind it is gone. Pauses are short because the list
 * is short and is all that a node without discovery has.
 */
import { NS_PER_MINUTE, NS_PER_MS, NS_PER_SEC, min } from '../../base/index.ts'
import type { Cancel, Time } from '../../base/index.ts'
import type { PeerId } from '../port.ts'

/** First pause after a failed dial, and the longest: a peer that starts late is found within the longest and one dial. */
export const REDIAL_NS_MIN = 100n * NS_PER_MS
export const REDIAL_NS_MAX = 1500n * NS_PER_MS
/**
 * A connection that ends sooner was not wanted by one of the two (another version, no place), which does not change in a moment:
 * the pause after it doubles further, up to the second of these, ns.
 */
export const STANDING_NS_MIN = 10n * NS_PER_SEC
export const UNWANTED_REDIAL_NS_MAX = NS_PER_MINUTE

export interface Redial {
  /** The peer has no connection any more. */
  gone(peer: PeerId): void
  /** Dials no more. Waits for nothing. */
  stop(): void
}

interface Target {
  readonly address: string
  peer: PeerId | undefined
  /** Elapsed ns when it last answered. */
  answeredNs: bigint
  pauseNs: bigint
  cancel: Cancel | undefined
}

/**
 * `dial` resolves to the peer at the address, or rejects, also when its signal aborts; `isConnected` says whether a peer
 * that answered is still there. Starts at once.
 */
export const keepDialling = (options: {
  readonly time: Time
  readonly addresses: readonly string[]
  readonly dial: (address: string, signal: AbortSignal) => Promise<PeerId>
  readonly isConnected: (peer: PeerId) => boolean
}): Redial => {
  const { time, addresses, dial, isConnected } = options
  const stopping = new AbortController()
  const targets: readonly Target[] = [...new Set(addresses)].map((address) => ({
    address,
    peer: undefined,
    answeredNs: 0n,
    pauseNs: REDIAL_NS_MIN,
    cancel: undefined,
  }))
  const later = (target: Target, pauseNsMax: bigint): void => {
    if (stopping.signal.aborted) return
    target.cancel = time.schedule(target.pauseNs, () => attempt(target))
    target.pauseNs = min(target.pauseNs * 2n, pauseNsMax)
  }
  /** The connection is over. One that stood for a while is made again at once. */
  const again = (target: Target): void => {
    target.peer = undefined
    const hasStood = time.elapsedNs() - target.answeredNs >= STANDING_NS_MIN
    if (hasStood) target.pauseNs = REDIAL_NS_MIN
    later(target, hasStood ? REDIAL_NS_MAX : UNWANTED_REDIAL_NS_MAX)
  }
  const attempt = (target: Target): void => {
    target.cancel = undefined
    void dial(target.address, stopping.signal).then(
      (peer) => {
        target.peer = peer
        target.answeredNs = time.elapsedNs()
        if (!isConnected(peer)) again(target)
      },
      () => later(target, REDIAL_NS_MAX),
    )
  }
  for (const target of targets) attempt(target)
  return {
    gone: (peer) => {
      for (const target of targets) if (target.peer === peer) again(target)
    },
    stop: () => {
      stopping.abort()
      for (const target of targets) target.cancel?.()
    },
  }
}
