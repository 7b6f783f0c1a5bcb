/**
 * The passphrase of a key: from a file that nobody else can read, or from TRUECHIMER_PASSPHRASE. The file is the better
 * place, since a process hands its environment on to whatever it starts. Never on the command line, which everybody can read.
 */
import { open } from 'node:fs/promises'
import { ChimerError } from '../base/index.ts'
import { reasonOf } from '../node/io/data-directory.ts'

/** More than the longest passphrase and its line end. */
const FILE_BYTES_MAX = 4096
const OTHERS_MASK = 0o077

export interface PassphraseOptions {
  /** A file with the passphrase and nothing else; one line end after it is not part of it. */
  readonly passphraseFile?: string
}

/** What to do where a locked key has no passphrase. */
export const PASSPHRASE_ADVICE = 'give it with --passphrase-file FILE or in TRUECHIMER_PASSPHRASE'

/** The passphrase, or undefined where none is given. `TC_FILE_UNREADABLE` where its file cannot or should not be used. */
export const readPassphrase = async (
  { passphraseFile }: PassphraseOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> => {
  if (passphraseFile !== undefined) return readPassphraseFile(passphraseFile)
  const { TRUECHIMER_PASSPHRASE: given } = environment
  return given === '' ? undefined : given
}

const readPassphraseFile = async (path: string): Promise<string> => {
  const text = await readOwnFile(path)
  const passphrase = text.replace(/\r?\n$/, '')
  if (passphrase === '' || /[\r\n]/.test(passphrase)) throw unusable(path, 'it must hold the passphrase on one line')
  return passphrase
}

const readOwnFile = async (path: string): Promise<string> => {
  try {
    await using file = await open(path, 'r')
    const { mode } = await file.stat()
    if (process.platform !== 'win32' && (mode & OTHERS_MASK) !== 0)
      throw unusable(path, `others can reach it (mode ${(mode & 0o777).toString(8)}); run: chmod 600 ${path}`)
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(FILE_BYTES_MAX + 1) })
    if (bytesRead > FILE_BYTES_MAX) throw unusable(path, `it is larger than ${FILE_BYTES_MAX} bytes`)
    return buffer.toString('utf8', 0, bytesRead)
  } catch (cause) {
    if (cause instanceof ChimerError) throw cause
    throw unusable(path, reasonOf(cause))
  }
}

const unusable = (path: string, why: string): ChimerError =>
  new ChimerError('TC_FILE_UNREADABLE', `Cannot use the passphrase file ${path}: ${why}.`, { facts: { path } })
