/**
 * A Roughtime server's two keys: the long-term one by which clients know it, in a file of the data directory, and the delegated one
 * that signs answers, which lives in memory only and is replaced every day.
 * Source: RFC 10049 "CERT", "Generating Private Keys", "Private Key Compromise". Rules: docs/spec/sources.md S-62, S-63.
 *
 * Not promised: what an offline long-term key would give. It is in this process's memory too, because the process renews the
 * delegation by itself; whoever takes the process has both.
 */
import { sign } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { max, NS_PER_DAY, NS_PER_HOUR } from '../base/index.ts'
import type { Random } from '../base/index.ts'
import { roughtimeCertificate } from '../clock/index.ts'
import type { RoughtimeDialect, RoughtimeSigner } from '../clock/index.ts'
import { plainSeed, signingKeyOf } from '../crypto/index.ts'
import type { SigningKey } from '../crypto/index.ts'
import { createKeyFile, readSeed } from '../crypto/io/key-file.ts'

/** A delegated key signs so long, and is then replaced. */
export const DELEGATION_NS = NS_PER_DAY
/** Its certificate holds so much longer at both ends: a clock may be set right after it was made. */
export const DELEGATION_MARGIN_NS = NS_PER_HOUR

const SEED_BYTES = 32

export const roughtimeKeyPathOf = (directory: string): string => join(directory, 'keys', 'roughtime.json')

/**
 * The long-term key in a node's data directory; made, open and with mode 0600, where there is none. Errors of `createKeyFile` and
 * `readSeed` (`TC_KEY_FILE_…`, `TC_KEY_MALFORMED`).
 */
export const openLongTermKey = async (random: Random, directory: string): Promise<SigningKey> => {
  const path = roughtimeKeyPathOf(directory)
  if (!existsSync(path)) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await createKeyFile(path, plainSeed(random.bytes(SEED_BYTES)))
  }
  return signingKeyOf(await readSeed(path))
}

/** Roughtime signs bytes as they stand, behind a context of its own. */
const signerOf =
  ({ handle }: SigningKey): RoughtimeSigner =>
  (message) =>
    sign(null, message, handle)

/** A delegated key that may sign at some instant. */
export interface Delegate {
  readonly signer: RoughtimeSigner
  readonly certificateFor: (dialect: RoughtimeDialect) => Uint8Array
}

/** Hands out the delegated key of the hour. */
export class Delegates {
  readonly #random: Random
  readonly #signLongTerm: RoughtimeSigner
  #current: (Delegate & { readonly fromUnixNs: bigint }) | undefined

  constructor(random: Random, longTerm: SigningKey) {
    this.#random = random
    this.#signLongTerm = signerOf(longTerm)
  }

  /** The one that may sign at `unixNs` >= 0; a new one where the last was made a day ago, or for a time an hour later. */
  at(unixNs: bigint): Delegate {
    const current = this.#current
    const ageNs = unixNs - (current?.fromUnixNs ?? 0n)
    if (current !== undefined && ageNs > -DELEGATION_MARGIN_NS && ageNs < DELEGATION_NS) return current
    const made = this.#make(unixNs)
    this.#current = made
    return made
  }

  #make(fromUnixNs: bigint): Delegate & { readonly fromUnixNs: bigint } {
    const key = signingKeyOf(this.#random.bytes(SEED_BYTES))
    const delegation = {
      delegate: key.publicKey,
      fromUnixNs: max(fromUnixNs - DELEGATION_MARGIN_NS, 0n),
      untilUnixNs: fromUnixNs + DELEGATION_NS + DELEGATION_MARGIN_NS,
    }
    const certificates = new Map<RoughtimeDialect, Uint8Array>()
    const certificateFor = (dialect: RoughtimeDialect): Uint8Array => {
      const certificate = certificates.get(dialect) ?? roughtimeCertificate(delegation, dialect, this.#signLongTerm)
      certificates.set(dialect, certificate)
      return certificate
    }
    return { fromUnixNs, signer: signerOf(key), certificateFor }
  }
}
