/** `truechimer tsa token`: asks a node for a time-stamp token (RFC 3161) over a file, of which only the hash leaves the machine. */
import { existsSync } from 'node:fs'
import { ChimerError, NS_PER_MS, equalBytes, hexOf } from '../base/index.ts'
import { realRandom, realTime } from '../node/io/real-ports.ts'
import { ApiError } from '../services/client.ts'
import { NODE_TOKEN_CRYPTO } from '../services/tsa-keys.ts'
import { IMPRINT_IDS, TOKEN_BYTES_MAX, encodeRequest, openToken, readResponse, verifyToken } from '../stamps/index.ts'
import type { TsRequest, VerifiedToken } from '../stamps/index.ts'
import { writeDurably } from './chime-file.ts'
import { hashFile } from './file-hash.ts'
import { EXIT, colours, note, noteColours, say, sayJson } from './output.ts'
import type { ExitCode } from './output.ts'
import { certificatesOf, explainToken, tokenJson, tokenLines } from './tsa-verify.ts'

export interface TsaTokenOptions {
  readonly file: string
  readonly node: string
  readonly out?: string
  readonly algorithm: 'sha-256' | 'sha-384' | 'sha-512'
  readonly ca?: string
  readonly json?: boolean
}

/** Until the node has answered, ms. */
const ANSWER_MS_MAX = 10_000
const NONCE_BYTES = 8

export const tsaToken = async (options: TsaTokenOptions): Promise<ExitCode> => {
  const out = outOf(options)
  const query = await queryFor(options)
  const bytes = await ask(options.node, encodeRequest(query))
  const refusal = refusalOf(bytes)
  if (refusal !== undefined) return refuse(refusal, options)
  const judged = await judge(bytes, query, options)
  if (typeof judged === 'string') return refuse(judged, options)
  await writeDurably(out, bytes)
  if (options.json === true) sayJson({ out, ...tokenJson(judged), checked: options.ca !== undefined })
  else {
    say(`${colours.green('made')} ${out}`)
    for (const line of tokenLines(judged)) say(`  ${line}`)
    if (options.ca === undefined) note(`Not checked yet: truechimer tsa verify ${options.file} ${out} --ca ca.pem`)
  }
  return EXIT.good
}

const outOf = ({ file, out }: TsaTokenOptions): string => {
  if (out === undefined && file === '-') throw new ChimerError('TC_USAGE', 'Say with --out where the token is to go.')
  const path = out ?? `${file}.tsr`
  if (!existsSync(path)) return path
  throw new ChimerError('TC_FILE_EXISTS', `${path} exists and is not overwritten. Name another file with --out.`)
}

/** A nonce makes the answer one to this request; its first byte keeps it positive, with no zeros before it. */
const queryFor = async ({ file, algorithm }: TsaTokenOptions): Promise<TsRequest> => {
  const { digest: imprint } = await hashFile({ path: file, algorithm })
  const nonce = Uint8Array.from(realRandom.bytes(NONCE_BYTES))
  nonce[0] = ((nonce[0] ?? 0) & 0x3f) | 0x40
  return { imprint: { algorithm: IMPRINT_IDS[algorithm], imprint }, policy: undefined, nonce, wantsCertificate: true }
}

const ask = async (node: string, request: Uint8Array): Promise<Uint8Array> => {
  const url = `${node}/tsa`
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/timestamp-query' },
      body: Uint8Array.from(request),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    })
    const isToken = answer.ok && (answer.headers.get('content-type') ?? '').startsWith('application/timestamp-reply')
    if (isToken) return new Uint8Array(await answer.arrayBuffer()).subarray(0, TOKEN_BYTES_MAX + 1)
    throw unserved(node, answer.status)
  } catch (cause) {
    if (cause instanceof ChimerError) throw cause
    throw new ApiError('TC_API_UNREACHABLE', `No answer from ${url}. Is the node running?`, { cause })
  }
}

const unserved = (node: string, status: number): ChimerError =>
  new ChimerError(
    'TC_TSA_ANSWER',
    status === 404
      ? `${node} serves no time-stamp tokens. Ask its operator for --tsa-serve, or another node.`
      : `${node} answered with HTTP ${status} and no token. Its log says why.`,
    { facts: { node, status } },
  )

/** What the authority said where it gave no token. */
const refusalOf = (bytes: Uint8Array): string | undefined => {
  const response = readResponse(bytes)
  if (response === undefined || response.token !== undefined) return undefined
  return `the authority gave no token: ${response.texts.join('; ') || `status ${response.status}`}`
}

/** What it says, checked where authorities were named; else only that it answers what was asked. */
const judge = async (bytes: Uint8Array, query: TsRequest, { ca }: TsaTokenOptions): Promise<VerifiedToken | string> => {
  const opened = openToken(bytes)
  if (opened.verdict !== 'accept') return explainToken(opened.reason)
  const { info } = opened.value
  if (ca !== undefined) {
    const trusted = await certificatesOf(ca)
    const atUnixMs = Number(realTime.hostUnixNs() / NS_PER_MS)
    const verified = verifyToken(bytes, { query }, { trusted, atUnixMs, crypto: NODE_TOKEN_CRYPTO })
    return verified.verdict === 'accept' ? verified.value : explainToken(verified.reason)
  }
  const isOurs =
    equalBytes(info.imprint, query.imprint.imprint) && info.nonce === hexOf(query.nonce ?? new Uint8Array(0))
  return isOurs ? { ...info, signer: 'not checked' } : explainToken('token-nonce')
}

const refuse = (why: string, { json }: TsaTokenOptions): ExitCode => {
  if (json === true) sayJson({ made: false, message: why })
  note(`${noteColours.yellow('no token')} ${why}`)
  return EXIT.no
}
