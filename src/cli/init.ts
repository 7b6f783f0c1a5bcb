/** `truechimer init`: lays down a data directory that `truechimer node` can run from. */
import { join } from 'node:path'
import { ChimerError } from '../base/index.ts'
import { genesisSchema } from '../node/index.ts'
import type { GenesisFile } from '../node/index.ts'
import { configPathOf, genesisPathOf, keysDirectoryOf, makeKey, readJson, writeSettings } from '../node/io/data-directory.ts'
import { realRandom } from '../node/io/real-ports.ts'
import { EXIT, colours, note, say, sayJson } from './output.ts'
import type { ExitCode } from './output.ts'

export interface InitOptions {
  readonly data: string
  readonly name: string
  readonly genesis?: string
  readonly encrypt: boolean
  readonly json?: boolean
}

export const init = async (options: InitOptions): Promise<ExitCode> => {
  const passphrase = passphraseOf(options)
  const given = options.genesis === undefined ? undefined : await readJson(options.genesis)
  const id = await makeKey({ random: realRandom, directory: options.data, passphrase })
  const genesis = given === undefined ? ownGenesis(id, options.name) : genesisSchema.parse(given)
  await writeSettings(options.data, { config: {}, genesis })
  const isMember = genesis.members.some((member) => member.id === id)
  if (options.json === true) sayJson({ id, data: options.data, encrypted: passphrase !== undefined, member: isMember })
  else tell(options, { id, isMember })
  return EXIT.good
}

const passphraseOf = ({ encrypt }: InitOptions): string | undefined => {
  const passphrase = process.env.TRUECHIMER_PASSPHRASE
  if (!encrypt) return undefined
  if (passphrase !== undefined && passphrase !== '') return passphrase
  const say = 'A key is locked with a passphrase: set TRUECHIMER_PASSPHRASE, or ask for an open key with --no-encrypt.'
  throw new ChimerError('TC_PASSPHRASE_NEEDED', say)
}

/** A network of one, to which others may be added by hand before it begins. */
const ownGenesis = (id: string, name: string): GenesisFile => ({ name: 'own', members: [{ id, name }] })

const tell = ({ data, name }: InitOptions, made: { readonly id: string; readonly isMember: boolean }): void => {
  say(`${colours.green('made')} ${name}  ${made.id}`)
  say(`  key       ${join(keysDirectoryOf(data), 'key.json')}`)
  say(`  config    ${configPathOf(data)}`)
  say(`  genesis   ${genesisPathOf(data)}`)
  if (!made.isMember) note(`This node is not among the genesis’ members: it will watch, and its proofs will not count.`)
  note(`Run it with: truechimer node --data ${data} --ntp HOST:123`)
}
