/**
 * One file from its bytes to its final proof: hashed here, its hash asked to be stamped, followed until it is final, its proof fetched and
 * checked. A node that does not answer is asked again, with the same key, so that nothing is stamped twice.
 */
import { ApiError, type Client } from '../../../src/services/client.ts'
import type { StampView } from '../../../src/services/schema.ts'
import { type Taken, type StampCard } from '../model/stamps.ts'
import type { Outcome } from '../model/stamps-outcome.ts'
import { troubleOf, unreadableText } from '../model/stamps-words.ts'
import { hexOf } from './byte-text.ts'
import type { Waker } from './pause.ts'
import type { Watching } from './watching.ts'
import type { FileDigest } from './worker-words.ts'
import { type Workshop, WorkshopError } from './workshop.ts'

/** What a card has in hand besides what is shown. */
export interface StampHeld {
  readonly file: File
  /** The receipt as a file; once it is there. */
  pending?: Uint8Array
  proof?: Uint8Array
  digest?: FileDigest
}

export interface StampingTools {
  readonly client: Client
  readonly workshop: Workshop
  readonly watching: Watching
  readonly waker: Waker
  /** One file at a time is hashed. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>
  readonly check: (proof: Uint8Array, digest: FileDigest) => Promise<Outcome | undefined>
}

export interface StampingJob {
  readonly held: StampHeld
  readonly signal: AbortSignal
  readonly show: (change: Partial<StampCard>) => void
}

const ALGORITHM = 'sha-256'
const KEY_BYTES = 16

/** Fresh for each file, so that asking again is the same wish and dropping the file again is another. */
const freshKey = (): string => hexOf(crypto.getRandomValues(new Uint8Array(KEY_BYTES)))

const takenOf = ({ id, position, heightPromised, entry, received }: StampView): Taken => ({
  id,
  position,
  heightPromised,
  beaconHeight: entry.beaconHeight,
  received: { utc: received.utc.earliest, widthNs: Number(BigInt(received.latest) - BigInt(received.earliest)) },
})

/** Resolves when it is over, one way or the other. */
export const stampOne = async (tools: StampingTools, job: StampingJob): Promise<void> => {
  const digest = await hashed(tools, job)
  if (digest === undefined || job.signal.aborted) return
  job.held.digest = { algorithm: ALGORITHM, digest }
  const view = await received(tools, job, digest)
  if (view === undefined || job.signal.aborted) return
  await finalised(tools, job, view)
  if (job.signal.aborted) return
  await proved(tools, job, view)
}

const hashed = (
  { workshop, inTurn }: StampingTools,
  { held, signal, show }: StampingJob,
): Promise<Uint8Array | undefined> =>
  inTurn(async () => {
    if (signal.aborted) return undefined
    show({ stage: 'hashing' })
    try {
      const onProgress = (hashedBytes: number): void => show({ hashedBytes })
      return await workshop.hash({ file: held.file, algorithm: ALGORITHM }, { onProgress, signal })
    } catch (error) {
      if (!(error instanceof WorkshopError)) throw error
      if (signal.aborted) return undefined
      show({ stage: 'failed', trouble: error.name === 'WorkerError' ? error.message : unreadableText(error.name) })
      return undefined
    }
  })

/** Asks until there is an answer that asking again would not change; undefined where it is a refusal. */
const persist = async <T>(
  { waker }: StampingTools,
  { signal, show }: StampingJob,
  ask: () => Promise<T>,
  hasReceipt: boolean,
): Promise<T | undefined> => {
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      const answer = await ask()
      show({ trouble: '' })
      return answer
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const isEarly = error.code === 'TC_API_STAMP_NOT_FINAL'
      const { says, isFinal } = troubleOf(error, hasReceipt)
      if (isFinal && !isEarly) {
        show({ stage: 'failed', trouble: says })
        return undefined
      }
      if (!isEarly) show({ trouble: says })
      await waker.pause(attempt, signal, error.retryAfterMs)
    }
  }
  return undefined
}

const received = async (tools: StampingTools, job: StampingJob, digest: Uint8Array): Promise<StampView | undefined> => {
  const { client, workshop } = tools
  const clientKey = freshKey()
  const ask = { algorithm: ALGORITHM, imprint: hexOf(digest) } as const
  job.show({ stage: 'asking', digest: ask.imprint, hashedBytes: job.held.file.size })
  const view = await persist(tools, job, () => client.stamps.submit(ask, { clientKey }), false)
  if (view === undefined) return undefined
  const { entry, receipt } = view
  const read = await workshop.receipt({ entry, receipt, clientKey, node: location.origin, digest })
  if (read.verdict === 'reject') {
    job.show({ stage: 'failed', trouble: read.says })
    return undefined
  }
  job.held.pending = read.file
  job.show({ stage: 'received', taken: takenOf(view) })
  return view
}

const finalised = ({ watching }: StampingTools, { signal, show }: StampingJob, { id }: StampView): Promise<void> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve())
    watching.follow(
      id,
      {
        onNews: ({ state, height }) => {
          if (state === 'received') return
          show({ stage: state === 'final' ? 'proposed' : state, height: height ?? undefined })
          if (state === 'final') resolve()
        },
        onTrouble: (error) => {
          if (error === undefined) return show({ trouble: '' })
          const { says, isFinal } = troubleOf(error, true)
          show({ trouble: says, ...(isFinal ? { stage: 'failed' } : {}) })
        },
      },
      signal,
    )
  })

const proved = async (tools: StampingTools, job: StampingJob, { id }: StampView): Promise<void> => {
  const { held, show } = job
  const proof = await persist(tools, job, () => tools.client.stamps.proof(id), true)
  if (proof === undefined) return
  held.proof = proof
  show({ stage: 'final', hasProof: true })
  if (held.digest !== undefined) show({ outcome: await tools.check(proof, held.digest) })
}
