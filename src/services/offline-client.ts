/** The client's questions about offline stamps: `client.offline`. Rules: docs/spec/api.md, A-140 to A-142. */
import { jsonOf, request } from './client-transport.ts'
import type { ClientOptions } from './client-transport.ts'
import { offlineEvidenceSchema, offlineTakenSchema } from './offline-schema.ts'
import type { OfflineTakenView } from './offline-schema.ts'

/** On a node that stamps nothing, all reject with `TC_API_NOT_FOUND` (404). */
export interface OfflineClient {
  /**
   * Hands in a record with its return. Rejects with `TC_API_OFFLINE_REFUSED` (422), whose message says at which link and why, or as `stamps.submit`.
   * @param beacon the block that was newest before the clock was read, hex; null for none.
   */
  submit(record: Uint8Array, given: { readonly beacon: string | null }): Promise<OfflineTakenView>
  /** What convicts a drawing's node, by the drawing's id in hex. Rejects with `TC_API_UNKNOWN_DRAWING` (404) where nothing does. */
  evidence(drawing: string): Promise<Uint8Array>
}

export const openOfflineClient = (options: ClientOptions): OfflineClient => ({
  submit: (record, { beacon }) =>
    request(
      options,
      '/v1/offline',
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ record: base64Of(record), beacon }),
      },
      jsonOf(offlineTakenSchema),
    ),
  evidence: async (drawing) => {
    const path = `/v1/offline/${encodeURIComponent(drawing)}/evidence`
    const { evidence } = await request(options, path, {}, jsonOf(offlineEvidenceSchema))
    return Uint8Array.from(atob(evidence), (character) => character.charCodeAt(0))
  },
})

/** In parts, since a call takes only so many arguments. */
const base64Of = (bytes: Uint8Array): string => {
  let text = ''
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return btoa(text)
}
