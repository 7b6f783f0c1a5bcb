/**
 * Compression by Zstandard (RFC 8878), from `node:zlib`, off the event loop. The core around it, with the limits on what may
 * come back, is `versions/compressed-requests.ts`.
 *
 * Measured on peer records of 3 to 57 KB: level 1 leaves 45 to 52 %, at 0.11 ms for 57 KB and 0.06 ms back. Deflate leaves 47 % at
 * nine times that, brotli 5 leaves 44 % at eight times that. Half of a record is keys and signatures, which nothing shortens.
 */
import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'
import type { Compression } from '../versions/compressed-requests.ts'

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/** 2^20 bytes: as large as any frame. A decoder would otherwise set aside up to 128 MiB where a frame asks for it. */
const WINDOW_LOG_MAX = 20

const COMPRESS = {
  params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_windowLog]: WINDOW_LOG_MAX },
} as const

export const zstdCompression: Compression = {
  deflate: (bytes) => compress(bytes, COMPRESS),
  inflate: async (bytes, bytesMax) => {
    if (bytesMax < 1) return undefined
    try {
      const inflated = await decompress(bytes, {
        maxOutputLength: bytesMax,
        params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG_MAX },
      })
      return new Uint8Array(inflated)
    } catch {
      // zlib speaks by throwing: no such bytes, or too many of them.
      return undefined
    }
  },
}
