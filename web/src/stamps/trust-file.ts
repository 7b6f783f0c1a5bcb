/** What people hand this page to trust: a genesis file, read and checked as the node reads it, or a checkpoint, which the worker checks. */
import '../shims/buffer.ts'
import { type Genesis, chainGenesisOf, readGenesis } from '../../../src/stamps/door.ts'
import type { TrustView } from '../model/stamps.ts'
import { hexOf } from './byte-text.ts'
import type { TrustSource } from './worker-words.ts'
import type { Workshop } from './workshop.ts'

/** Longest file that is read, bytes. */
const TRUST_BYTES_MAX = 4_000_000

export interface Trusted {
  readonly source: TrustSource
  readonly view: TrustView
}

/** Taken, or one sentence on why not. */
export type TrustRead = Trusted | { readonly why: string }

const namesOf = ({ members }: Genesis): ReadonlyMap<string, string> =>
  new Map(members.map(({ key, name }) => [hexOf(key), name]))

/** The genesis that a node gave: its own word. */
export const trustOfNode = (file: unknown): TrustRead => trustOfGenesisFile(file, 'node', undefined)

const trustOfGenesisFile = (file: unknown, from: 'node' | 'genesis', fileName: string | undefined): TrustRead => {
  try {
    const genesis = readGenesis(file)
    const { name, networkId } = genesis
    return {
      source: { from: 'genesis', genesis: chainGenesisOf(genesis), names: namesOf(genesis) },
      view: { from, name: fileName ?? name, networkId: hexOf(networkId), height: undefined },
    }
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) }
  }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined

/** A file of the visitor's. What `truechimer genesis --json` prints has the genesis under `genesis`. */
export const trustOfFile = async (
  file: File,
  workshop: Workshop,
  names: ReadonlyMap<string, string>,
): Promise<TrustRead> => {
  if (file.size > TRUST_BYTES_MAX) return { why: `${file.name} is too long for a genesis or a checkpoint.` }
  const json = parsed(await file.text())
  if (json === undefined) return { why: `${file.name} is no JSON: a genesis or a checkpoint file is wanted.` }
  if (!String(memberOf(json, 'form')).startsWith('truechimer/checkpoint/'))
    return trustOfGenesisFile(memberOf(json, 'genesis') ?? json, 'genesis', file.name)
  const read = await workshop.checkpoint({ json })
  if (read.verdict === 'reject') return { why: `${file.name} cannot be used. ${read.says}` }
  return {
    source: { from: 'checkpoint', checkpoint: json, names },
    view: { from: 'checkpoint', name: file.name, networkId: read.networkId, height: read.height },
  }
}
