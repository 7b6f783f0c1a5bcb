/**
 * A git repository as `truechimer git-stamp` sees it: objects by their names, and the notes that hold proofs. git itself is asked, without a shell,
 * with nothing of a person's that could be taken for an option (`--end-of-options`), and with no object put in another's place
 * (`refs/replace`). Works in worktrees and in repositories of either hash. Rules T-96, T-98 in docs/spec/stamps.md.
 *
 * The repository may be anybody's: what is read of it is bounded. Not promised: that git's own reading of a hostile repository is without fault.
 */
import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { createHash } from 'node:crypto'
import { ChimerError, hexOf } from '../base/index.ts'
import { sha256 } from '../crypto/index.ts'
import { codeOf } from '../crypto/io/disk.ts'

export const NOTES_REF = 'refs/notes/truechimer'
/** Larger objects are not read, bytes: commits and tags are small. */
export const GIT_OBJECT_BYTES_MAX = 16 * 1024 * 1024
/** Larger notes are not read, bytes. */
export const GIT_NOTE_BYTES_MAX = 1024 * 1024
/** Commits of one range at most. */
export const GIT_RANGE_MAX = 100_000
/** What git may print where a little is expected, bytes; and what is kept of its complaints, characters. */
const ANSWER_BYTES_MAX = 16 * 1024 * 1024
const COMPLAINT_LENGTH_MAX = 500
const LINE_BYTES_MAX = 4096
const NAME = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/

/** A commit or an annotated tag. */
export interface GitObject {
  /** In hex, 40 or 64 digits. */
  readonly name: string
  readonly type: 'commit' | 'tag'
  /** SHA-256 over `TYPE SIZE\0CONTENT`, 32 bytes: what is stamped. */
  readonly digest: Uint8Array
  /** Is it what its name says? */
  readonly isWhole: boolean
}

/** Of one repository, the one that `directory` lies in. Calls one after the other. */
export class GitRepository implements AsyncDisposable {
  readonly #directory: string
  readonly #answers = new Map<'--batch' | '--batch-check', BatchAnswers>()

  constructor(directory: string) {
    this.#directory = directory
  }

  /** The full name of what a person calls a commit or tag. `TC_GIT` where there is none. */
  async nameOf(revision: string): Promise<string> {
    const said = await this.#run([
      'rev-parse',
      '--verify',
      '--quiet',
      '--end-of-options',
      `${revision}^{object}`,
    ]).catch((cause: unknown) => {
      if (cause instanceof ChimerError && cause.facts['exit'] === 1) return ''
      throw cause
    })
    const name = said.trim()
    if (NAME.test(name)) return name
    throw new ChimerError('TC_GIT', `There is no commit or tag ${printable(revision)} here.`)
  }

  /** Names of the commits of ranges, newest first. `TC_GIT` where git knows no such range, or it has more than GIT_RANGE_MAX commits. */
  async namesIn(ranges: readonly string[]): Promise<readonly string[]> {
    const said = await this.#run(['rev-list', `--max-count=${GIT_RANGE_MAX + 1}`, '--end-of-options', ...ranges, '--'])
    const names = said.split('\n').filter((line) => NAME.test(line))
    if (names.length <= GIT_RANGE_MAX) return names
    throw new ChimerError(
      'TC_GIT',
      `That is more than ${GIT_RANGE_MAX} commits: take a shorter range, such as v1.0..HEAD.`,
    )
  }

  /** `TC_GIT` where the name is of no commit and no tag, or of one that is larger than GIT_OBJECT_BYTES_MAX. */
  async object(name: string): Promise<GitObject> {
    const { type, size } = await this.#head(name)
    if (type !== 'commit' && type !== 'tag')
      throw new ChimerError('TC_GIT', `${name} is a ${type}: only commits and annotated tags are stamped.`)
    if (size > GIT_OBJECT_BYTES_MAX)
      throw new ChimerError('TC_GIT', `${name} is larger than any commit or tag should be.`)
    const content = await this.#content(name, size)
    const canonical = Buffer.concat([Buffer.from(`${type} ${content.length}\0`), content])
    const own = createHash(name.length === 64 ? 'sha256' : 'sha1')
      .update(canonical)
      .digest()
    return { name, type, digest: sha256(canonical), isWhole: hexOf(own) === name }
  }

  /** Which of these objects have a note, and its name. */
  async notesOf(names: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>()
    const child = this.#spawn(['notes', `--ref=${NOTES_REF}`, 'list'])
    const complaint = complaintOf(child)
    const reader = new ByteReader(child.stdout)
    for (let line = await reader.line(); line !== undefined; line = await reader.line()) {
      const [note = '', object = ''] = line.split(' ')
      if (NAME.test(note) && names.has(object)) found.set(object, note)
    }
    await ended(child, complaint)
    return found
  }

  /** A note's text; undefined where it is larger than GIT_NOTE_BYTES_MAX. */
  async note(name: string): Promise<string | undefined> {
    const { type, size } = await this.#head(name)
    if (type !== 'blob' || size > GIT_NOTE_BYTES_MAX) return undefined
    return new TextDecoder().decode(await this.#content(name, size))
  }

  /** Writes or replaces the note of an object. `TC_GIT` where git refuses, such as for want of a name to write it under. */
  async writeNote(object: string, text: string): Promise<void> {
    await this.#run(['notes', `--ref=${NOTES_REF}`, 'add', '--force', '--file=-', object], text)
  }

  async #head(name: string): Promise<{ readonly type: string; readonly size: number }> {
    const { line } = await this.#ask('--batch-check', name)
    return readHead(name, line)
  }

  async #content(name: string, size: number): Promise<Uint8Array> {
    const { line, reader } = await this.#ask('--batch', name)
    if (readHead(name, line).size !== size) throw new ChimerError('TC_GIT', `${name} changed while it was read.`)
    const content = await reader.bytes(size)
    await reader.bytes(1)
    return content
  }

  async #ask(
    how: '--batch' | '--batch-check',
    name: string,
  ): Promise<{ readonly line: string; readonly reader: ByteReader }> {
    const answers = this.#answers.get(how) ?? this.#open(how)
    answers.child.stdin.write(`${name}\n`)
    const line = await answers.reader.line()
    if (line !== undefined) return { line, reader: answers.reader }
    await ended(answers.child, answers.complaint)
    throw new ChimerError('TC_GIT', 'git ended before it had answered.')
  }

  #open(how: '--batch' | '--batch-check'): BatchAnswers {
    const child = this.#spawn(['cat-file', how])
    const answers = { child, reader: new ByteReader(child.stdout), complaint: complaintOf(child) }
    this.#answers.set(how, answers)
    return answers
  }

  async #run(args: readonly string[], input = ''): Promise<string> {
    const child = this.#spawn(args)
    const complaint = complaintOf(child)
    child.stdin.end(input)
    const parts: Buffer[] = []
    let size = 0
    for await (const part of child.stdout) {
      if (!Buffer.isBuffer(part)) continue
      size += part.length
      if (size <= ANSWER_BYTES_MAX) parts.push(part)
    }
    await ended(child, complaint)
    if (size > ANSWER_BYTES_MAX) throw new ChimerError('TC_GIT', `git ${args[0] ?? ''} answered with too much.`)
    return Buffer.concat(parts).toString()
  }

  #spawn(args: readonly string[]): ChildProcessWithoutNullStreams {
    const child = spawn('git', ['-C', this.#directory, '--no-replace-objects', '--no-pager', ...args], {
      stdio: 'pipe',
      env: {
        ...process.env,
        LC_ALL: 'C',
        GIT_TERMINAL_PROMPT: '0',
        GIT_NO_LAZY_FETCH: '1',
        GIT_ALLOW_PROTOCOL: '',
        GIT_OPTIONAL_LOCKS: '0',
      },
    })
    // A git that has ended closes what we write to; its exit code tells why.
    child.stdin.on('error', () => undefined)
    return child
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child, complaint } of this.#answers.values()) {
      child.stdin.end()
      child.stdout.resume()
      await ended(child, complaint)
    }
    this.#answers.clear()
  }
}

interface BatchAnswers {
  readonly child: ChildProcessWithoutNullStreams
  readonly reader: ByteReader
  readonly complaint: Complaint
}

/** `NAME TYPE SIZE`, or that it is missing. */
const readHead = (name: string, line: string): { readonly type: string; readonly size: number } => {
  const [, type, size] = /^[0-9a-f]+ ([a-z]+) (\d{1,15})$/.exec(line) ?? []
  if (type !== undefined && size !== undefined) return { type, size: Number(size) }
  throw new ChimerError('TC_GIT', `${name} is not in this repository, or not here: fetch it first.`)
}

interface Complaint {
  readonly exit: Promise<number | null>
  text(): string
}

/** Listens before anything can be missed. */
const complaintOf = (child: ChildProcessWithoutNullStreams): Complaint => {
  let text = ''
  child.stderr.on('data', (part: Buffer) => {
    text = (text + part.toString()).slice(0, COMPLAINT_LENGTH_MAX)
  })
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', (cause) => reject(unstarted(cause)))
    child.once('close', resolve)
  })
  // Whoever waits for the end is told; until then it is nobody's unhandled rejection.
  exit.catch(() => undefined)
  return { exit, text: () => text }
}

const ended = async (child: ChildProcessWithoutNullStreams, complaint: Complaint): Promise<void> => {
  const exit = await complaint.exit
  if (exit === 0) return
  const [why = 'no reason'] = printable(complaint.text().trim()).split('\uFFFD')
  throw new ChimerError('TC_GIT', `git refuses: ${why.replace(/^(?:fatal|error): /, '')}`, {
    facts: { exit: exit ?? -1, pid: child.pid ?? 0 },
  })
}

const unstarted = (cause: Error): ChimerError =>
  new ChimerError(
    'TC_GIT',
    codeOf(cause) === 'ENOENT'
      ? 'git is not installed, or the directory is not there.'
      : `git cannot be started (${codeOf(cause)}).`,
    { cause },
  )

/** What git or a person wrote, as it may stand on a terminal. */
const printable = (text: string): string => text.replaceAll(/\p{Cc}+/gu, '\uFFFD')

/** Bytes as they are asked for, from a stream. */
class ByteReader {
  readonly #parts: AsyncIterator<unknown>
  #held: Buffer = Buffer.alloc(0)

  constructor(stream: AsyncIterable<unknown>) {
    this.#parts = stream[Symbol.asyncIterator]()
  }

  /** Up to the next line end; undefined at the end. Longer than LINE_BYTES_MAX is no line of git's: `TC_GIT`. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const at = this.#held.indexOf(10)
      if (at >= 0) {
        const line = this.#held.toString('utf8', 0, at)
        this.#held = this.#held.subarray(at + 1)
        return line
      }
      if (this.#held.length > LINE_BYTES_MAX)
        throw new ChimerError('TC_GIT', 'git answered with something else than a line.')
      if (!(await this.#more())) return undefined
    }
  }

  /** Exactly so many; `TC_GIT` where the stream ends before. */
  async bytes(count: number): Promise<Uint8Array> {
    const parts: Buffer[] = []
    let missing = count
    while (missing > 0) {
      if (this.#held.length === 0 && !(await this.#more()))
        throw new ChimerError('TC_GIT', 'git ended in the middle of an object.')
      const part = this.#held.subarray(0, missing)
      this.#held = this.#held.subarray(part.length)
      missing -= part.length
      parts.push(part)
    }
    return new Uint8Array(Buffer.concat(parts))
  }

  async #more(): Promise<boolean> {
    const next = await this.#parts.next()
    if (next.done === true) return false
    if (Buffer.isBuffer(next.value)) this.#held = Buffer.concat([this.#held, next.value])
    return true
  }
}
