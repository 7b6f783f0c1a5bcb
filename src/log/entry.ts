/**
 * One entry of a node's log. It is deterministic CBOR, named by its CID, and holds the CID of the entry before it: who has the
 * newest name can check everything back from it.
 *
 * Entry = [1, previous, sequence, level, type, time, message, payload]. Source: DESIGN §4 "Signed bytes", seed 004 "Standard Logging
 * System". Rules: docs/spec/log.md L-1 to L-5.
 * Not promised: that what an entry says is true. It is what the node said, in this order, and not changed since.
 */
import { accept, reject } from '../base/index.ts'
import type { Admission, Tai, TimeInterval } from '../base/index.ts'
import { cidOfDigest, codecOf, int64, link, list, text, tuple, uint, word } from '../codec/index.ts'
import type { CodecReason, Field } from '../codec/index.ts'
import { sha3 } from '../crypto/index.ts'
import { PAYLOAD_BYTES_MAX, payload } from './payload.ts'
import type { Payload } from './payload.ts'

/** From the least to the gravest. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** What an entry is about: a room of the house, or whoever runs the node. */
export const LOG_TYPES = [
  'network',
  'clock',
  'proof',
  'consensus',
  'ledger',
  'register',
  'execution',
  'operator',
] as const
export type LogType = (typeof LOG_TYPES)[number]

export const ENTRY_VERSION = 1
/** UTF-16 units. */
export const MESSAGE_MAX = 512
/** Around message (3 bytes a unit at most) and payload there are at most 128 bytes more. */
export const ENTRY_BYTES_MAX = 128 + 3 * MESSAGE_MAX + PAYLOAD_BYTES_MAX

/** What somebody wants to have written. */
export interface LogDraft {
  readonly level: LogLevel
  readonly type: LogType
  /** When by the node's own clock; null where it had no time. */
  readonly time: TimeInterval | null
  /** At most `MESSAGE_MAX` UTF-16 units, well-formed. */
  readonly message: string
  /** Encoded at most `PAYLOAD_BYTES_MAX`: `payloadOf` makes one. */
  readonly payload: Payload
}

export interface LogEntry extends LogDraft {
  /** Counted from 0. */
  readonly sequence: number
  /** Digest of the entry before, 32 bytes; null for the very first. */
  readonly previous: Uint8Array | null
}

/** An entry with its bytes and the digest that names it. */
export interface SealedEntry {
  readonly entry: LogEntry
  readonly bytes: Uint8Array
  /** SHA3-256 of `bytes`. */
  readonly digest: Uint8Array
}

/** The name of an entry, as text: base32, 59 characters. */
export const cidText = (digest: Uint8Array): string => cidOfDigest(digest).toString()

/** No time, or one interval: an empty list or both its ends (docs/spec/encoding.md E-5). */
export const maybeTime: Field<TimeInterval | null> = {
  write: (value) => (value === null ? [] : [value.earliest, value.latest]),
  read: (data) => {
    const ends = list(int64(), 2).read(data)
    if (ends?.length === 0) return null
    const [earliest, latest] = ends ?? []
    return earliest !== undefined && latest !== undefined && earliest <= latest ? { earliest, latest } : undefined
  },
}

/** No entry before this one, or its link. */
export const maybeDigest: Field<Uint8Array | null> = {
  write: (value) => (value === null ? [] : [cidOfDigest(value)]),
  read: (data) => {
    const links = list(link, 1).read(data)
    return links === undefined ? undefined : (links[0]?.multihash.digest ?? null)
  },
}

const shape = tuple<LogEntry & { readonly version: number }>({
  version: uint({ min: ENTRY_VERSION, max: ENTRY_VERSION }),
  previous: maybeDigest,
  sequence: uint(),
  level: word(LOG_LEVELS),
  type: word(LOG_TYPES),
  time: maybeTime,
  message: text(MESSAGE_MAX),
  payload,
})

/** The wire shape. What appends in bulk writes the same bytes faster (`entry-bytes.ts`). */
export const entryCodec = codecOf(shape, ENTRY_BYTES_MAX)

/** An entry from anybody's bytes, by the strict rules of codec/. */
export const openEntry = (bytes: Uint8Array): Admission<SealedEntry, CodecReason> => {
  const decoded = entryCodec.decode(bytes)
  if (decoded.verdict !== 'accept') return decoded
  const { version: _, ...entry } = decoded.value
  if ((entry.previous === null) !== (entry.sequence === 0)) return reject('wrong-shape')
  return accept({ entry, bytes, digest: sha3(bytes) })
}

/** Where a level stands: 0 for trace to 5 for fatal. */
export const rankOf = (level: LogLevel): number => LOG_LEVELS.indexOf(level)

/** Which entries somebody wants to see. What is left out does not narrow. */
export interface LogFilter {
  /** Sequences from here, and before `to`. */
  readonly from?: number
  readonly to?: number
  /** This level and graver ones. */
  readonly level?: LogLevel
  readonly types?: readonly LogType[]
  /** Entries whose time may lie in [since, until], TAI ns; those without a time are left out as soon as either is given. */
  readonly since?: Tai
  readonly until?: Tai
}

/** What a filter looks at. */
export type EntryTraits = Pick<LogEntry, 'sequence' | 'level' | 'type' | 'time'>

export const matches = (filter: LogFilter, { sequence, level, type, time }: EntryTraits): boolean => {
  if (sequence < (filter.from ?? 0) || sequence >= (filter.to ?? Number.POSITIVE_INFINITY)) return false
  if (filter.level !== undefined && rankOf(level) < rankOf(filter.level)) return false
  if (filter.types !== undefined && !filter.types.includes(type)) return false
  if (filter.since !== undefined && (time === null || time.latest < filter.since)) return false
  return filter.until === undefined || (time !== null && time.earliest <= filter.until)
}
