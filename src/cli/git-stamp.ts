/**
 * `truechimer git-stamp`: has commits and annotated tags stamped, and keeps the proofs in the repository's notes. What is stamped is SHA-256 of the
 * object's own bytes, and not its name: a SHA-1 name may be one of two objects (T-96).
 *
 * Not promised: in a repository of SHA-1 names a commit names its tree and its parents by SHA-1, and what they hold is bound no better.
 */
import { ChimerError, equalBytes } from '../base/index.ts'
import { encodePendingStamp, encodeStampProof } from '../stamps/index.ts'
import type { PendingStamp } from '../stamps/index.ts'
import { subjectOf } from './chime-file.ts'
import { openEnding } from './ending.ts'
import { openNote, proofNote, receiptNote } from './git-stamp-note.ts'
import { GitRepository } from './git-stamp-repository.ts'
import type { GitObject } from './git-stamp-repository.ts'
import { EXIT, colours, say, sayJson } from './output.ts'
import type { ExitCode } from './output.ts'
import { utcDown, utcUp } from './stamp-lines.ts'
import { STAMPING_WISHES_MAX, openStamping } from './stamping-client.ts'
import type { Finished, StampingClient } from './stamping-client.ts'

export interface GitStampOptions {
  readonly revisions: readonly string[]
  /** Where the repository is. */
  readonly repository: string
  /** A URL without a slash at the end. */
  readonly node: string
  readonly wait: 'final' | 'receipt'
  readonly again?: boolean
  readonly networks?: string
  readonly json?: boolean
}

export const gitStamp = async (options: GitStampOptions): Promise<ExitCode> => {
  await using repository = new GitRepository(options.repository)
  const objects = await objectsOf(repository, options.revisions)
  using ending = openEnding()
  const stamping = await openStamping(options, ending)
  await stampObjects(repository, { objects, stamping, options, tell: (news) => tellNews(news, options) })
  return EXIT.good
}

const objectsOf = async (repository: GitRepository, revisions: readonly string[]): Promise<readonly GitObject[]> => {
  const found = new Map<string, GitObject>()
  for (const revision of revisions.length === 0 ? ['HEAD'] : revisions) {
    const object = await repository.object(await repository.nameOf(revision))
    if (!object.isWhole)
      throw new ChimerError(
        'TC_GIT',
        `${object.name} is not what its name says: the repository is damaged. git fsck says more.`,
      )
    found.set(object.name, object)
  }
  return [...found.values()]
}

interface Stamping {
  readonly objects: readonly GitObject[]
  readonly stamping: StampingClient
  readonly options: Pick<GitStampOptions, 'wait' | 'again'>
  readonly tell: (news: GitNews) => void
}

/** With a node at hand. Every receipt is in its note before any proof is waited for. */
export const stampObjects = async (
  repository: GitRepository,
  { objects, stamping, options, tell }: Stamping,
): Promise<void> => {
  const notes = await repository.notesOf(new Set(objects.map(({ name }) => name)))
  const fresh: GitObject[] = []
  const waiting: { readonly object: GitObject; readonly pending: PendingStamp }[] = []
  for (const object of objects) {
    const found = options.again === true ? undefined : await noteIn(repository, notes.get(object.name), object)
    if (found === 'proof') tell({ object, state: 'done' })
    else if (found === undefined) fresh.push(object)
    else waiting.push({ object, pending: found })
  }
  for (let at = 0; at < fresh.length; at += STAMPING_WISHES_MAX) {
    const some = fresh.slice(at, at + STAMPING_WISHES_MAX)
    const wishes = some.map(({ digest }) => ({ algorithm: 'sha-256' as const, imprint: digest }))
    const { pending } = await stamping.take(async () => ({ wishes, made: undefined }))
    for (const [i, object] of some.entries()) {
      const own = pending[i]
      if (own === undefined) continue
      await repository.writeNote(object.name, receiptNote(subjectText(object), own, encodePendingStamp(own)))
      waiting.push({ object, pending: own })
    }
  }
  for (const { object, pending } of waiting) {
    if (options.wait === 'receipt') tell({ object, state: 'received', pending })
    else await finish(repository, { object, pending, stamping, tell })
  }
}

const finish = async (
  repository: GitRepository,
  given: Pick<Stamping, 'stamping' | 'tell'> & { readonly object: GitObject; readonly pending: PendingStamp },
): Promise<void> => {
  const { object, pending, stamping, tell } = given
  const finished = await stamping.finish(pending)
  const bytes = encodeStampProof(finished.proof)
  await repository.writeNote(object.name, proofNote(subjectText(object), finished.verified, bytes))
  tell({ object, state: 'final', finished })
}

/** What an object's note holds for it. `TC_STAMP_OTHER` where it holds something else. */
const noteIn = async (
  repository: GitRepository,
  note: string | undefined,
  object: GitObject,
): Promise<'proof' | PendingStamp | undefined> => {
  if (note === undefined) return undefined
  const text = await repository.note(note)
  const opened = text === undefined ? undefined : openNote(text)
  if (opened?.verdict !== 'accept' || !equalBytes(subjectOf(opened.value).imprint, object.digest))
    throw new ChimerError(
      'TC_STAMP_OTHER',
      `The note of ${object.name} in refs/notes/truechimer is no stamp of it. It is left as it is; --again writes a new one in its place.`,
    )
  return opened.value.type === 'proof' ? 'proof' : opened.value.pending
}

const subjectText = ({ type, name }: GitObject): string => `${type} ${name}`

export type GitNews = { readonly object: GitObject } & (
  | { readonly state: 'done' }
  | { readonly state: 'received'; readonly pending: PendingStamp }
  | { readonly state: 'final'; readonly finished: Finished }
)

const tellNews = (news: GitNews, { json }: Pick<GitStampOptions, 'json'>): void => {
  const { object, state } = news
  const { name, type } = object
  if (json === true) return sayJson({ name, type, state, ...jsonOf(news) })
  const head = `${type} ${name.slice(0, 12)}`
  if (news.state === 'done') return say(`${colours.green('stamped')}  ${head} was already`)
  if (news.state === 'received')
    return say(
      `${colours.yellow('received')} ${head}, block ${news.pending.receipt.heightPromised} is promised; ask again for the proof`,
    )
  const { notBefore, notAfter } = news.finished.verified.interval
  const from = notBefore === undefined ? '' : `, submitted no earlier than ${utcDown(notBefore)}`
  say(`${colours.green('final')}    ${head}  existed no later than ${utcUp(notAfter)}${from}`)
}

const jsonOf = (news: GitNews): object => {
  if (news.state === 'done') return {}
  if (news.state === 'received') return { heightPromised: news.pending.receipt.heightPromised }
  const { interval, height } = news.finished.verified
  return {
    height,
    notBefore: interval.notBefore?.toString() ?? null,
    notAfter: interval.notAfter.toString(),
    utc: {
      notBefore: interval.notBefore === undefined ? null : utcDown(interval.notBefore),
      notAfter: utcUp(interval.notAfter),
    },
  }
}
