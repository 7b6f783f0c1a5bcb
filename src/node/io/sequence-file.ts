/**
 * Sequences of a node's envelopes that survive a restart. The file says up to where sequences are reserved; a block of them is
 * reserved, and on the disk, before the first of it is used, and the next block while this one is being used. So a crash costs
 * numbers and never repeats one. A start begins above both what was reserved and what the host's clock asks for
 * (network/envelope-sequences.ts): a file that was lost, or put back from an old backup, is made good by the clock, and
 * a clock that went back by the file.
 *
 * The file is replaced whole (written beside it, synced, renamed), so that it is never half written. Rules: docs/spec/network.md N-75.
 */
import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ChimerError, accept, equalBytes, reject } from '../../base/index.ts'
import type { Admission, Time } from '../../base/index.ts'
import { codecOf, encodeData, fixedBytes, tuple, uint } from '../../codec/index.ts'
import { DIGEST_BYTES, domainDigest } from '../../crypto/index.ts'
import { codeOf, syncDirectory } from '../../crypto/io/disk.ts'
import { sequenceFloor } from '../../network/index.ts'
import type { SequenceSource } from '../../network/index.ts'

/** Sequences reserved at once: one write of the disk for so many envelopes. */
export const SEQUENCE_BLOCK = 16_384
const SEQUENCE_FILE_DOMAIN = 'truechimer/sequence-file/1'
const FILE_BYTES_MAX = 64
/** Nothing reserved lies beyond this: there is room for whole blocks up to 2^53 − 1. */
const RESERVED_MAX = Number.MAX_SAFE_INTEGER - 2 * SEQUENCE_BLOCK

interface Reserved {
  /** Every sequence up to this one may have been used. */
  readonly upTo: number
  /** Of `upTo`, against bits that turned on the disk. */
  readonly digest: Uint8Array
}

const fileCodec = codecOf(
  tuple<Reserved>({ upTo: uint({ max: RESERVED_MAX }), digest: fixedBytes(DIGEST_BYTES) }),
  FILE_BYTES_MAX,
)
const digestOf = (upTo: number): Uint8Array => domainDigest(SEQUENCE_FILE_DOMAIN, encodeData(upTo))

const encodeReserved = (upTo: number): Uint8Array => fileCodec.encode({ upTo, digest: digestOf(upTo) })

const decodeReserved = (bytes: Uint8Array): Admission<number> => {
  const decoded = fileCodec.decode(bytes)
  if (decoded.verdict !== 'accept') return decoded
  const { upTo, digest } = decoded.value
  return equalBytes(digest, digestOf(upTo)) ? accept(upTo) : reject('malformed')
}

const failed = (path: string, cause: unknown): ChimerError =>
  new ChimerError(
    'TC_SEQUENCE_IO',
    `The disk refused ${path} (${codeOf(cause)}), which says what sequences were used; nothing more is published. Mend it and start again.`,
    { facts: { path }, cause },
  )

const damaged = (path: string): ChimerError =>
  new ChimerError(
    'TC_SEQUENCE_DAMAGED',
    `${path} is damaged: it no longer says what sequences were used. If the host's clock is right, move it away: the node then begins by the clock.`,
    { facts: { path } },
  )

const readReserved = async (path: string): Promise<number> => {
  try {
    const decoded = decodeReserved(new Uint8Array(await readFile(path)))
    if (decoded.verdict === 'accept') return decoded.value
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return 0
    throw failed(path, cause)
  }
  throw damaged(path)
}

const writeReserved = async (path: string, upTo: number): Promise<void> => {
  try {
    {
      await using file = await open(`${path}.new`, 'w', 0o600)
      await file.writeFile(encodeReserved(upTo))
      await file.sync()
    }
    await rename(`${path}.new`, path)
    await syncDirectory(dirname(path))
  } catch (cause) {
    throw failed(path, cause)
  }
}

class ReservedSequences implements SequenceSource, AsyncDisposable {
  readonly #path: string
  #next: number
  /** On the disk: sequences up to this one may be used. */
  #upTo: number
  /** The block that is being reserved. After a failure the disk is not believed again: it stays, and rejects. */
  #reserving: Promise<void> | undefined

  constructor(path: string, upTo: number) {
    this.#path = path
    this.#next = upTo + 1
    this.#upTo = upTo
  }

  async next(): Promise<number> {
    while (this.#next > this.#upTo) await this.#reserve()
    const sequence = this.#next
    this.#next += 1
    // Half of the block is left: time enough. A failure is told to whoever needs the next block.
    if (this.#upTo - this.#next < SEQUENCE_BLOCK / 2) this.#reserve().catch(() => undefined)
    return sequence
  }

  /** Ends once nothing is being written. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reserving?.catch(() => undefined)
  }

  #reserve(): Promise<void> {
    this.#reserving ??= this.#extend(this.#upTo + SEQUENCE_BLOCK)
    return this.#reserving
  }

  async #extend(upTo: number): Promise<void> {
    if (upTo > RESERVED_MAX) throw damaged(this.#path)
    await writeReserved(this.#path, upTo)
    this.#upTo = upTo
    this.#reserving = undefined
  }
}

/**
 * Opens the file, or begins one where there is none, and reserves the first block. Errors: `TC_SEQUENCE_IO`,
 * `TC_SEQUENCE_DAMAGED`. One process at a time: the key's lock sees to that.
 */
export const openSequenceFile = async (path: string, time: Time): Promise<SequenceSource & AsyncDisposable> => {
  const upTo = Math.max(await readReserved(path), sequenceFloor(time.hostUnixNs()))
  const sequences = new ReservedSequences(path, upTo)
  // Reserves before anything is said, so that a disk that refuses is told at the start.
  await sequences.next()
  return sequences
}
