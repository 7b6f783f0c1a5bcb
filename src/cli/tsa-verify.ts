/** `truechimer tsa verify`: a time-stamp token of RFC 3161 against its file, offline, under authorities that are named. */
import { ChimerError, NS_PER_MS, NS_PER_SEC } from '../base/index.ts'
import type { Tai } from '../base/index.ts'
import { taiFromUnixNs, unixFromTai, utcFromTai } from '../clock/index.ts'
import { realTime } from '../node/io/real-ports.ts'
import { NODE_TOKEN_CRYPTO } from '../services/tsa-keys.ts'
import { IMPRINT_IDS, TOKEN_BYTES_MAX, openToken, readCertificates, verifyToken } from '../stamps/index.ts'
import type { Certificate, ImprintAlgorithm, TokenReason, VerifiedToken } from '../stamps/index.ts'
import { readBytes } from './chime-file.ts'
import { hashFile } from './file-hash.ts'
import { EXIT, colours, note, noteColours, say, sayJson, table } from './output.ts'
import type { ExitCode } from './output.ts'

export interface TsaVerifyOptions {
  readonly file: string
  readonly token: string
  readonly ca: string
  readonly untrusted?: readonly string[]
  readonly at?: Tai
  readonly json?: boolean
}

const PEM_BYTES_MAX = 1_048_576

export const tsaVerify = async (options: TsaVerifyOptions): Promise<ExitCode> => {
  const bytes = await readBytes(options.token, TOKEN_BYTES_MAX)
  const trusted = await certificatesOf(options.ca)
  const untrusted = (await Promise.all((options.untrusted ?? []).map(certificatesOf))).flat()
  const opened = openToken(bytes)
  if (opened.verdict !== 'accept') return refuse(opened.reason, options)
  const id = opened.value.info.algorithm.id
  const algorithm = algorithmNamed(id)
  if (algorithm === undefined) return refuse('token-imprint', options)
  const { digest: imprint } = await hashFile({ path: options.file, algorithm })
  const atUnixNs = options.at === undefined ? realTime.hostUnixNs() : unixFromTai(options.at).unixNs
  const trust = { trusted, untrusted, atUnixMs: Number(atUnixNs / NS_PER_MS), crypto: NODE_TOKEN_CRYPTO }
  const verified = verifyToken(bytes, { imprint: { algorithm: id, imprint } }, trust)
  return verified.verdict === 'accept' ? tell(verified.value, options) : refuse(verified.reason, options)
}

/** Certificates of a PEM file; `TC_FILE_UNREADABLE`, `TC_FILE_MALFORMED`. */
export const certificatesOf = async (path: string): Promise<readonly Certificate[]> => {
  const text = new TextDecoder().decode(await readBytes(path, PEM_BYTES_MAX))
  const certificates = readCertificates(text)
  if (certificates !== undefined) return certificates
  throw new ChimerError('TC_FILE_MALFORMED', `${path} holds no certificates in PEM, or one that cannot be read.`, {
    facts: { path },
  })
}

const ALGORITHMS: readonly (readonly [ImprintAlgorithm, string])[] = [
  ['sha-256', IMPRINT_IDS['sha-256']],
  ['sha-384', IMPRINT_IDS['sha-384']],
  ['sha-512', IMPRINT_IDS['sha-512']],
  ['sha3-256', '2.16.840.1.101.3.4.2.8'],
]
const algorithmNamed = (id: string): ImprintAlgorithm | undefined => ALGORITHMS.find(([, one]) => one === id)?.[0]

const SAYINGS: Readonly<Record<TokenReason, string>> = {
  'token-malformed': 'the bytes are no time-stamp token',
  'token-not-granted': 'the authority gave no token',
  'token-signers': 'it has not exactly one signer',
  'token-certificate-missing': 'it carries no certificate of its signer; name one with --untrusted',
  'token-certificate-issuer': 'its signer’s certificate is not under an authority that you trust',
  'token-certificate-time': 'a certificate is not alive at the time of checking; --at checks at another',
  'token-certificate-use': 'a certificate is not for this use',
  'token-certificate-signature': 'a certificate’s signature does not hold',
  'token-certificate-id': 'it does not name its signer’s certificate',
  'token-digest': 'its signature is over other contents',
  'token-signature': 'its signature does not hold',
  'token-version': 'it is of a version that is not known',
  'token-policy': 'it was given under another policy than was asked for',
  'token-imprint': 'it is for another file',
  'token-nonce': 'it answers another request',
  'token-name': 'it names another authority than signed it',
}

export const explainToken = (reason: TokenReason): string => SAYINGS[reason]

const refuse = (reason: TokenReason, { token, json }: TsaVerifyOptions): ExitCode => {
  if (json === true) sayJson({ valid: false, reason, message: explainToken(reason) })
  note(`${noteColours.red('not valid')} ${token}: ${explainToken(reason)} [${reason}]`)
  return EXIT.no
}

/** The instant in UTC, and how far the true time may be from it. */
export const tokenJson = ({ genUnixNs, accuracyNs, ...rest }: VerifiedToken) => ({
  ...rest,
  time: genUnixNs === undefined ? null : utcFromTai(taiFromUnixNs(genUnixNs)),
  accuracyNs: accuracyNs === undefined ? null : Number(accuracyNs),
})

const accuracyText = (accuracyNs: bigint | undefined): string => {
  if (accuracyNs === undefined) return 'the authority gives no accuracy'
  const [unit, name] = accuracyNs >= NS_PER_SEC ? ([1e9, 's'] as const) : ([1e6, 'ms'] as const)
  return `± ${Number((Number(accuracyNs) / unit).toFixed(6))} ${name}, by the authority’s word`
}

export const tokenLines = (verified: VerifiedToken): readonly string[] => {
  const { time } = tokenJson(verified)
  return table([
    ['time', time ?? `${verified.genTime}, which is no time that can be read`],
    ['accuracy', accuracyText(verified.accuracyNs)],
    ['signer', verified.signer],
    ['policy', verified.policy],
    ['serial', verified.serial],
  ])
}

const tell = (verified: VerifiedToken, { file, json }: TsaVerifyOptions): ExitCode => {
  if (json === true) sayJson({ valid: true, ...tokenJson(verified) })
  else {
    say(`${colours.green('valid')} ${file} existed at this time, by one authority’s word`)
    for (const line of tokenLines(verified)) say(`  ${line}`)
  }
  return EXIT.good
}
