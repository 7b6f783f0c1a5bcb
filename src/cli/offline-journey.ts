/**
 * A journey on disk: `DIR/journey/<id>.record`, everything about one drawing (proofs/offline-record.ts), and `<id>.json` beside it: what this
 * machine's counter read, how many vectors were used, and which files were stamped.
 *
 * That a vector is used is durable before anything is signed with it (P-77): after a crash between the two, the next stamp would not be
 * the next one, so the journey says that it ended there. Rules P-76, P-77.
 */
import { existsSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { ChimerError, hexOf } from '../base/index.ts'
import { codeOf } from '../crypto/io/disk.ts'
import { readJson, reasonOf } from '../node/io/data-directory.ts'
import { OFFLINE_RECORD_BYTES_MAX, encodeRecord, openRecord, openVectors } from '../proofs/index.ts'
import type { OfflineRecord, SealedVectors } from '../proofs/index.ts'
import { keepOld, readBytes, writeDurably } from './chime-file.ts'
import { readWrittenCount, writeCount } from './offline-counter.ts'
import type { Count } from './offline-counter.ts'

const countSchema = z.object({
  wallNs: z.string().regex(/^\d{1,20}$/),
  boot: z.object({ id: z.string().max(64), elapsedNs: z.string().regex(/^\d{1,20}$/) }).nullable(),
})
const stateSchema = z.object({
  form: z.literal('truechimer/journey/1'),
  /** The counter when the vectors were drawn, and at the last look. */
  drawn: countSchema,
  last: countSchema,
  /** Vectors used: one more than the stamps in the record after a crash. */
  used: z.number().int().min(0).max(4096),
  /** Id of the block that has the drawing's stamp, hex. */
  block: z.string().regex(/^[0-9a-f]{64}$/),
  /** Absolute paths of what was stamped, in order; null where it was standard input. */
  files: z.array(z.string().max(4096).nullable()).max(4096),
  /** The return's stamp is final, and everything has its proof. */
  isOver: z.boolean(),
})

export interface JourneyState {
  readonly drawn: Count
  readonly last: Count
  readonly used: number
  readonly block: Uint8Array
  readonly files: readonly (string | null)[]
  readonly isOver: boolean
}

export interface Journey {
  readonly id: string
  readonly vectors: SealedVectors
  readonly record: OfflineRecord
  readonly state: JourneyState
}

const directoryOf = (data: string): string => join(data, 'journey')
const statePathOf = (data: string, id: string): string => join(directoryOf(data), `${id}.json`)
const recordPathOf = (data: string, id: string): string => join(directoryOf(data), `${id}.record`)

/** Lays down a journey. `TC_FILE_UNWRITABLE` where that cannot be. */
export const beginJourney = async (data: string, journey: Journey): Promise<void> => {
  const directory = directoryOf(data)
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
  } catch (cause) {
    const say = `Cannot make ${directory}: ${reasonOf(cause)}.`
    throw new ChimerError('TC_FILE_UNWRITABLE', say, { facts: { directory }, cause })
  }
  await keepRecord(data, journey)
  await keepState(data, journey)
}

/** Durable when it resolves. */
export const keepState = (data: string, { id, state }: Pick<Journey, 'id' | 'state'>): Promise<void> => {
  const { drawn, last, block, ...rest } = state
  const written: z.infer<typeof stateSchema> = {
    form: 'truechimer/journey/1',
    ...rest,
    files: [...state.files],
    drawn: writeCount(drawn),
    last: writeCount(last),
    block: hexOf(block),
  }
  return writeDurably(statePathOf(data, id), new TextEncoder().encode(`${JSON.stringify(written, undefined, 2)}\n`))
}

/** Durable when it resolves. */
export const keepRecord = (data: string, { id, record }: Pick<Journey, 'id' | 'record'>): Promise<void> =>
  writeDurably(recordPathOf(data, id), encodeRecord(record))

/** All journeys of a data directory that are not over, oldest drawing first. `TC_OFFLINE_JOURNEY` where one's files are damaged. */
export const openJourneys = async (data: string): Promise<readonly Journey[]> => {
  const journeys = await Promise.all((await idsIn(directoryOf(data))).map((id) => readJourney(data, id)))
  return journeys
    .filter(({ state }) => !state.isOver)
    .toSorted((a, b) => (a.vectors.vectors.drawn.earliest < b.vectors.vectors.drawn.earliest ? -1 : 1))
}

const idsIn = async (directory: string): Promise<readonly string[]> => {
  try {
    return (await readdir(directory))
      .filter((name) => /^[0-9a-f]{64}\.json$/.test(name))
      .map((name) => name.slice(0, 64))
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return []
    const say = `Cannot read ${directory}: ${reasonOf(cause)}.`
    throw new ChimerError('TC_FILE_UNREADABLE', say, { facts: { directory }, cause })
  }
}

const readJourney = async (data: string, id: string): Promise<Journey> => {
  const state = stateSchema.safeParse(await readJson(statePathOf(data, id)))
  const record = openRecord(await readBytes(recordPathOf(data, id), OFFLINE_RECORD_BYTES_MAX))
  const vectors = record.verdict === 'accept' ? openVectors(record.value.vectors) : record
  if (!state.success || record.verdict !== 'accept' || vectors.verdict !== 'accept' || hexOf(vectors.value.id) !== id)
    throw new ChimerError(
      'TC_OFFLINE_JOURNEY',
      `The files of journey ${id.slice(0, 8)} in ${directoryOf(data)} are damaged. Move both of its files away, and draw new vectors; what it stamped cannot be handed in.`,
      { facts: { directory: directoryOf(data), id } },
    )
  const { drawn, last, block, ...rest } = state.data
  return {
    id,
    vectors: vectors.value,
    record: record.value,
    state: { ...rest, drawn: readWrittenCount(drawn), last: readWrittenCount(last), block: Buffer.from(block, 'hex') },
  }
}

/** Moves what is at a path aside, unless it is a record of this journey, and says where it is now; undefined where there was nothing to move. */
export const keepForeign = async (path: string, { id }: Pick<Journey, 'id'>): Promise<string | undefined> => {
  if (!existsSync(path)) return undefined
  const found = openRecord(await readBytes(path, OFFLINE_RECORD_BYTES_MAX))
  const vectors = found.verdict === 'accept' ? openVectors(found.value.vectors) : found
  return vectors.verdict === 'accept' && hexOf(vectors.value.id) === id ? undefined : keepOld(path)
}
