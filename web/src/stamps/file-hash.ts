/** The hash of a file of any length in constant memory: read as a stream, by noble, because the browser's own hash functions want it whole. */
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { sha3_256 } from '@noble/hashes/sha3.js'
import type { ImprintAlgorithm } from '../../../src/stamps/door.ts'

const HASHES = { 'sha-256': sha256, 'sha-384': sha384, 'sha-512': sha512, 'sha3-256': sha3_256 } as const

export interface FileHashOptions {
  readonly algorithm: ImprintAlgorithm
  /** Told how many bytes are done, after each piece. */
  readonly onProgress: (bytes: number) => void
  readonly isCancelled: () => boolean
}

/** Rejects with what the browser says where the file cannot be read or has changed, and with an `AbortError` where it was called off. */
export const hashFile = async (file: Blob, options: FileHashOptions): Promise<Uint8Array> => {
  const hash = HASHES[options.algorithm].create()
  const reader = file.stream().getReader()
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return hash.digest()
    if (options.isCancelled()) {
      await reader.cancel()
      throw new DOMException('It was called off.', 'AbortError')
    }
    hash.update(value)
    bytes += value.byteLength
    options.onProgress(bytes)
  }
}
