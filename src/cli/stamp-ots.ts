/**
 * `truechimer stamp --ots`: beside the chime a pending OpenTimestamps file, for which calendars are asked to stamp the file's SHA-256
 * behind a nonce. The asked node's own calendar unless others are named; other people's tools complete the file.
 */
import { existsSync } from 'node:fs'
import { ChimerError } from '../base/index.ts'
import type { Random } from '../base/index.ts'
import { OTS_BYTES_MAX, OTS_NONCE_BYTES, otsCommitment, otsFile } from '../stamps/index.ts'
import type { OtsCalendar } from '../stamps/index.ts'
import { writeDurably } from './chime-file.ts'

/** How long one calendar may take, ms. */
const CALENDAR_MS = 10_000

/** `NAME.ots` for `NAME.chime`. */
export const otsOf = (chime: string): string => `${chime.replace(/\.chime$/, '')}.ots`

export interface OtsWish {
  readonly random: Random
  /** URLs without a slash at the end, at least one. */
  readonly calendars: readonly string[]
  readonly signal: AbortSignal
}

/**
 * Writes it, or says why not: `TC_STAMP_CALENDAR` where a calendar does not answer or answers something else. One that is there is left
 * as it is, since calendars may have completed it.
 * @param digest SHA-256 of the thing.
 */
export const writeOts = async (
  chime: string,
  digest: Uint8Array,
  { random, calendars, signal }: OtsWish,
): Promise<{ readonly path: string; readonly isNew: boolean }> => {
  const path = otsOf(chime)
  if (existsSync(path)) return { path, isNew: false }
  const nonce = random.bytes(OTS_NONCE_BYTES)
  const commitment = otsCommitment(digest, nonce)
  const asked: OtsCalendar[] = []
  for (const uri of calendars) asked.push({ uri, timestamp: await ask(uri, commitment, signal) })
  const made = otsFile({ digest, nonce, calendars: asked })
  if (made.verdict !== 'accept') throw noCalendar(calendars.join(', '), made.reason)
  await writeDurably(path, made.value)
  return { path, isNew: true }
}

const ask = async (uri: string, commitment: Uint8Array, signal: AbortSignal): Promise<Uint8Array> => {
  try {
    const response = await fetch(`${uri}/digest`, {
      method: 'POST',
      body: new Uint8Array(commitment),
      headers: { accept: 'application/vnd.opentimestamps.v1', 'content-type': 'application/octet-stream' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(CALENDAR_MS)]),
    })
    if (!response.ok) throw noCalendar(uri, `status ${response.status}`)
    return await bounded(response, uri)
  } catch (cause) {
    signal.throwIfAborted()
    if (cause instanceof ChimerError) throw cause
    throw noCalendar(uri, 'no answer', cause)
  }
}

const bounded = async (response: Response, uri: string): Promise<Uint8Array> => {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body ?? []) {
    bytes += part.length
    if (bytes > OTS_BYTES_MAX) throw noCalendar(uri, `more than ${OTS_BYTES_MAX} bytes`)
    parts.push(part)
  }
  return new Uint8Array(Buffer.concat(parts))
}

const noCalendar = (uri: string, why: string, cause?: unknown): ChimerError =>
  new ChimerError(
    'TC_STAMP_CALENDAR',
    `The calendar ${uri} did not stamp: ${why}. Ask another with --ots-calendar; the .chime file is written all the same.`,
    { facts: { uri }, ...(cause === undefined ? {} : { cause }) },
  )
