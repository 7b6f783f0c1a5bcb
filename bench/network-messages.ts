/** What the network benchmark and its five processes say to each other. */

/** Who carries the messages: our envelope, queue and scores over libp2p, or libp2p's gossipsub with nothing around it. */
export type Carrier = 'ours' | 'bare'
export type Transport = 'tcp' | 'quic'

/** `garbage`: random bytes. `forged`: envelopes that are right in all but the signature, each its own. */
export type Attack = 'garbage' | 'forged'

export type ToRunner =
  | { readonly type: 'open'; readonly carrier: Carrier; readonly transport: Transport; readonly index: number }
  | { readonly type: 'meet'; readonly addresses: readonly string[]; readonly others: number }
  /** Publish with at most `windowMax` messages ahead of what every other process has published, for so long. */
  | { readonly type: 'flood'; readonly forMs: number; readonly windowMax: number; readonly batchMax: number }
  /** Publish so many messages a second, for so long. */
  | { readonly type: 'pace'; readonly forMs: number; readonly perSec: number }
  /** Publish until so many have come from the others. */
  | { readonly type: 'reach'; readonly received: number; readonly windowMax: number; readonly batchMax: number }
  /** Say what nobody may say, so many times a second, for so long, and dial again whenever cut off. */
  | { readonly type: 'attack'; readonly kind: Attack; readonly forMs: number; readonly perSec: number }
  /** Do nothing for so long, and tell what that cost, and when the attacker was gone. */
  | { readonly type: 'rest'; readonly forMs: number }

export type FromRunner =
  | { readonly type: 'opened'; readonly addresses: readonly string[] }
  | { readonly type: 'met' }
  | {
      readonly type: 'done'
      readonly received: number
      readonly elapsedMs: number
      /** ms from publishing to hearing; at most 20,000 of them, spread evenly. */
      readonly latenciesMs: readonly number[]
      readonly residentMb: number
      readonly cpuMs: number
      /** From the first connection to the last moment with one, ms; null where one is still there. */
      readonly goneMs: number | null
    }
