/**
 * `truechimer offline verify`: what a file's offline stamp shows, from its record and something that is trusted, without asking anybody.
 * Rules P-79 to P-83 in docs/spec/proofs.md.
 */
import { existsSync } from 'node:fs'
import { ChimerError, equalBytes, hexOf } from '../base/index.ts'
import { utcFromTai } from '../clock/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import { OFFLINE_RECORD_BYTES_MAX, checkOffline, openRecord, openVectors } from '../proofs/index.ts'
import type { CheckedOffline, CheckedOfflineStamp } from '../proofs/index.ts'
import { IMPRINT_ALGORITHMS, stampCheckOf } from '../stamps/index.ts'
import type { ImprintAlgorithm } from '../stamps/index.ts'
import { readBytes } from './chime-file.ts'
import { hashFile } from './file-hash.ts'
import { securityText, widthText } from './offline-lines.ts'
import { EXIT, colours, say, sayJson } from './output.ts'
import type { ExitCode } from './output.ts'
import { shown } from './stamp-lines.ts'
import { trustKnown, trustNamed } from './stamp-trust-files.ts'
import type { TrustFound, TrustOptions } from './stamp-trust-files.ts'

export interface OfflineVerifyOptions extends TrustOptions {
  readonly file: string
  readonly record: string | undefined
  readonly json?: boolean
}

export const offlineVerify = async (options: OfflineVerifyOptions): Promise<ExitCode> => {
  const path = options.record ?? `${options.file}.offline`
  if (options.record === undefined && !existsSync(path)) throw noRecord(options.file, path)
  const opened = openRecord(await readBytes(path, OFFLINE_RECORD_BYTES_MAX))
  if (opened.verdict !== 'accept') return no(options, `${path} is no record of offline stamps: ${opened.reason}`)
  const vectors = openVectors(opened.value.vectors)
  if (vectors.verdict !== 'accept') return no(options, `it fails at vectors: ${vectors.reason}`)
  const { trust, from } = await trustFor(options, vectors.value.vectors.networkId)
  const checked = checkOffline(opened.value, { networkId: trust.networkId, checkStamp: stampCheckOf(trust) })
  if (checked.verdict !== 'accept')
    return no(
      options,
      `it fails at ${checked.link}${checked.at === undefined ? '' : ` ${checked.at}`}: ${checked.reason}`,
    )
  const stamp = await stampOfFile(checked.value, options.file)
  if (stamp === undefined) return no(options, `no stamp in ${path} is of ${options.file} as it is now`)
  if (stamp.notAfter === undefined)
    return no(options, 'its node has not returned yet, so nothing is proved. Run there: truechimer offline submit')
  tell(options, { checked: checked.value, stamp, notAfter: stamp.notAfter, from })
  return EXIT.good
}

const noRecord = (file: string, path: string): ChimerError =>
  new ChimerError(
    'TC_FILE_UNREADABLE',
    `There is no ${path}. Where ${file} was stamped, back online, run: truechimer offline submit. Or name its record.`,
    { facts: { path } },
  )

const trustFor = async (options: OfflineVerifyOptions, networkId: Uint8Array): Promise<TrustFound> => {
  const found = (await trustNamed(options)) ?? (await trustKnown(options.networks, networkId))
  if (found !== undefined) return found
  throw new ChimerError(
    'TC_USAGE',
    `This is of network ${hexOf(networkId).slice(0, 16)}…, whose genesis is not known here. Give --genesis FILE, from somebody whom you trust.`,
  )
}

const stampOfFile = async ({ stamps }: CheckedOffline, file: string): Promise<CheckedOfflineStamp | undefined> => {
  const digests = new Map<string, Uint8Array>()
  for (const name of new Set(stamps.map(({ stamp: { algorithm } }) => algorithm)))
    if (isAlgorithm(name)) digests.set(name, (await hashFile({ path: file, algorithm: name })).digest)
  return stamps.find(({ stamp: { algorithm, imprint } }) => {
    const digest = digests.get(algorithm)
    return digest !== undefined && equalBytes(digest, imprint)
  })
}

const isAlgorithm = (name: string): name is ImprintAlgorithm => IMPRINT_ALGORITHMS.some((known) => known === name)

interface Told {
  readonly checked: CheckedOffline
  readonly stamp: CheckedOfflineStamp
  readonly notAfter: bigint
  readonly from: string
}

const tell = (
  { file, json }: OfflineVerifyOptions,
  { checked: { vectors }, stamp: { stamp, notBefore }, notAfter, from }: Told,
): void => {
  const { reading, index } = stamp
  const security = securityText(vectors.vectors, reading)
  const utc = { notBefore: utcFromTai(notBefore), notAfter: utcFromTai(notAfter) }
  const claimed = { earliest: utcFromTai(reading.earliest), latest: utcFromTai(reading.latest) }
  const node = nodeIdText(vectors.vectors.node)
  if (json === true)
    return sayJson({ valid: true, file, node, index, utc, claimed, security: security.value, trust: from })
  say(`${colours.green('valid')}  ${shown(file)}, offline stamp ${index + 1} of ${node}`)
  say(`stamped no later than    ${utc.notAfter}, by a quorum’s word`)
  say(`stamped no earlier than  ${utc.notBefore}, by a quorum’s word`)
  say(
    `by its own clock         between ${claimed.earliest} and ${claimed.latest} (${widthText(reading)} wide), its own word`,
  )
  say(`worth                    ${security.text} by the model`)
  say(`trusted                  ${from}`)
}

const no = ({ json, file }: OfflineVerifyOptions, why: string): ExitCode => {
  if (json === true) sayJson({ valid: false, file, why })
  else say(`${colours.red('not valid')}  ${shown(file)}: ${shown(why)}`)
  return EXIT.no
}
