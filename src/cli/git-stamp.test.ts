/** Commits and tags in real repositories, stamped and verified, and what may be wrong with them. Rules T-96 to T-99. */
import { deepEqual, equal, match, rejects } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { hexOf } from '../base/index.ts'
import { sha256 } from '../crypto/index.ts'
import type { GitObject } from './git-stamp-repository.ts'
import { GitRepository, NOTES_REF } from './git-stamp-repository.ts'
import { stampObjects } from './git-stamp.ts'
import type { GitNews, GitStampOptions } from './git-stamp.ts'
import { isGood, verifyRanges } from './git-stamp-verify.ts'
import { stampingWith, tableStampNode } from './stamping.test-kit.ts'

const root = mkdtempSync(join(tmpdir(), 'truechimer-git-'))
after(() => rmSync(root, { recursive: true, force: true }))

const IDENTITY = [
  '-c',
  'user.name=Ada',
  '-c',
  'user.email=ada@example',
  '-c',
  'init.defaultBranch=main',
  '-c',
  'commit.gpgsign=false',
]
const gitIn = (directory: string, ...args: readonly string[]): string =>
  execFileSync('git', ['-C', directory, ...IDENTITY, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    .toString()
    .trim()

let count = 0
/** Four commits, the last a merge, and an annotated tag. */
const repositoryOf = (format: 'sha1' | 'sha256' = 'sha1'): string => {
  count += 1
  const directory = join(root, `r${count}`)
  execFileSync('git', [...IDENTITY, 'init', '-q', `--object-format=${format}`, directory])
  const git = (...args: readonly string[]): string => gitIn(directory, ...args)
  for (const [name, value] of [
    ['user.name', 'Ada'],
    ['user.email', 'ada@example'],
  ] as const)
    git('config', name, value)
  git('commit', '-q', '--allow-empty', '-m', 'one')
  git('branch', 'side')
  git('commit', '-q', '--allow-empty', '-m', 'two')
  git('checkout', '-q', 'side')
  git('commit', '-q', '--allow-empty', '-m', 'aside')
  git('checkout', '-q', 'main')
  git('merge', '-q', '--no-edit', 'side')
  git('tag', '-a', 'v1.0', '-m', 'first', 'HEAD~1')
  return directory
}

const node = tableStampNode()
const stamp = async (
  directory: string,
  revisions: readonly string[],
  given: Partial<GitStampOptions> = {},
): Promise<readonly GitNews[]> => {
  await using repository = new GitRepository(directory)
  const objects: GitObject[] = []
  for (const revision of revisions) objects.push(await repository.object(await repository.nameOf(revision)))
  const news: GitNews[] = []
  const options = { wait: 'final' as const, ...given }
  await stampObjects(repository, { objects, stamping: stampingWith(node), options, tell: (one) => news.push(one) })
  return news
}

/** The answer, asked for all or not, and what is said of each. */
const verify = async (
  directory: string,
  ranges: readonly string[],
  all = false,
): Promise<{ readonly good: boolean; readonly states: readonly string[] }> => {
  await using repository = new GitRepository(directory)
  const states: string[] = []
  const counts = await verifyRanges(repository, {
    ranges,
    trustOf: async () => node.trust,
    tell: (_object, verdict) => states.push(verdict.state === 'bad' ? `bad ${verdict.reason}` : verdict.state),
  })
  return { good: isGood(counts, all), states }
}

describe('what is stamped', () => {
  for (const format of ['sha1', 'sha256'] as const)
    test(`the object's bytes, in a ${format} repository`, async () => {
      const directory = repositoryOf(format)
      await using repository = new GitRepository(directory)
      for (const [revision, type] of [
        ['HEAD', 'commit'],
        ['v1.0', 'tag'],
        ['v1.0^{commit}', 'commit'],
      ] as const) {
        const object = await repository.object(await repository.nameOf(revision))
        const content = execFileSync('git', ['-C', directory, 'cat-file', type, revision])
        const canonical = Buffer.concat([Buffer.from(`${type} ${content.length}\0`), content])
        deepEqual([object.type, hexOf(object.digest), object.isWhole], [type, hexOf(sha256(canonical)), true])
        if (format === 'sha256') equal(hexOf(object.digest), object.name)
      }
    })
  test('no object that was put in its place', async () => {
    const directory = repositoryOf()
    await using before = new GitRepository(directory)
    const object = await before.object(await before.nameOf('HEAD'))
    gitIn(directory, 'replace', 'HEAD', 'HEAD~1')
    await using repository = new GitRepository(directory)
    deepEqual(await repository.object(object.name), object)
  })
  test('in a worktree too', async () => {
    const directory = repositoryOf()
    const other = join(root, 'worktree')
    gitIn(directory, 'worktree', 'add', '-q', '--detach', other)
    await stamp(other, ['HEAD'])
    deepEqual(await verify(directory, ['HEAD']), { good: true, states: ['verified'] })
  })
  test('nothing else, and nothing that looks like an option', async () => {
    await using repository = new GitRepository(repositoryOf())
    await rejects(repository.nameOf('--all'), { code: 'TC_GIT', message: /no commit or tag --all/ })
    await rejects(repository.nameOf('nowhere'), { code: 'TC_GIT' })
    await rejects(repository.namesIn(['--output=x']), { code: 'TC_GIT' })
    await rejects(repository.object(await repository.nameOf('HEAD^{tree}')), { code: 'TC_GIT', message: /is a tree/ })
    await using nowhere = new GitRepository(root)
    await rejects(nowhere.nameOf('HEAD'), { code: 'TC_GIT', message: /not a git repository/ })
  })
})

describe('stamping', () => {
  test('commits, merges and tags, shown by git log; again is already', async () => {
    const directory = repositoryOf()
    const states = async (): Promise<readonly unknown[]> =>
      (await stamp(directory, ['HEAD', 'v1.0'])).map(({ object, state }) => [object.type, state])
    deepEqual(await states(), [
      ['commit', 'final'],
      ['tag', 'final'],
    ])
    match(
      gitIn(directory, 'log', '-1', '--show-notes=truechimer'),
      /Notes \(truechimer\):\n +Truechimer stamp of commit [0-9a-f]{40}\n +existed no later than 20/,
    )
    deepEqual(await states(), [
      ['commit', 'done'],
      ['tag', 'done'],
    ])
    deepEqual(await verify(directory, ['v1.0', 'HEAD']), { good: true, states: ['verified', 'verified'] })
  })
  test('a receipt first, and the proof later', async () => {
    const directory = repositoryOf()
    await stamp(directory, ['HEAD'], { wait: 'receipt' })
    deepEqual(await verify(directory, ['HEAD']), { good: false, states: ['pending'] })
    const entries = node.entries.length
    await stamp(directory, ['HEAD'])
    equal(node.entries.length, entries, 'nothing is stamped twice')
    deepEqual(await verify(directory, ['HEAD']), { good: true, states: ['verified'] })
  })
  test('a note that is somebody’s own is left, unless told', async () => {
    const directory = repositoryOf()
    gitIn(directory, 'notes', `--ref=${NOTES_REF}`, 'add', '-m', 'mine', 'HEAD')
    await rejects(stamp(directory, ['HEAD']), { code: 'TC_STAMP_OTHER' })
    await stamp(directory, ['HEAD'], { again: true })
    deepEqual(await verify(directory, ['HEAD']), { good: true, states: ['verified'] })
  })
})

describe('verifying a range', () => {
  test('what is not stamped is told, and counts where all are asked for', async () => {
    const directory = repositoryOf()
    const first = gitIn(directory, 'rev-list', '--max-parents=0', 'HEAD')
    deepEqual(await verify(directory, [`${first}..HEAD`]), { good: false, states: ['missing', 'missing', 'missing'] })
    await stamp(directory, ['HEAD'])
    deepEqual(await verify(directory, [`${first}..HEAD`]), { good: true, states: ['verified', 'missing', 'missing'] })
    equal((await verify(directory, [`${first}..HEAD`], true)).good, false)
    deepEqual(await verify(directory, ['HEAD..HEAD']), { good: false, states: [] })
  })
  test('a note of another commit, a cut note, a large one', async () => {
    const directory = repositoryOf()
    await stamp(directory, ['HEAD'])
    const good = gitIn(directory, 'notes', `--ref=${NOTES_REF}`, 'show', 'HEAD')
    const noted = async (text: string): Promise<readonly string[]> => {
      const file = join(root, 'note')
      writeFileSync(file, text)
      gitIn(directory, 'notes', `--ref=${NOTES_REF}`, 'add', '-f', '-F', file, 'HEAD~1')
      const { good: isGoodNote, states } = await verify(directory, ['HEAD~1'])
      equal(isGoodNote, false)
      return states
    }
    deepEqual(await noted(good), ['bad stamp-wrong-digest'])
    deepEqual(await noted(good.replace(/\n\S{64}\n/, '\n')), ['bad malformed'])
    deepEqual(await noted('-----BEGIN TRUECHIMER STAMP-----\n%%%\n-----END TRUECHIMER STAMP-----'), [
      'bad git-note-malformed',
    ])
    deepEqual(await noted('hello'), ['bad git-note-malformed'])
    deepEqual(await noted('x'.repeat(2_000_000)), ['bad git-note-too-large'])
  })
  test('an object that is not what its name says', async () => {
    const directory = repositoryOf()
    const [one = '', two = ''] = ['HEAD', 'HEAD~1'].map((revision) => gitIn(directory, 'rev-parse', revision))
    const pathOf = (name: string): string => join(directory, '.git', 'objects', name.slice(0, 2), name.slice(2))
    execFileSync('cp', ['--force', pathOf(two), pathOf(one)])
    await using repository = new GitRepository(directory)
    equal((await repository.object(one)).isWhole, false)
    await rejects(verify(directory, [one]), { code: 'TC_GIT' })
  })
})
