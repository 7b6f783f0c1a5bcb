/**
 * `NAME.chime` on disk: the receipt's form until the stamp is final, then the proof, put in its place by renaming, so that whoever looks
 * sees one of them whole. Durable before anything is said of it. What is there already is never lost: `keepOld` moves it aside.
 */
import { existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ChimerError, accept, hexOf, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { syncDirectory } from '../crypto/io/disk.ts'
import { reasonOf } from '../node/io/data-directory.ts'
import { realRandom } from '../node/io/real-ports.ts'
import { isPendingForm, openPendingStamp, openStampProof } from '../stamps/index.ts'
import type { ImprintAlgorithm, PendingStamp, StampProof } from '../stamps/index.ts'

/** No file of this kind is larger, bytes; more than this is not read. A bridge over many changes of the validators is what is large. */
export const CHIME_BYTES_MAX = 4 * 1024 * 1024

export const chimeOf = (path: string): string => `${path}.chime`

/** What a `.chime` file holds. */
export type Chime =
  | { readonly type: 'proof'; readonly proof: StampProof; readonly bytes: Uint8Array }
  | { readonly type: 'pending'; readonly pending: PendingStamp; readonly bytes: Uint8Array }

export const openChime = (bytes: Uint8Array): Admission<Chime> => {
  if (bytes.length > CHIME_BYTES_MAX) return reject('too-large')
  if (isPendingForm(bytes)) {
    const opened = openPendingStamp(bytes)
    return opened.verdict === 'accept' ? accept({ type: 'pending', pending: opened.value, bytes }) : opened
  }
  const opened = openStampProof(bytes)
  return opened.verdict === 'accept' ? accept({ type: 'proof', proof: opened.value, bytes }) : opened
}

/** The bytes of a small file, and one more than `bytesMax` at most. `TC_FILE_UNREADABLE` where it cannot be read. */
export const readBytes = async (path: string, bytesMax = CHIME_BYTES_MAX): Promise<Uint8Array> => {
  try {
    await using file = await open(path, 'r')
    const parts: Buffer[] = []
    for await (const part of file.createReadStream({ end: bytesMax, autoClose: false })) parts.push(part)
    return new Uint8Array(Buffer.concat(parts))
  } catch (cause) {
    throw new ChimerError('TC_FILE_UNREADABLE', `Cannot read ${path}: ${reasonOf(cause)}.`, { facts: { path }, cause })
  }
}

/** Random, so that nobody who may write to the directory too can have laid a link there that leads elsewhere. */
const BESIDE_BYTES = 8

/**
 * Writes or replaces, durably, and through no link: one in the file's place is replaced, not followed. `TC_FILE_UNWRITABLE` where it cannot be
 * done; what was there is there still.
 */
export const writeDurably = async (path: string, bytes: Uint8Array): Promise<void> => {
  const beside = join(dirname(path), `.truechimer-${hexOf(realRandom.bytes(BESIDE_BYTES))}.tmp`)
  let isOurs = false
  try {
    {
      await using file = await open(beside, 'wx')
      isOurs = true
      await file.writeFile(bytes)
      await file.sync()
    }
    await rename(beside, path)
    await syncDirectory(dirname(path))
  } catch (cause) {
    if (isOurs) await rm(beside, { force: true }).catch(() => undefined)
    throw new ChimerError('TC_FILE_UNWRITABLE', `Cannot write ${path}: ${reasonOf(cause)}.`, { facts: { path }, cause })
  }
}

/** Moves what is there to the first free of `PATH.1`, `PATH.2`, …, and says where it is now. */
export const keepOld = async (path: string): Promise<string> => {
  let number = 1
  while (existsSync(`${path}.${number}`)) number += 1
  const kept = `${path}.${number}`
  try {
    await rename(path, kept)
  } catch (cause) {
    throw new ChimerError('TC_FILE_UNWRITABLE', `Cannot rename ${path}: ${reasonOf(cause)}.`, {
      facts: { path },
      cause,
    })
  }
  return kept
}

/** What a chime is of. */
export const subjectOf = (
  chime: Chime,
): { readonly algorithm: ImprintAlgorithm; readonly imprint: Uint8Array; readonly salt: Uint8Array } => {
  const { algorithm, imprint } = chime.type === 'proof' ? chime.proof : chime.pending.entry
  const { salt } = chime.type === 'proof' ? chime.proof : chime.pending
  return { algorithm, imprint, salt }
}
