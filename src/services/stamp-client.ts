/**
 * The client's questions about stamps: `client.stamps`. It carries digests, receipts and proofs as the API has them and checks none of
 * them: that is `verifyStamp`'s work (`truechimer/stamps`). Rules: docs/spec/api.md, A-110 and after.
 */
import { z } from 'zod'
import { follow } from './client-stream.ts'
import type { StreamState } from './client-stream.ts'
import { bytesOf, jsonOf, parseJson, request } from './client-transport.ts'
import type { ApiError, ClientOptions } from './client-transport.ts'
import { beaconSchema, stampNewsSchema, stampSchema, stampsSchema } from './stamp-schema.ts'
import type { BeaconView, StampAsk, StampNewsView, StampView } from './stamp-schema.ts'

export interface SubmitOptions {
  /** 1 to 64 printable ASCII characters: the same imprint under the same key is the same stamp, however often it is asked for. */
  readonly clientKey?: string
}

export interface WatchOptions {
  /** Ends the iteration without an error. */
  readonly signal?: AbortSignal
  /** Told about every change of the connection; `waiting` comes with what went wrong, if anything did. */
  readonly onState?: (state: StreamState, error?: ApiError) => void
}

/** On a node that stamps nothing, all reject with `TC_API_NOT_FOUND` (404). */
export interface StampsClient {
  /** The network's newest decided block, to be mixed in; null before the first. */
  beacon(): Promise<BeaconView | null>
  /**
   * Has one imprint stamped; resolves when the stamp is durable at the node. Rejects with `TC_API_STAMP_BEACON` (409),
   * `TC_API_STAMPS_FULL`, `TC_API_STAMP_UNREADY` or `TC_API_STAMP_STORE` (503), or `TC_API_RATE` (429): see `retryAfterMs`.
   */
  submit(ask: StampAsk, options?: SubmitOptions): Promise<StampView>
  /** Up to 100, all or none, answered in their order. */
  submitMany(asks: readonly StampAsk[], options?: SubmitOptions): Promise<readonly StampView[]>
  /** Rejects with `TC_API_UNKNOWN_STAMP` (404). */
  find(id: string): Promise<StampView>
  /**
   * The final proof as it stands in a `.chime` file, for who trusts the block at `from` (0: the genesis). Rejects with
   * `TC_API_UNKNOWN_STAMP` (404), or with `TC_API_STAMP_NOT_FINAL` (409) where it is too early.
   */
  proof(id: string, options?: { readonly from?: number }): Promise<Uint8Array>
  /**
   * The state of each stamp at once, then each change, until all are final. A lost connection is made again by itself; no state is given twice.
   * Up to 100 ids. Rejects with `TC_API_UNKNOWN_STAMP` (404).
   */
  watch(ids: readonly string[], options?: WatchOptions): AsyncIterable<StampNewsView>
}

export const openStampsClient = (options: ClientOptions): StampsClient => {
  const ask = <T>(path: string, schema: z.ZodType<T>, init: RequestInit = {}): Promise<T> =>
    request(options, path, init, jsonOf(schema))
  const submitMany: StampsClient['submitMany'] = async (asks, given = {}) => {
    const { stamps } = await ask('/v1/stamps', stampsSchema, submission({ stamps: asks }, given))
    return stamps
  }
  return {
    beacon: async () => (await ask('/v1/stamps/beacon', beaconSchema)).beacon,
    submit: async (wish, given = {}) => {
      const { stamps } = await ask('/v1/stamps', oneStampSchema, submission(wish, given))
      return stamps[0]
    },
    submitMany,
    find: (id) => ask(pathOf(id), stampSchema),
    proof: (id, { from = 0 } = {}) => request(options, `${pathOf(id)}/proof?from=${from}`, {}, bytesOf),
    watch: (ids, given = {}) => ({ [Symbol.asyncIterator]: () => watch(options, ids, given) }),
  }
}

const oneStampSchema = z.object({ stamps: z.tuple([stampSchema]) })

const pathOf = (id: string): string => `/v1/stamps/${encodeURIComponent(id)}`

const submission = (body: unknown, { clientKey }: SubmitOptions): RequestInit => ({
  method: 'POST',
  headers: {
    'content-type': 'application/json',
    ...(clientKey === undefined ? {} : { 'idempotency-key': clientKey }),
  },
  body: JSON.stringify(body),
})

async function* watch(
  options: ClientOptions,
  ids: readonly string[],
  { signal, onState }: WatchOptions,
): AsyncGenerator<StampNewsView> {
  const open = new Set(ids)
  const told = new Map<string, string>()
  const path = `/v1/stamps/events?ids=${[...open].map(encodeURIComponent).join(',')}`
  for await (const { data } of follow(options, { path, signal, onState })) {
    const news = stampNewsSchema.safeParse(parseJson(data))
    if (!news.success || !open.has(news.data.id) || told.get(news.data.id) === news.data.state) continue
    const { id, state } = news.data
    told.set(id, state)
    if (state === 'final') open.delete(id)
    yield news.data
    if (open.size === 0) return
  }
}
