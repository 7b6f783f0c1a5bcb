/**
 * Greets every peer that is connected, and knows what was agreed with whom. Who dialled asks at once; who was dialled asks
 * too where it has not been asked for a second. Both sides come to one finding from the two greetings; who will not
 * talk says why and then closes the connection. Over any Network. Rules: docs/spec/network.md N-90 to N-96.
 *
 * Promises: one finding a connection, and each refusal is reported once on this side. Does not promise that the other side
 * could be told: it may be gone. What a node says of itself stands while it runs: features do not change at run time.
 */
import assert from 'node:assert/strict'
import { BoundedMap, ChimerError, NS_PER_SEC, accept, ignore } from '../../base/index.ts'
import type { Admission, Cancel, Time } from '../../base/index.ts'
import { Listeners } from '../inbound.ts'
import type { Network, PeerId } from '../port.ts'
import { CONNECTION_CHANNEL } from '../refusals.ts'
import { INCOMPATIBILITY_REASONS, compatibilityOf, versionText } from './compatibility.ts'
import type { PeerVersionView } from './explain-peer-version.ts'
import type { Feature } from './features.ts'
import {
  GREETING_BYTES_MAX,
  GREETING_LIMITS,
  GREETING_PROTOCOL,
  encodeGreeting,
  isSameGreeting,
  openGreeting,
} from './greeting.ts'
import type { Greeting, GreetingRefusal } from './greeting.ts'
import { GreetingRefusals } from './greeting-refusals.ts'
import type { Refused, RefusedReason } from './greeting-refusals.ts'
import { GreetingSession } from './greeting-session.ts'
import { OLDEST_SPOKEN, parseVersion } from './protocol-version.ts'

/** A peer that has not been agreed with by then is closed, ns: `no-greeting`. */
export const GREETING_NS_MAX = 5n * NS_PER_SEC
/** Who was dialled waits so long to be asked before it asks, and who had no answer before it asks again, ns. */
export const ASK_AFTER_NS = NS_PER_SEC
/** A refusal has this long to reach the other side before the connection is closed, ns. */
export const FAREWELL_NS = NS_PER_SEC
/** Connected peers; more than there are places. */
const SESSIONS_MAX = 4096

/** What this node says of itself. */
export interface OwnGreeting {
  /** PROTOCOL_VERSION, but in tests. */
  readonly version: string
  /** By default OLDEST_SPOKEN. */
  readonly oldestSpoken?: string
  readonly features: readonly Feature[]
  /** Features without which it talks to nobody; by default none. */
  readonly required?: readonly Feature[]
  /** Program and its version, printable ASCII, at most 64 characters. */
  readonly agent: string
}

/** What was agreed with a peer. */
export interface AgreedPeer {
  /** The peer's own version, and the older of the two, which is what is spoken. */
  readonly version: string
  readonly spoken: string
  /** What both have and this program knows. */
  readonly features: readonly Feature[]
  readonly agent: string
}

export interface GreetingsOptions {
  readonly network: Pick<Network, 'charge' | 'connections' | 'disconnect' | 'onPeer' | 'peers' | 'request' | 'serve'>
  readonly time: Pick<Time, 'elapsedNs' | 'schedule'>
  /** SHA3-256 of the genesis, 32 bytes. */
  readonly networkId: Uint8Array
  readonly own: OwnGreeting
  /** Told of every refusal, once. */
  readonly onRefused?: (event: Refused & { readonly peer: PeerId }) => void
}

export class Greetings implements AsyncDisposable {
  readonly #options: GreetingsOptions
  readonly #own: Greeting
  readonly #sessions = new BoundedMap<PeerId, GreetingSession>(SESSIONS_MAX)
  readonly #refusals = new GreetingRefusals()
  readonly #agreed = new Listeners<{ readonly peer: PeerId; readonly agreed: AgreedPeer }>()
  #cancelPeers: Cancel | undefined
  #closed = false

  constructor(options: GreetingsOptions) {
    this.#options = options
    this.#own = ownGreeting(options)
  }

  /** Serves the greeting, and greets whoever is and will be connected. Once. */
  start(): void {
    const { network } = this.#options
    const handle = async ({ from, bytes }: { readonly from: PeerId; readonly bytes: Uint8Array }) =>
      this.#answer(from, bytes)
    network.serve(GREETING_PROTOCOL, { ...GREETING_LIMITS, handle })
    this.#cancelPeers = network.onPeer(({ peer, connected }) => (connected ? this.#came(peer) : this.#gone(peer)))
    for (const peer of network.peers()) this.#came(peer)
  }

  /** What was agreed with a connected peer; undefined before that, and after it is gone. */
  agreed(peer: PeerId): AgreedPeer | undefined {
    return this.#sessions.get(peer)?.agreed
  }

  isAgreed(peer: PeerId): boolean {
    return this.agreed(peer) !== undefined
  }

  /** Was this one refused, on the connection that it has? */
  isRefused(peer: PeerId): boolean {
    return this.#sessions.get(peer)?.refused !== undefined
  }

  /** Whether there is agreement, as soon as it is known: at the latest when the greeting is overdue. Never rejects. */
  async agreement(peer: PeerId): Promise<boolean> {
    if (this.#closed) return false
    const session = this.#sessions.get(peer)
    return session === undefined ? false : session.outcome
  }

  /** Is it too early to dial this peer, because the last greetings came to nothing? */
  isPaused(peer: PeerId): boolean {
    return this.#refusals.isPaused(peer, this.#options.time.elapsedNs())
  }

  /** Called when a peer has been agreed with, once a connection. */
  onAgreed(listener: (event: { readonly peer: PeerId; readonly agreed: AgreedPeer }) => void): Cancel {
    return this.#agreed.add(listener)
  }

  /** All that is known of a peer's version: for `explainPeerVersion`. */
  view(peer: PeerId): PeerVersionView {
    const session = this.#sessions.get(peer)
    const refusal = session?.agreed === undefined ? this.#refusals.get(peer) : undefined
    const pausedForNs = (refusal?.untilNs ?? 0n) - this.#options.time.elapsedNs()
    return {
      own: { version: versionText(this.#own.version), features: this.#own.features },
      said:
        session?.theirs === undefined
          ? undefined
          : { version: versionText(session.theirs.version), features: session.theirs.features },
      agreed: session?.agreed,
      refusal: refusal === undefined ? undefined : { ...refusal, pausedForNs: pausedForNs > 0n ? pausedForNs : 0n },
      isConnected: session !== undefined,
    }
  }

  /** Greets no more. Connections stay; the network belongs to whoever opened it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#cancelPeers?.()
    for (const session of this.#sessions.values()) session.end()
    this.#agreed.clear()
  }

  #came(peer: PeerId): void {
    const session = this.#sessionOf(peer)
    // In a later turn: the network names the peer before it lists the connection.
    this.#at(session, 0n, () => {
      const isDialler = this.#options.network
        .connections()
        .some((connection) => connection.peer === peer && connection.direction === 'outbound')
      if (isDialler) void this.#ask(peer, session)
      else this.#at(session, ASK_AFTER_NS, () => void this.#ask(peer, session))
    })
  }

  #gone(peer: PeerId): void {
    const session = this.#sessions.get(peer)
    if (session === undefined) return
    this.#sessions.delete(peer)
    session.end()
    // The other side was first to close what was refused: nothing was reported yet.
    if (session.refused !== undefined && !session.isClosed)
      this.#options.network.charge(peer, { channel: CONNECTION_CHANNEL, reason: session.refused.reason })
  }

  /** The session of a connected peer; its first question may come before the network has named it. */
  #sessionOf(peer: PeerId): GreetingSession {
    const known = this.#sessions.get(peer)
    if (known !== undefined) return known
    const session = new GreetingSession()
    const [, forgotten] = this.#sessions.set(peer, session) ?? []
    forgotten?.end()
    this.#at(session, GREETING_NS_MAX, () => this.#overdue(peer, session))
    return session
  }

  #overdue(peer: PeerId, session: GreetingSession): void {
    if (session.isFound) return
    this.#refuse(peer, session, { reason: 'no-greeting', by: 'own', text: 'There was no greeting within 5 s.' })
    this.#close(peer, session)
  }

  async #ask(peer: PeerId, session: GreetingSession): Promise<void> {
    if (session.isFound || this.#closed) return
    try {
      await this.#answered(peer, session, await this.#request(peer, undefined, session.signal))
    } catch (error) {
      if (!(error instanceof ChimerError)) throw error
      // It may not serve anything yet; or it is gone, and then nothing is asked any more.
      this.#at(session, ASK_AFTER_NS, () => void this.#ask(peer, session))
    }
  }

  #request(peer: PeerId, refusal: GreetingRefusal | undefined, signal: AbortSignal): Promise<Uint8Array> {
    const body = (): Uint8Array => this.#say(refusal)
    return this.#options.network.request(peer, GREETING_PROTOCOL, {
      body,
      responseBytesMax: GREETING_BYTES_MAX,
      signal,
    })
  }

  async #answered(peer: PeerId, session: GreetingSession, bytes: Uint8Array): Promise<void> {
    if (this.#closed || this.#sessions.get(peer) !== session) return
    const opened = openGreeting(bytes)
    if (opened.verdict !== 'accept') {
      this.#options.network.charge(peer, { channel: GREETING_PROTOCOL, reason: opened.reason })
      this.#refuse(peer, session, { reason: 'bad-greeting', by: 'own', text: 'What came was no greeting.' })
      return this.#close(peer, session)
    }
    this.#take(peer, session, opened.value)
    const { refused } = session
    if (refused === undefined) return
    if (refused.by === 'own' && opened.value.refusal === undefined) await this.#tell(peer, session, refused)
    this.#close(peer, session)
  }

  /** Says why to a peer that did not find it by itself. FAREWELL_NS ends it. */
  async #tell(peer: PeerId, session: GreetingSession, refused: Refused): Promise<void> {
    try {
      await this.#request(peer, refused, session.signal)
    } catch (error) {
      if (!(error instanceof ChimerError)) throw error
      // It is gone, or does not listen: the connection is closed all the same.
    }
  }

  /** Answers a greeting with our own, and with what was found. */
  #answer(from: PeerId, bytes: Uint8Array): Admission<Uint8Array> {
    const opened = openGreeting(bytes)
    if (opened.verdict !== 'accept') return opened
    if (this.#closed || !this.#options.network.peers().includes(from)) return ignore('abandoned')
    const session = this.#sessionOf(from)
    this.#take(from, session, opened.value)
    return accept(this.#say(session.refused?.by === 'own' ? session.refused : undefined))
  }

  #say(refusal: GreetingRefusal | undefined): Uint8Array {
    const { reason, text } = refusal ?? {}
    return encodeGreeting({
      ...this.#own,
      refusal: reason === undefined || text === undefined ? undefined : { reason, text },
    })
  }

  /** What a greeting changes: finds, once a connection. */
  #take(peer: PeerId, session: GreetingSession, theirs: Greeting): void {
    if (session.refused !== undefined) return
    const before = session.theirs
    session.theirs ??= theirs
    const found = compatibilityOf(this.#own, theirs)
    if (theirs.refusal !== undefined) {
      const reason = found.isCompatible ? reasonOf(theirs.refusal) : found.reason
      this.#refuse(peer, session, { reason, by: 'peer', text: theirs.refusal.text })
    } else if (!found.isCompatible) {
      this.#refuse(peer, session, { reason: found.reason, by: 'own', text: found.text })
    } else if (before === undefined) {
      const { version, agent } = theirs
      const { features, spoken } = found
      this.#agree(peer, session, { version: versionText(version), spoken, features, agent })
    } else if (!isSameGreeting(before, theirs)) {
      const text = 'Another greeting came on this connection: connect again.'
      this.#refuse(peer, session, { reason: 'greeting-changed', by: 'own', text })
    }
  }

  #agree(peer: PeerId, session: GreetingSession, agreed: AgreedPeer): void {
    this.#refusals.forget(peer)
    session.agree(agreed)
    this.#agreed.emit({ peer, agreed })
  }

  /** From here on nothing of the peer's is heard; its connection is closed by FAREWELL_NS at the latest. */
  #refuse(peer: PeerId, session: GreetingSession, refused: Refused): void {
    if (session.refused !== undefined) return
    const { network, time, onRefused } = this.#options
    session.refuse(refused)
    // Its program was exchanged while the old connection still stood: no fault, and worth dialling at once.
    if (refused.reason !== 'greeting-changed') {
      this.#refusals.note(peer, refused, time.elapsedNs())
      network.charge(peer, { channel: GREETING_PROTOCOL, reason: 'greeting-refused' })
    }
    onRefused?.({ ...refused, peer })
    this.#at(session, FAREWELL_NS, () => this.#close(peer, session))
  }

  #close(peer: PeerId, session: GreetingSession): void {
    if (session.refused === undefined || this.#sessions.get(peer) !== session) return
    session.isClosed = true
    this.#options.network.disconnect(peer, session.refused.reason)
    // It may have come back before the network told that it was gone.
    this.#at(session, 2n * FAREWELL_NS, () => this.#close(peer, session))
  }

  #at(session: GreetingSession, delayNs: bigint, run: () => void): void {
    if (!this.#closed) session.later(this.#options.time, delayNs, run)
  }
}

const versionOf = (text: string): NonNullable<ReturnType<typeof parseVersion>> => {
  const version = parseVersion(text)
  assert(version !== undefined, `${text} is no version`)
  return version
}

const ownGreeting = ({ networkId, own }: GreetingsOptions): Greeting => ({
  networkId,
  version: versionOf(own.version),
  oldestSpoken: versionOf(own.oldestSpoken ?? OLDEST_SPOKEN),
  features: own.features,
  required: own.required ?? [],
  agent: own.agent,
  refusal: undefined,
})

/** A refusal that this node cannot see the reason of: the peer's word, where we have that word too. */
const reasonOf = ({ reason }: GreetingRefusal): RefusedReason =>
  INCOMPATIBILITY_REASONS.find((known) => known === reason) ?? 'refused-by-peer'
