/**
 * A node as a log, in the words of others' tools (C2SP): it signs the head of its final stamps, has it cosigned by the members, once a second at
 * most, and says what it has. What it does for others' logs is in cosigning-witness.ts.
 *
 * Rules live in stamps/ (tlog-*.ts); here is only who hears what: T-69 to T-74 in docs/spec/stamps.md. Not promised: that a head without a
 * quorum's cosignatures is the same for everybody who asks.
 */
import { ChimerError, NS_PER_SEC, abortAfter, accept, reject } from '../base/index.ts'
import type { Admission, Cancel, Time } from '../base/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import { COSIGN_LIMITS, cosignProtocol } from '../network/index.ts'
import type { Network, PeerId } from '../network/index.ts'
import {
  TlogTree,
  checkpointText,
  cosignedAt,
  encodeNote,
  encodeWitnessRequest,
  logOrigin,
  nodeNoteKey,
  noteSignatureOf,
  openSignatureLines,
  sizeOfText,
  verifierKeyText,
} from '../stamps/index.ts'
import type { LogHead, NoteSignature, SignedNote, StampLogReader, TilePlace } from '../stamps/index.ts'
import { CosigningWitness } from './cosigning-witness.ts'
import type { CosigningWitnessOptions } from './cosigning-witness.ts'

/** From the beginning of one round of asking to that of the next at least; and where nothing is new but some have not cosigned. */
const ROUND_NS = NS_PER_SEC
const ROUND_AGAIN_NS = 10n * NS_PER_SEC
/** A member's answer is waited for so long. */
const ANSWER_NS_MAX = 900_000_000n

export interface CosigningOptions extends CosigningWitnessOptions {
  readonly time: Time
  readonly network: Pick<Network, 'peers' | 'request' | 'serve'>
  /** The node's own log; undefined where it stamps nothing. */
  readonly log: StampLogReader | undefined
  readonly onTrouble: (error: ChimerError) => void
}

/** The newest head that the log has signed, and who cosigned it. */
interface Published extends LogHead {
  readonly note: SignedNote
}

export class Cosigning implements AsyncDisposable {
  readonly origin: string
  readonly #options: CosigningOptions
  /** What it says of others' logs. */
  readonly witness: CosigningWitness
  readonly #tree: TlogTree | undefined
  /** What members have said that they cosigned last. Of members alone. */
  readonly #sizes = new Map<PeerId, number>()
  #published: Published | undefined
  #cancel: Cancel = () => {}
  #running: Promise<unknown> = Promise.resolve()
  #isRunning = false
  #roundNs: bigint | undefined
  readonly #closing = new AbortController()

  constructor(options: CosigningOptions) {
    const { networkId, signer, log, store } = options
    this.#options = options
    this.origin = logOrigin(networkId, signer.nodeId)
    this.witness = new CosigningWitness(options)
    this.#tree = log === undefined ? undefined : new TlogTree(log, store)
  }

  /** Serves the protocol, and has cosigned what is final already. */
  start(): void {
    const { network, networkId } = this.#options
    network.serve(cosignProtocol(networkId), {
      ...COSIGN_LIMITS,
      handle: ({ from, bytes }) => this.#answer(from, bytes),
    })
    this.changed()
  }

  /** To be called when stamps have become final: a round begins when the last is a second old. */
  changed(): void {
    if (this.#tree === undefined || this.#isRunning) return
    const sinceNs = this.#roundNs === undefined ? ROUND_NS : this.#options.time.elapsedNs() - this.#roundNs
    this.#after(sinceNs >= ROUND_NS ? 0n : ROUND_NS - sinceNs)
  }

  /** The newest checkpoint of the node's log as a note, with the cosignatures that it has; undefined before the first. */
  checkpoint(): string | undefined {
    return this.#published === undefined ? undefined : encodeNote(this.#published.note)
  }

  /** Bytes of a tile or a bundle of what the newest checkpoint covers; undefined where there is none. */
  tile(place: TilePlace): Uint8Array | undefined {
    return this.#published === undefined ? undefined : this.#tree?.tile(place, this.#published.size)
  }

  /** The key of the node's log, as a verifier is told of it. */
  logKey(): string {
    return verifierKeyText(this.#noteKey('ed25519'))
  }

  /** The keys by which members cosign, this node's first, one each. */
  witnessKeys(): readonly string[] {
    const { networkId, signer, members } = this.#options
    const others = members().filter(({ id }) => id !== nodeIdText(signer.nodeId))
    return [signer.nodeId, ...others.map(({ key }) => key)].map((key) =>
      verifierKeyText(nodeNoteKey(networkId, key, 'cosignature')),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    this.witness.close()
    this.#cancel()
    await this.#running
  }

  #noteKey(type: 'ed25519' | 'cosignature'): ReturnType<typeof nodeNoteKey> {
    return nodeNoteKey(this.#options.networkId, this.#options.signer.nodeId, type)
  }

  async #answer(from: PeerId, bytes: Uint8Array): Promise<Admission<Uint8Array>> {
    if (!this.#options.members().some(({ id }) => id === from)) return reject('not-member')
    try {
      const answer = await this.witness.answer(textOf(bytes))
      if (answer.verdict === 'accept') return accept(new TextEncoder().encode(answer.line))
      // The size is an answer like another: whoever asked asks again.
      if (answer.reason === 'old-size-differs') return accept(new TextEncoder().encode(`${answer.size ?? 0}\n`))
      return answer.verdict === 'ignore' ? answer : reject(answer.reason)
    } catch (error) {
      if (!(error instanceof ChimerError)) throw error
      this.#options.onTrouble(error)
      return { verdict: 'ignore', reason: 'closing' }
    }
  }

  #after(delayNs: bigint): void {
    this.#cancel()
    if (this.#closing.signal.aborted) return
    this.#cancel = this.#options.time.schedule(delayNs, () => {
      this.#isRunning = true
      this.#running = this.#round()
    })
  }

  /** Grows the tree a part at a time; then signs, asks, and says it. */
  async #round(): Promise<void> {
    const { log, onTrouble } = this.#options
    let nextNs: bigint | undefined
    try {
      const head = log?.head
      if (head !== undefined && this.#tree !== undefined) nextNs = await this.#publish(head, this.#tree)
    } catch (error) {
      if (!(error instanceof ChimerError)) throw error
      onTrouble(error)
      nextNs = ROUND_AGAIN_NS
    } finally {
      this.#isRunning = false
    }
    if (nextNs !== undefined) this.#after(nextNs)
  }

  /** @returns when to come again without being told; undefined where all is said. */
  async #publish(head: LogHead, tree: TlogTree): Promise<bigint | undefined> {
    if (!tree.grow(head.size)) return 0n
    this.#roundNs = this.#options.time.elapsedNs()
    if (!tree.holds(head)) throw logBroken('its entries do not give the root that its blocks name')
    const note = await this.#sign(head)
    const asked = this.#options.network.peers().filter((peer) => this.#options.members().some(({ id }) => id === peer))
    const own = await this.#cosignOwn(note)
    this.#published ??= { ...head, note: withLines(note, own) }
    const lines = await Promise.all(asked.map((peer) => this.#ask(peer, { head, note, tree })))
    const cosigned = this.#withEarlier(note, [...own, ...lines.filter((line) => line !== undefined)])
    this.#published = { ...head, note: withLines(note, cosigned) }
    const newest = this.#options.log?.head
    if (newest !== undefined && newest.size > head.size) return this.#untilNextNs()
    const others = cosigned.filter(({ name }) => name !== this.origin)
    return others.length < this.#options.members().length - 1 ? ROUND_AGAIN_NS : undefined
  }

  /** And the lines of those who cosigned this head in an earlier round, and did not answer now. */
  #withEarlier({ text }: SignedNote, lines: readonly NoteSignature[]): readonly NoteSignature[] {
    const earlier = this.#published?.note
    if (earlier?.text !== text) return lines
    const cosigned = earlier.signatures.slice(1)
    return [...lines, ...cosigned.filter((old) => !lines.some(({ name }) => name === old.name))]
  }

  #untilNextNs(): bigint {
    const sinceNs = this.#options.time.elapsedNs() - (this.#roundNs ?? 0n)
    return sinceNs >= ROUND_NS ? 0n : ROUND_NS - sinceNs
  }

  /** The log's own signature; never under a head that does not continue the last: the node is witness of itself. */
  async #sign(head: LogHead): Promise<SignedNote> {
    const { signer, store } = this.#options
    const text = checkpointText({ ...head, origin: this.origin, extensions: [] })
    const last = store.last(this.origin)
    if (last !== undefined && !this.#continues(last, head)) throw logBroken('it does not continue what was signed last')
    const signature = noteSignatureOf(this.#noteKey('ed25519'), await signer.signNote(text))
    const note = { text, signatures: [signature] }
    if (!store.keep({ origin: this.origin, size: head.size, root: head.root, note: encodeNote(note) }))
      throw logBroken('the file of what was cosigned is full')
    return note
  }

  #continues(last: LogHead, head: LogHead): boolean {
    return last.size <= head.size && (this.#tree?.holds(last) ?? false)
  }

  async #cosignOwn(note: SignedNote): Promise<readonly NoteSignature[]> {
    const timeSec = this.witness.timeSec()
    return timeSec.verdict === 'accept' ? [await this.witness.cosign(note, timeSec.value)] : []
  }

  /** A member's line under the note, once it was seen to be theirs. */
  async #ask(
    peer: PeerId,
    question: { readonly head: LogHead; readonly note: SignedNote; readonly tree: TlogTree },
  ): Promise<NoteSignature | undefined> {
    const member = this.#options.members().find(({ id }) => id === peer)
    if (member === undefined) return undefined
    const key = nodeNoteKey(this.#options.networkId, member.key, 'cosignature')
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const answer = await this.#request(peer, question)
      const size = answer?.endsWith('\n') === true ? sizeOfText(answer.slice(0, -1)) : undefined
      if (size !== undefined && size <= question.head.size) {
        this.#noteSize(peer, size)
        continue
      }
      const lines = openSignatureLines(answer ?? '')
      const line =
        lines.verdict === 'accept'
          ? lines.value.find((one) => cosignedAt(key, question.note.text, one) !== undefined)
          : undefined
      if (line !== undefined) this.#noteSize(peer, question.head.size)
      return line
    }
    return undefined
  }

  #noteSize(peer: PeerId, size: number): void {
    const ids = new Set(this.#options.members().map(({ id }) => id))
    for (const known of this.#sizes.keys()) if (!ids.has(known)) this.#sizes.delete(known)
    this.#sizes.set(peer, size)
  }

  async #request(
    peer: PeerId,
    { head, note, tree }: { readonly head: LogHead; readonly note: SignedNote; readonly tree: TlogTree },
  ): Promise<string | undefined> {
    const { network, networkId, time } = this.#options
    const oldSize = Math.min(this.#sizes.get(peer) ?? 0, head.size)
    const proof = tree.consistency({ oldSize, newSize: head.size })
    const body = new TextEncoder().encode(encodeWitnessRequest({ oldSize, proof, note }))
    const deadline = abortAfter(time, ANSWER_NS_MAX)
    const signal = AbortSignal.any([deadline.signal, this.#closing.signal])
    try {
      const { responseBytesMax } = COSIGN_LIMITS
      return textOf(
        await network.request(peer, cosignProtocol(networkId), { body: () => body, responseBytesMax, signal }),
      )
    } catch (error) {
      // Not there, too slow, or unwilling: the round goes on without it, and the next asks again.
      if (error instanceof ChimerError) return undefined
      throw error
    } finally {
      deadline.cancel()
    }
  }
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

const withLines = ({ text, signatures }: SignedNote, lines: readonly NoteSignature[]): SignedNote => ({
  text,
  signatures: [...signatures, ...lines],
})

/** `TC_STAMP_LOG`. */
const logBroken = (why: string): ChimerError =>
  new ChimerError(
    'TC_STAMP_LOG',
    `no checkpoint of this node's log of stamps is signed: ${why}. Put the data directory back as it was, whole: stamps and what was cosigned belong together`,
    { facts: { why } },
  )
