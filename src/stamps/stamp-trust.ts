/**
 * What a stamp is verified with: the genesis of its network, or a checkpoint, which is a block that somebody vouches for together with who
 * voted on it, as a file. A checkpoint ages (B-107): keys of long ago may be in anybody's hands. Rules T-25, T-26 in docs/spec/stamps.md.
 */
import { accept, bytesOfHex, equalBytes, hexOf, reject } from '../base/index.ts'
import type { Admission, Tai } from '../base/index.ts'
import {
  ValidatorSet,
  VALIDATORS_MAX,
  blockIdOf,
  decodeHeader,
  encodeHeader,
  trustOfGenesis,
  weightsRoot,
} from '../consensus/index.ts'
import type { ChainGenesis, Header, LightTrust, TrustPeriod } from '../consensus/index.ts'
import { PUBLIC_KEY_BYTES, nodeIdText } from '../crypto/index.ts'
import type { NamedKey } from './voted-headers.ts'

export interface StampTrust {
  /** 32 bytes. */
  readonly networkId: Uint8Array
  /** Keys of the genesis' members, 32 bytes each, rising: proofs name keys by their place here. */
  readonly genesisKeys: readonly Uint8Array[]
  readonly light: LightTrust
  /** Of a checkpoint: the newest instant that its header states, TAI ns; undefined of the genesis, which has no age. */
  readonly asOf: Tai | undefined
  /** How old a checkpoint may be; without, however old. */
  readonly period?: TrustPeriod
  /** What people call the members, by key in hex. */
  readonly names?: ReadonlyMap<string, string>
}

const isBefore = (a: Uint8Array, b: Uint8Array): boolean => {
  const at = a.findIndex((byte, i) => byte !== b[i])
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0)
}

/** Do 32-byte strings rise, none twice? */
export const isRisingKeys = (keys: readonly Uint8Array[]): boolean =>
  keys.every((key, i) => {
    const before = keys[i - 1]
    return before === undefined || isBefore(before, key)
  })

/** The keys in the order in which places are counted. */
export const placedKeys = (keys: readonly Uint8Array[]): readonly Uint8Array[] =>
  keys.toSorted((a, b) => (isBefore(a, b) ? -1 : 1))

/** How a key is named among the genesis' keys. */
export const nameKey = (genesisKeys: readonly Uint8Array[], key: Uint8Array): NamedKey => {
  const place = genesisKeys.findIndex((known) => equalBytes(known, key))
  return place < 0 ? key : place
}

/** The key that is named; undefined where the place is none, or where a key has a place and is not named by it. */
export const keyNamed = (genesisKeys: readonly Uint8Array[], named: NamedKey): Uint8Array | undefined => {
  if (typeof named === 'number') return genesisKeys[named]
  return genesisKeys.some((known) => equalBytes(known, named)) ? undefined : named
}

/** Trust in a genesis file alone. Works out who votes first: some milliseconds for a hundred members, so make it once. */
export const stampTrustOfGenesis = (genesis: ChainGenesis, names?: ReadonlyMap<string, string>): StampTrust => ({
  networkId: genesis.networkId,
  genesisKeys: placedKeys(genesis.members.map(({ key }) => key)),
  light: trustOfGenesis(genesis),
  asOf: undefined,
  ...(names === undefined ? {} : { names }),
})

export const CHECKPOINT_FORM = 'truechimer/checkpoint/1'
/** Longest file, bytes: as many members and validators as there can be, in hex. */
export const CHECKPOINT_BYTES_MAX = 524_288
/** Members that a genesis in a checkpoint has at most. */
const GENESIS_KEYS_MAX = 1024
/** How old a checkpoint may be unless told, days of its block's time. */
export const TRUST_DAYS_DEFAULT = 14

/** A checkpoint as JSON: bytes in hex, weights as decimal text. */
export interface CheckpointFile {
  readonly form: typeof CHECKPOINT_FORM
  readonly networkId: string
  /** Rising. */
  readonly genesisKeys: readonly string[]
  readonly height: number
  /** The encoded header. */
  readonly header: string
  /** In the order of keys. */
  readonly validators: readonly { readonly key: string; readonly weight: string }[]
}

/** What a block's header and its voters look like as a file. That they belong together is the caller's to know. */
export const writeCheckpoint = (made: {
  readonly networkId: Uint8Array
  readonly genesisKeys: readonly Uint8Array[]
  readonly header: Header
  readonly validators: ValidatorSet
}): CheckpointFile => ({
  form: CHECKPOINT_FORM,
  networkId: hexOf(made.networkId),
  genesisKeys: placedKeys(made.genesisKeys).map(hexOf),
  height: made.header.height,
  header: hexOf(encodeHeader(made.header)),
  validators: made.validators.list.map(({ key, weight }) => ({ key: hexOf(key), weight: weight.toString() })),
})

/**
 * Why a file is no checkpoint. `checkpoint-malformed`: not of the form; `checkpoint-wrong-header`: no header of the network and height that
 * it says; `checkpoint-wrong-validators`: others than those that the header names.
 */
export const CHECKPOINT_REASONS = [
  'checkpoint-malformed',
  'checkpoint-wrong-header',
  'checkpoint-wrong-validators',
] as const
export type CheckpointReason = (typeof CHECKPOINT_REASONS)[number]

/** A checkpoint from parsed JSON of anybody. Whether it is to be believed is the reader's to know; how old it may be, `period` says. Never throws. */
export const readCheckpoint = (json: unknown): Admission<StampTrust, CheckpointReason> => {
  const read = readForm(json)
  if (read === undefined) return reject('checkpoint-malformed')
  const { networkId, genesisKeys, height, headerBytes, validators } = read
  const header = decodeHeader(headerBytes, networkId)
  if (header.verdict !== 'accept' || header.value.height !== height) return reject('checkpoint-wrong-header')
  if (!equalBytes(weightsRoot(validators), header.value.weightsRoot)) return reject('checkpoint-wrong-validators')
  // Δ widens what a tally says of time, and nobody asks a bridge for the time.
  const light = { networkId, proposalDelayNs: 0n, height, block: blockIdOf(header.value), validators }
  return accept({ networkId, genesisKeys, light, asOf: header.value.time.timestamp })
}

interface ReadForm {
  readonly networkId: Uint8Array
  readonly genesisKeys: readonly Uint8Array[]
  readonly height: number
  readonly headerBytes: Uint8Array
  readonly validators: ValidatorSet
}

const isRecord = (data: unknown): data is Readonly<Record<string, unknown>> => typeof data === 'object' && data !== null

const bytesIn = (data: unknown, length?: number): Uint8Array | undefined => {
  const read = typeof data === 'string' ? bytesOfHex(data) : undefined
  return read !== undefined && (length === undefined || read.length === length) ? read : undefined
}

/** All, or undefined where one is not there. */
const allOf = <T>(
  data: unknown,
  countMax: number,
  read: (item: unknown) => T | undefined,
): readonly T[] | undefined => {
  if (!Array.isArray(data) || data.length < 1 || data.length > countMax) return undefined
  const items = data.map(read).filter((item) => item !== undefined)
  return items.length === data.length ? items : undefined
}

const readForm = (json: unknown): ReadForm | undefined => {
  if (!isRecord(json) || json['form'] !== CHECKPOINT_FORM) return undefined
  const { height } = json
  const networkId = bytesIn(json['networkId'], 32)
  const headerBytes = bytesIn(json['header'])
  const genesisKeys = allOf(json['genesisKeys'], GENESIS_KEYS_MAX, (item) => bytesIn(item, PUBLIC_KEY_BYTES))
  const validators = readValidators(json['validators'])
  if (networkId === undefined || headerBytes === undefined || genesisKeys === undefined || validators === undefined)
    return undefined
  if (typeof height !== 'number' || !Number.isSafeInteger(height) || height < 1) return undefined
  return isRisingKeys(genesisKeys) ? { networkId, genesisKeys, height, headerBytes, validators } : undefined
}

const WEIGHT = /^[1-9][0-9]{0,18}$/

const readValidators = (data: unknown): ValidatorSet | undefined => {
  const list = allOf(data, VALIDATORS_MAX, (item) => {
    if (!isRecord(item) || typeof item['weight'] !== 'string' || !WEIGHT.test(item['weight'])) return undefined
    const key = bytesIn(item['key'], PUBLIC_KEY_BYTES)
    return key === undefined ? undefined : { id: nodeIdText(key), key, weight: BigInt(item['weight']) }
  })
  return list !== undefined && isRisingKeys(list.map(({ key }) => key)) ? new ValidatorSet(list) : undefined
}
