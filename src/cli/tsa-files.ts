/** `truechimer tsa init` and `tsa show`: the files of a time-stamp authority in a node's data directory. */
import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { realRandom, realTime } from '../node/io/real-ports.ts'
import { TSA_FILES, openTsaKeys, tsaDirectoryOf } from '../services/tsa-keys.ts'
import type { TsaKeys } from '../services/tsa-keys.ts'
import { EXIT, colours, note, noteColours, say, sayJson, table } from './output.ts'
import type { ExitCode } from './output.ts'

export interface TsaShowOptions {
  readonly data: string
  readonly json?: boolean
}

export interface TsaInitOptions extends TsaShowOptions {
  readonly name: string
  readonly days: number
}

export const tsaInit = async ({ data, name, days, json }: TsaInitOptions): Promise<ExitCode> => {
  const directory = tsaDirectoryOf(data)
  const { makeTsa } = await import('../services/tsa-making.ts')
  await makeTsa({ time: realTime, random: realRandom }, { directory, name, days })
  const keys = await openTsaKeys(realTime, directory)
  if (json === true) sayJson({ directory, ...viewOf(keys, directory) })
  else {
    say(`${colours.green('made')} a time-stamp authority in ${directory}`)
    tell(keys, directory)
    note(`Take ${TSA_FILES.authorityKey} off this machine: a node signs tokens without it.`)
    note(`Give ${TSA_FILES.authority} to those who check tokens. Then: truechimer node --data ${data} --tsa-serve`)
  }
  return EXIT.good
}

export const tsaShow = async ({ data, json }: TsaShowOptions): Promise<ExitCode> => {
  const directory = tsaDirectoryOf(data)
  const keys = await openTsaKeys(realTime, directory)
  if (json === true) sayJson({ directory, ...viewOf(keys, directory) })
  else tell(keys, directory)
  if (keys.trouble === undefined) return EXIT.good
  note(`${noteColours.yellow('not alive')} ${keys.trouble}`)
  return EXIT.no
}

interface CertificateView {
  readonly subject: string
  readonly until: string
  readonly sha256: string
}

const certificateView = (pem: string): CertificateView => {
  const { subject, validToDate, fingerprint256 } = new X509Certificate(pem)
  return { subject, until: validToDate.toISOString(), sha256: fingerprint256 }
}

const viewOf = ({ authorityPem, certificatePem, trouble }: TsaKeys, directory: string) => ({
  authority: certificateView(authorityPem),
  certificate: certificateView(certificatePem),
  authorityKeyHere: existsSync(join(directory, TSA_FILES.authorityKey)),
  alive: trouble === undefined,
})

const tell = (keys: TsaKeys, directory: string): void => {
  const { authority, certificate, authorityKeyHere } = viewOf(keys, directory)
  const rows = [
    ['authority', `${authority.subject}, until ${authority.until}`],
    ['', `SHA-256 ${authority.sha256}`],
    ['signs tokens', `${certificate.subject}, until ${certificate.until}`],
    ['', `SHA-256 ${certificate.sha256}`],
    [
      'its key',
      authorityKeyHere
        ? `the authority’s key is here too, in ${TSA_FILES.authorityKey}`
        : 'the authority’s key is not here',
    ],
  ]
  for (const line of table(rows)) say(`  ${line}`)
}
