/**
 * `peers.json` in the data directory: what discovery keeps over a restart. It holds the secret by which the tables are laid
 * out, so it is for its owner only (mode 600), and it is replaced whole: written beside, synced, renamed.
 *
 * A file that is missing is a first start. One that cannot be used stops nothing: it is told, and the node starts without;
 * what is lost is some protection against being surrounded. Rule: docs/spec/network.md N-30.
 */
import { open, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { ChimerError, bytesOfHex, hexOf } from '../../base/index.ts'
import { codeOf, syncDirectory } from '../../crypto/io/disk.ts'
import { parseNodeId } from '../../crypto/index.ts'
import { ADDRESS_LENGTH_MAX, KNOWN_PEERS_MAX, RECORD_ADDRESSES_MAX } from '../../network/index.ts'
import type { PeersMemory } from '../../network/index.ts'

const OWNER_ONLY = 0o600
/** 4,096 peers with eight addresses of 200 bytes each would be 7 MB; nothing larger is read. */
const FILE_BYTES_MAX = 8_388_608

const knownPeers = z
  .array(
    z.strictObject({
      peer: z.string().refine((text) => parseNodeId(text).verdict === 'accept'),
      addresses: z.array(z.string().max(ADDRESS_LENGTH_MAX).startsWith('/')).min(1).max(RECORD_ADDRESSES_MAX),
    }),
  )
  .max(KNOWN_PEERS_MAX)
const fileSchema = z.strictObject({
  version: z.literal(1),
  secret: z.string().regex(/^[0-9a-f]{64}$/),
  anchors: knownPeers,
  tried: knownPeers,
})

export const peersPathOf = (directory: string): string => join(directory, 'peers.json')

/**
 * What was kept, or nothing at a first start. Rejects with `TC_PEERS_FILE` where the file is there and cannot be used: open to
 * others, unreadable, or not of this form. The caller tells, and goes on without.
 */
export const readPeersFile = async (directory: string): Promise<PeersMemory | undefined> => {
  const path = peersPathOf(directory)
  const text = await readOwn(path)
  if (text === undefined) return undefined
  const parsed = fileSchema.safeParse(parse(path, text))
  if (!parsed.success) throw failed(path, 'it is not of this version, or was altered. Remove it to begin anew')
  const { secret, anchors, tried } = parsed.data
  return { secret: bytesOfHex(secret) ?? new Uint8Array(32), anchors, tried }
}

/** Replaces the file. Rejects with `TC_PEERS_FILE` where the disk refuses; the file that was there stays. */
export const writePeersFile = async (directory: string, memory: PeersMemory): Promise<void> => {
  const path = peersPathOf(directory)
  const { secret, anchors, tried } = memory
  const text = JSON.stringify({ version: 1, secret: hexOf(secret), anchors, tried })
  try {
    await writeWhole(`${path}.new`, text)
    await rename(`${path}.new`, path)
    await syncDirectory(dirname(path))
  } catch (cause) {
    throw failed(path, `it cannot be written (${codeOf(cause)}). Check the disk and the rights`, cause)
  }
}

const writeWhole = async (path: string, text: string): Promise<void> => {
  await using file = await open(path, 'w', OWNER_ONLY)
  await file.chmod(OWNER_ONLY)
  await file.writeFile(text)
  await file.sync()
}

const readOwn = async (path: string): Promise<string | undefined> => {
  try {
    await using file = await open(path, 'r')
    const { size, mode } = await file.stat()
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw failed(path, `others can reach it, and it holds a secret. Remove it, or: chmod 600 ${path}`)
    if (size > FILE_BYTES_MAX) throw failed(path, `it is larger than ${FILE_BYTES_MAX} bytes. Remove it to begin anew`)
    return await file.readFile('utf8')
  } catch (cause) {
    if (cause instanceof ChimerError) throw cause
    if (codeOf(cause) === 'ENOENT') return undefined
    throw failed(path, `it cannot be read (${codeOf(cause)}). Check the rights`, cause)
  }
}

const parse = (path: string, text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw failed(path, 'it is no JSON. Remove it to begin anew', cause)
  }
}

const failed = (path: string, why: string, cause?: unknown): ChimerError =>
  new ChimerError('TC_PEERS_FILE', `Cannot use ${path}: ${why}.`, { facts: { path }, cause })
