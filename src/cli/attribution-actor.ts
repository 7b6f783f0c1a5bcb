/**
 * Whose key signs a link: the one in a key file, made by `truechimer chain key` or lying in a data directory. And `chain key` itself. The key is
 * used for links alone here; it never signs anything that could run backwards.
 */
import { ChimerError } from '../base/index.ts'
import { nodeIdText, plainSeed, publicKeyOf, sealSeed, sign, signingKeyOf } from '../crypto/index.ts'
import type { Signer } from '../crypto/index.ts'
import { SEED_BYTES } from '../crypto/index.ts'
import { createKeyFile, readSeed } from '../crypto/io/key-file.ts'
import { realRandom } from '../node/io/real-ports.ts'
import { EXIT, colours, note, say, sayJson } from './output.ts'
import type { ExitCode } from './output.ts'
import { PASSPHRASE_ADVICE, readPassphrase } from './passphrase.ts'
import type { PassphraseOptions } from './passphrase.ts'

export type Actor = Pick<Signer, 'nodeId' | 'sign'>

export interface ActorOptions extends PassphraseOptions {
  readonly keyFile: string
}

/** Errors of `readSeed` and `readPassphrase`; `TC_PASSPHRASE_NEEDED` says what to give. */
export const openActor = async (options: ActorOptions): Promise<Actor> => {
  try {
    const passphrase = await readPassphrase(options, process.env)
    const key = signingKeyOf(await readSeed(options.keyFile, passphrase))
    return { nodeId: key.publicKey, sign: async (domain, body) => sign(key, domain, body) }
  } catch (cause) {
    if (!(cause instanceof ChimerError) || cause.code !== 'TC_PASSPHRASE_NEEDED') throw cause
    const message = `The key in ${options.keyFile} is locked with a passphrase: ${PASSPHRASE_ADVICE}.`
    throw new ChimerError(cause.code, message, { cause })
  }
}

export interface ChainKeyOptions extends PassphraseOptions {
  readonly out: string
  readonly encrypt: boolean
  readonly json?: boolean
}

export const chainKey = async (options: ChainKeyOptions): Promise<ExitCode> => {
  const passphrase = await passphraseOf(options)
  const seed = realRandom.bytes(SEED_BYTES)
  const text = passphrase === undefined ? plainSeed(seed) : sealSeed(realRandom, { seed, passphrase })
  await createKeyFile(options.out, text)
  const id = nodeIdText(publicKeyOf(seed))
  if (options.json === true) sayJson({ id, out: options.out, encrypted: passphrase !== undefined })
  else {
    say(`${colours.green('made')} ${id}`)
    note(`Its secret is in ${options.out}. Others hand content on to you with: --to ${id}`)
  }
  return EXIT.good
}

const passphraseOf = async (options: ChainKeyOptions): Promise<string | undefined> => {
  if (!options.encrypt) {
    if (options.passphraseFile === undefined) return undefined
    const message = '--no-encrypt leaves the key open, so it takes no --passphrase-file. Leave one of them out.'
    throw new ChimerError('TC_USAGE', message)
  }
  const passphrase = await readPassphrase(options, process.env)
  if (passphrase !== undefined) return passphrase
  const advice = `A key is locked with a passphrase: ${PASSPHRASE_ADVICE}, or ask for an open key with --no-encrypt.`
  throw new ChimerError('TC_PASSPHRASE_NEEDED', advice)
}
