/**
 * Where a signer's head survives. One file of two blocks, both holding the head; the first is on the disk before a signature
 * is given away, the second before the first is written again. So at any instant at most one block is being written, and the
 * other holds at least the last head that a signature was given for: one torn or damaged block is made good from its twin,
 * two are refused, and nothing is ever reset.
 *
 * Why not a new file and a rename: the head is written while a witness times the answer, and overwriting a block that exists
 * needs one `fdatasync` instead of two syncs and a rename. Measured figures and the argument: docs/spec/crypto.md C-13.
 * Not promised: a whole directory put back from a backup cannot be told from the truth (C-13).
 */
import { access, open, rename } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ChimerError, equalBytes } from '../../base/index.ts'
import { decodeHead, encodeHead, FRESH_HEAD, HEAD_BYTES_MAX } from '../ratchet.ts'
import type { SignerHead } from '../signer.ts'
import { codeOf, syncDirectory } from './disk.ts'

/** A block of its own for each copy, so that no disk rewrites one while it writes the other. */
export const BLOCK_BYTES = 4096
const FILE_BYTES = 2 * BLOCK_BYTES
const LENGTH_BYTES = 2
const OWNER_ONLY = 0o600

export interface HeadFile extends AsyncDisposable {
  readonly head: SignerHead
  /** Resolves when the new head is on the disk; one call at a time. */
  write(head: SignerHead): Promise<void>
}

/** Length of the record as two bytes, big end first, then the record. The rest of the block is zero and ignored. */
const blockOf = (nodeId: Uint8Array, head: SignerHead): Uint8Array => {
  const record = encodeHead(nodeId, head)
  const block = new Uint8Array(LENGTH_BYTES + HEAD_BYTES_MAX)
  new DataView(block.buffer).setUint16(0, record.length)
  block.set(record, LENGTH_BYTES)
  return block
}

const damaged = (path: string, why: string): ChimerError =>
  new ChimerError(
    'TC_SIGNER_STATE_DAMAGED',
    `the signer's memory ${path} is damaged (${why}). Signing from a guess could sign one sequence twice, so nothing is signed: ` +
      'restore this file from the moment of the last stop, or retire the key and make a new one',
    { facts: { path, why } },
  )

const failed = (path: string, cause: unknown): ChimerError =>
  new ChimerError(
    'TC_SIGNER_STATE_IO',
    `the disk refused the signer's memory ${path} (${codeOf(cause)}); nothing was signed`,
    {
      facts: { path },
      cause,
    },
  )

/** The head in one block, or nothing where the block is torn. A block of another key is an error at once. */
const headOf = (path: string, nodeId: Uint8Array, block: Uint8Array): SignerHead | undefined => {
  const length = new DataView(block.buffer, block.byteOffset).getUint16(0)
  if (length > HEAD_BYTES_MAX) return undefined
  const decoded = decodeHead(nodeId, block.subarray(LENGTH_BYTES, LENGTH_BYTES + length))
  if (decoded.verdict === 'accept') return decoded.value
  if (decoded.reason === 'head-damaged') return undefined
  const message = `${path} belongs to another key; each key needs a directory of its own`
  throw new ChimerError('TC_SIGNER_STATE_FOREIGN', message, { facts: { path } })
}

const isSameHead = (a: SignerHead, b: SignerHead): boolean =>
  a.sequence === b.sequence && a.tai === b.tai && equalBytes(a.digest, b.digest)

/** Which head to go on from. The first block leads by one sequence at most; any other pair was never written by us. */
const reconcile = (path: string, first: SignerHead | undefined, second: SignerHead | undefined): SignerHead => {
  const survivor = first ?? second
  if (survivor === undefined) throw damaged(path, 'both copies')
  if (first === undefined || second === undefined || isSameHead(first, second)) return survivor
  if (first.sequence === second.sequence + 1 && first.tai > second.tai) return first
  throw damaged(path, 'the copies contradict each other')
}

/** Writes a fresh file whole under a name that nothing reads, and only then gives it its own. An existing one is kept. */
export const createHeadFile = async (path: string, nodeId: Uint8Array): Promise<void> => {
  if (await exists(path)) return
  const block = blockOf(nodeId, FRESH_HEAD)
  const whole = new Uint8Array(FILE_BYTES)
  whole.set(block, 0)
  whole.set(block, BLOCK_BYTES)
  try {
    const file = await open(`${path}.new`, 'w', OWNER_ONLY)
    try {
      await file.writeFile(whole)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(`${path}.new`, path)
    await syncDirectory(dirname(path))
  } catch (cause) {
    throw failed(path, cause)
  }
}

const exists = async (path: string): Promise<boolean> => {
  try {
    await access(path)
    return true
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return false
    throw failed(path, cause)
  }
}

const openFile = async (path: string): Promise<FileHandle> => {
  try {
    return await open(path, 'r+')
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw failed(path, cause)
    const message = `the signer's memory ${path} is missing, so it is unknown what this key has signed. Put it back, or make a new key`
    throw new ChimerError('TC_SIGNER_STATE_MISSING', message, { facts: { path }, cause })
  }
}

/** Both blocks as they stand; a file of another size was never ours. */
const readBlocks = async (path: string, file: FileHandle): Promise<readonly [Uint8Array, Uint8Array]> => {
  const whole = new Uint8Array(FILE_BYTES)
  const { bytesRead } = await file.read(whole, 0, FILE_BYTES, 0)
  if (bytesRead !== FILE_BYTES) throw damaged(path, 'it is too short')
  return [whole.subarray(0, BLOCK_BYTES), whole.subarray(BLOCK_BYTES)]
}

/**
 * Opens the memory of `nodeId` and makes both copies whole. Errors: `TC_SIGNER_STATE_MISSING`, `TC_SIGNER_STATE_DAMAGED`,
 * `TC_SIGNER_STATE_FOREIGN`, `TC_SIGNER_STATE_IO`.
 */
export const openHeadFile = async (path: string, nodeId: Uint8Array): Promise<HeadFile> => {
  const file = await openFile(path)
  const put = async (copy: 0 | 1, head: SignerHead): Promise<void> => {
    const block = blockOf(nodeId, head)
    const { bytesWritten } = await file.write(block, 0, block.length, copy * BLOCK_BYTES)
    if (bytesWritten !== block.length) throw failed(path, undefined)
    await file.datasync()
  }
  try {
    const [first, second] = (await readBlocks(path, file)).map((block) => headOf(path, nodeId, block))
    const head = reconcile(path, first, second)
    if (first === undefined) await put(0, head)
    // Also where it reads well: a sync that failed before a crash may have left it in memory only.
    await put(1, head)
    return headFileOf({ path, head, put, close: async () => file.close() })
  } catch (cause) {
    await file.close()
    throw cause instanceof ChimerError ? cause : failed(path, cause)
  }
}

/** The order of writes, over whatever puts a copy on a disk and syncs it. */
export const headFileOf = (parts: {
  readonly path: string
  readonly head: SignerHead
  readonly put: (copy: 0 | 1, head: SignerHead) => Promise<void>
  readonly close: () => Promise<void>
}): HeadFile => {
  const { path, put, close } = parts
  let head = parts.head
  /** The second copy on its way to the disk. After one failure the disk is not believed again: every write fails. */
  let mirror: Promise<void> = Promise.resolve()
  const fail = (cause: unknown): never => {
    const error = cause instanceof ChimerError ? cause : failed(path, cause)
    mirror = Promise.reject(error)
    mirror.catch(() => undefined)
    throw error
  }
  return {
    get head() {
      return head
    },
    write: async (next) => {
      await mirror.catch(fail)
      await put(0, next).catch(fail)
      head = next
      mirror = put(1, next)
      // Seen by the next write or by the close; marked as handled until then.
      mirror.catch(() => undefined)
    },
    [Symbol.asyncDispose]: async () => {
      // A failure here was either told to a writer already, or concerns only the copy, which the next opening makes good.
      await mirror.catch(() => undefined)
      await close()
    },
  }
}
