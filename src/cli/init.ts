/** `truechimer init`: lays down a data directory that `truechimer node` can run from, whole or not at all. */
import { join } from 'node:path'
import { ChimerError } from '../base/index.ts'
import type { GenesisFile } from '../node/index.ts'
import { configPathOf, genesisPathOf, keysDirectoryOf, layDataDirectory, readJson } from '../node/io/data-directory.ts'
import { realRandom } from '../node/io/real-ports.ts'
import { EXIT, colours, note, say, sayJson } from './output.ts'
import type { ExitCode } from './output.ts'
import { PASSPHRASE_ADVICE, readPassphrase } from './passphrase.ts'
import type { PassphraseOptions } from './passphrase.ts'

export interface InitOptions extends PassphraseOptions {
  readonly data: string
  readonly name: string
  readonly genesis?: string
  readonly encrypt: boolean
  readonly json?: boolean
}

export const init = async (options: InitOptions): Promise<ExitCode> => {
  const { data, name } = options
  const passphrase = await passphraseOf(options)
  const given = options.genesis === undefined ? undefined : await readJson(options.genesis)
  const genesisOf = (id: string): unknown => given ?? ownGenesis(id, name)
  const { id, isMember } = await layDataDirectory({ random: realRandom, directory: data, passphrase, genesisOf })
  if (options.json === true) sayJson({ id, data, encrypted: passphrase !== undefined, member: isMember })
  else tell(options, { id, isMember })
  return EXIT.good
}

const passphraseOf = async (options: InitOptions): Promise<string | undefined> => {
  if (!options.encrypt) {
    if (options.passphraseFile === undefined) return undefined
    throw new ChimerError(
      'TC_USAGE',
      '--no-encrypt leaves the key open, so it takes no --passphrase-file. Leave one of them out.',
    )
  }
  const passphrase = await readPassphrase(options, process.env)
  if (passphrase !== undefined) return passphrase
  const advice = `A key is locked with a passphrase: ${PASSPHRASE_ADVICE}, or ask for an open key with --no-encrypt.`
  throw new ChimerError('TC_PASSPHRASE_NEEDED', advice)
}

/** A network of one, to which others may be added by hand before it begins. */
const ownGenesis = (id: string, name: string): GenesisFile => ({ name: 'own', members: [{ id, name }] })

const tell = (
  { data, name, genesis, passphraseFile }: InitOptions,
  made: { readonly id: string; readonly isMember: boolean },
): void => {
  say(`${colours.green('made')} ${genesis === undefined ? name : 'a node'}  ${made.id}`)
  say(`  key       ${join(keysDirectoryOf(data), 'key.json')}`)
  say(`  config    ${configPathOf(data)}`)
  say(`  genesis   ${genesisPathOf(data)}`)
  if (!made.isMember) {
    note('This node is not among the genesis’ members: it will watch, and its proofs will not count.')
    note('Before the network begins, add its id to "members" and give every node the same file.')
    note(`In a network that runs already, start it, and ask to join: truechimer join --data ${shellWord(data)}`)
  }
  const unlock = passphraseFile === undefined ? '' : ` --passphrase-file ${shellWord(passphraseFile)}`
  note(`Run it with: truechimer node --data ${shellWord(data)}${unlock} --ntp HOST:123`)
}

/** A path as it can be typed again. */
const shellWord = (path: string): string =>
  /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`
