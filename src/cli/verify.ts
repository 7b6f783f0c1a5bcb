/**
 * `truechimer verify`: checks proofs with files that are here, and asks nobody: no socket is opened. What is trusted is a genesis or a
 * checkpoint that was named, or the genesis of a network that this user has met (known-networks.ts). A genesis that merely lies beside a
 * proof is not used unasked.
 */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ChimerError, equalBytes, hexOf } from '../base/index.ts'
import { saltedImprint } from '../stamps/index.ts'
import { verifyStampInParallel } from '../stamps/io/parallel-verifier.ts'
import type { StampProof } from '../stamps/index.ts'
import { openChime, readBytes, subjectOf } from './chime-file.ts'
import type { Chime } from './chime-file.ts'
import { openEnding } from './ending.ts'
import { hashFile } from './file-hash.ts'
import { EXIT, colours, note, noteColours, say, sayJson, terminalColumns } from './output.ts'
import type { ExitCode } from './output.ts'
import { openHashProgress } from './stamp-progress.ts'
import { trustKnown, trustNamed } from './stamp-trust-files.ts'
import type { TrustFound, TrustOptions } from './stamp-trust-files.ts'
import { verdictJson, verdictLines } from './verify-lines.ts'
import type { Verdict } from './verify-lines.ts'
import { verifyEvidence } from './verify-evidence.ts'
import { walkProofs } from './verify-walk.ts'
import type { ProofFound } from './verify-walk.ts'

export interface VerifyOptions extends TrustOptions {
  readonly files: readonly string[]
  readonly explain?: boolean
  readonly json?: boolean
}

export const verify = async (options: VerifyOptions): Promise<ExitCode> => {
  using ending = openEnding()
  using progress = openHashProgress()
  const named = await trustNamed(options)
  const counts = { good: 0, no: 0, failed: 0 }
  // How much is said of the first depends on whether there is a second.
  let first: Verdict | undefined
  for await (const found of walkProofs(options.files)) {
    const verdict = await judged(found, (networkId, proof) => trustFor(networkId, { named, options, proof }), {
      signal: ending.signal,
      onProgress: (path, read) => progress.show(path, read),
    })
    progress.clear()
    if (verdict === undefined || ending.signal.aborted) break
    counts[
      verdict.type === 'valid' || verdict.type === 'broken' ? 'good' : verdict.type === 'failed' ? 'failed' : 'no'
    ] += 1
    const told = counts.good + counts.no + counts.failed
    if (told === 1) {
      first = verdict
      continue
    }
    if (first !== undefined) tell(first, options, true)
    first = undefined
    tell(verdict, options, true)
  }
  if (first !== undefined) tell(first, options, false)
  if (ending.signal.aborted) note('Told to stop before the end: the rest was not looked at.')
  const total = counts.good + counts.no + counts.failed
  if (total === 0 && !ending.signal.aborted) note('There was nothing to verify: no file here has a proof beside it.')
  if (total > 1 && options.json !== true) say(`${counts.good} of ${total} are valid`)
  return counts.no > 0
    ? EXIT.no
    : counts.good === total && total > 0 && !ending.signal.aborted
      ? EXIT.good
      : EXIT.failed
}

const tell = (verdict: Verdict, { json, explain }: VerifyOptions, isBrief: boolean): void => {
  if (json === true) return sayJson(verdictJson(verdict))
  if (verdict.type === 'failed') return note(`${noteColours.red('error')} ${verdict.message} [${verdict.code}]`)
  const drawing = { columns: terminalColumns(), paint: colours, isExplained: explain === true, isBrief }
  for (const line of verdictLines(verdict, drawing)) say(line)
}

interface Asked {
  readonly signal: AbortSignal
  readonly onProgress: (path: string, read: { readonly done: number; readonly whole: number | undefined }) => void
}
type TrustFor = (networkId: Uint8Array, proof: string) => Promise<TrustFound>

/** What the world refused is a verdict too: the rest goes on. Undefined: told to stop. */
const judged = async (found: ProofFound, trustFor: TrustFor, asked: Asked): Promise<Verdict | undefined> => {
  const { file, proof } = found
  try {
    if (found.type === 'failed') throw new ChimerError('TC_FILE_UNREADABLE', `Cannot read ${file}: ${found.why}.`)
    if (found.type === 'evidence') return await verifyEvidence(proof, trustFor)
    if (!existsSync(proof))
      throw new ChimerError(
        'TC_FILE_UNREADABLE',
        `There is no ${proof}, so nothing shows how old ${file} is. truechimer stamp makes one.`,
      )
    const opened = openChime(await readBytes(proof))
    if (opened.verdict !== 'accept') return { type: 'malformed', file, proof, reason: opened.reason }
    return await ofChime(opened.value, { file, proof, trustFor, asked })
  } catch (cause) {
    if (asked.signal.aborted) return undefined
    if (!(cause instanceof ChimerError)) throw cause
    return { type: 'failed', file, proof, code: cause.code, message: cause.message }
  }
}

interface Pair {
  readonly file: string
  readonly proof: string
  readonly trustFor: TrustFor
  readonly asked: Asked
}

const ofChime = async (chime: Chime, { file, proof, trustFor, asked }: Pair): Promise<Verdict> => {
  const { algorithm, imprint, salt } = subjectOf(chime)
  const { signal, onProgress } = asked
  const hash = async (): Promise<Uint8Array> =>
    (await hashFile({ path: file, algorithm, signal, onProgress: (read) => onProgress(file, read) })).digest
  if (chime.type === 'pending') {
    const isSame = equalBytes(imprint, saltedImprint(algorithm, salt, await hash()))
    return { type: 'pending', file, proof, pending: chime.pending, isSame }
  }
  // Before the file is read to its end: without trust nothing can be said.
  const found = await trustFor(chime.proof.networkId, proof)
  return checked(chime.proof, { file, proof, found, digest: { algorithm, digest: await hash() } })
}

const checked = async (
  stampProof: StampProof,
  given: Pick<Pair, 'file' | 'proof'> & {
    readonly found: TrustFound
    readonly digest: { readonly algorithm: StampProof['algorithm']; readonly digest: Uint8Array }
  },
): Promise<Verdict> => {
  const { file, proof, found, digest } = given
  const verified = await verifyStampInParallel(stampProof, { trust: found.trust, digest })
  if (verified.verdict === 'accept')
    return { type: 'valid', file, proof, stampProof, verified: verified.value, trustFrom: found.from }
  return { type: 'refused', file, proof, link: verified.link, reason: verified.reason, trustFrom: found.from }
}

/** `TC_STAMP_UNTRUSTED` where nothing was named and the network is a stranger. */
const trustFor = async (
  networkId: Uint8Array,
  given: { readonly named: TrustFound | undefined; readonly options: VerifyOptions; readonly proof: string },
): Promise<TrustFound> => {
  const { named, options, proof } = given
  const found = named ?? (await trustKnown(options.networks, networkId))
  if (found !== undefined) return found
  const beside = join(dirname(proof), 'genesis.json')
  const hint = existsSync(beside)
    ? ` ${beside} lies beside the proof: name it if you had it before, or from somebody else than the proof.`
    : ''
  throw new ChimerError(
    'TC_STAMP_UNTRUSTED',
    `${proof} is of network ${hexOf(networkId)}, which was not met here, and nothing says whom to trust. ` +
      `Get the genesis from a member that you trust and give it with --genesis; a running node writes it with: truechimer genesis --api HOST:PORT --out genesis.json.${hint}`,
    { facts: { proof } },
  )
}
