/**
 * `truechimer git-stamp verify`: walks commits, or looks at one commit or tag, and checks each one's stamp with a genesis or a checkpoint, offline. What
 * has no stamp is told and is no fault, unless all are asked for. Rule T-99 in docs/spec/stamps.md.
 */
import { ChimerError, hexOf } from '../base/index.ts'
import type { TimeInterval } from '../base/index.ts'
import { verifyStampInParallel } from '../stamps/io/parallel-verifier.ts'
import type { StampTrust } from '../stamps/index.ts'
import { openNote } from './git-stamp-note.ts'
import { GitRepository } from './git-stamp-repository.ts'
import type { GitObject } from './git-stamp-repository.ts'
import { EXIT, colours, say, sayJson } from './output.ts'
import type { ExitCode } from './output.ts'
import { utcDown, utcUp } from './stamp-lines.ts'
import { trustKnown, trustNamed } from './stamp-trust-files.ts'
import type { TrustOptions } from './stamp-trust-files.ts'

export interface GitVerifyOptions extends TrustOptions {
  readonly ranges: readonly string[]
  readonly repository: string
  /** Every one must be stamped. */
  readonly all?: boolean
  readonly json?: boolean
}

/** `pending`: a receipt, and no proof. */
export type GitVerdict =
  | { readonly state: 'verified'; readonly interval: Partial<TimeInterval> & { readonly latest: bigint } }
  | { readonly state: 'missing' | 'pending' }
  | { readonly state: 'bad'; readonly reason: string; readonly link?: string }

/** Trust for a network; undefined for a stranger. */
export type TrustOfNetwork = (networkId: Uint8Array) => Promise<StampTrust | undefined>

export const gitStampVerify = async (options: GitVerifyOptions): Promise<ExitCode> => {
  await using repository = new GitRepository(options.repository)
  const named = await trustNamed(options)
  const known = new Map<string, StampTrust | undefined>()
  const trustOf: TrustOfNetwork = async (networkId) => {
    if (named !== undefined) return named.trust
    const id = hexOf(networkId)
    if (!known.has(id)) known.set(id, (await trustKnown(options.networks, networkId))?.trust)
    return known.get(id)
  }
  const { ranges, json, all = false } = options
  const tell = (object: GitObject, verdict: GitVerdict): void => tellVerdict(object, verdict, json === true)
  const counts = await verifyRanges(repository, { ranges, trustOf, tell })
  const total = counts.verified + counts.missing + counts.pending + counts.bad
  if (json !== true && total !== 1)
    say(
      `${counts.verified} of ${total} verified, ${counts.missing + counts.pending} without a proof, ${counts.bad} bad`,
    )
  return isGood(counts, all) ? EXIT.good : EXIT.no
}

interface Verifying {
  readonly ranges: readonly string[]
  readonly trustOf: TrustOfNetwork
  readonly tell: (object: GitObject, verdict: GitVerdict) => void
}

export type GitCounts = Readonly<Record<GitVerdict['state'], number>>

/** Nothing is bad, something is verified, and everything where all are asked for. */
export const isGood = ({ verified, missing, pending, bad }: GitCounts, all: boolean): boolean =>
  bad === 0 && verified > 0 && (!all || missing + pending === 0)

/** With trust at hand. */
export const verifyRanges = async (
  repository: GitRepository,
  { ranges, trustOf, tell }: Verifying,
): Promise<GitCounts> => {
  const names = await namesOf(repository, ranges)
  const notes = await repository.notesOf(new Set(names))
  const counts = { verified: 0, missing: 0, pending: 0, bad: 0 }
  for (const name of names) {
    const object = await repository.object(name)
    const verdict = await verdictOf(repository, { object, note: notes.get(name), trustOf })
    counts[verdict.state] += 1
    tell(object, verdict)
  }
  return counts
}

const isRange = (text: string): boolean => text.includes('..') || text.startsWith('^')

/** Ranges are walked together, as git does it; anything else is one commit or tag. */
const namesOf = async (repository: GitRepository, given: readonly string[]): Promise<readonly string[]> => {
  const asked = given.length === 0 ? ['HEAD'] : given
  if (asked.some(isRange)) return repository.namesIn(asked)
  const names: string[] = []
  for (const revision of asked) names.push(await repository.nameOf(revision))
  return names
}

const verdictOf = async (
  repository: GitRepository,
  given: { readonly object: GitObject; readonly note: string | undefined; readonly trustOf: TrustOfNetwork },
): Promise<GitVerdict> => {
  const { object, note, trustOf } = given
  if (!object.isWhole) return { state: 'bad', reason: 'git-wrong-object' }
  if (note === undefined) return { state: 'missing' }
  const text = await repository.note(note)
  if (text === undefined) return { state: 'bad', reason: 'git-note-too-large' }
  const opened = openNote(text)
  if (opened.verdict !== 'accept') return { state: 'bad', reason: opened.reason }
  if (opened.value.type === 'pending') return { state: 'pending' }
  const { proof } = opened.value
  const trust = await trustOf(proof.networkId)
  if (trust === undefined) throw untrusted(object, proof.networkId)
  const verified = await verifyStampInParallel(proof, {
    trust,
    digest: { algorithm: 'sha-256', digest: object.digest },
  })
  if (verified.verdict !== 'accept') return { state: 'bad', reason: verified.reason, link: verified.link }
  const { notBefore, notAfter } = verified.value.interval
  return {
    state: 'verified',
    interval: { latest: notAfter, ...(notBefore === undefined ? {} : { earliest: notBefore }) },
  }
}

const untrusted = ({ name }: GitObject, networkId: Uint8Array): ChimerError =>
  new ChimerError(
    'TC_STAMP_UNTRUSTED',
    `The stamp of ${name} is of network ${hexOf(networkId)}, which was not met here, and nothing says whom to trust. Get the genesis from a member that you trust and give it with --genesis.`,
  )

const tellVerdict = ({ name, type }: GitObject, verdict: GitVerdict, isJson: boolean): void => {
  if (isJson) return sayJson({ name, type, ...verdictJson(verdict) })
  const head = `${type} ${name.slice(0, 12)}`
  switch (verdict.state) {
    case 'verified': {
      const { earliest, latest } = verdict.interval
      const from = earliest === undefined ? '' : `, submitted no earlier than ${utcDown(earliest)}`
      return say(`${colours.green('verified')} ${head}  existed no later than ${utcUp(latest)}${from}`)
    }
    case 'missing':
      return say(`${colours.dim('missing')}  ${head}`)
    case 'pending':
      return say(`${colours.yellow('pending')}  ${head}  only a receipt: truechimer git-stamp ${name.slice(0, 12)}`)
    case 'bad':
      return say(
        `${colours.red('bad')}      ${head}  ${verdict.link === undefined ? '' : `${verdict.link} `}[${verdict.reason}]`,
      )
  }
}

const verdictJson = (verdict: GitVerdict): object => {
  if (verdict.state !== 'verified') return verdict
  const { earliest, latest } = verdict.interval
  return {
    state: 'verified',
    notBefore: earliest?.toString() ?? null,
    notAfter: latest.toString(),
    utc: { notBefore: earliest === undefined ? null : utcDown(earliest), notAfter: utcUp(latest) },
  }
}
