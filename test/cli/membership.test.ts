/** `truechimer join` and `truechimer leave` against an API of tables: what is signed, what is told, and how they end. */
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { after, test } from 'node:test'
import type { TestContext } from 'node:test'
import { hexOf, seededRandom } from '../../src/base/index.ts'
import { openTransaction } from '../../src/consensus/index.ts'
import { nodeIdText } from '../../src/crypto/index.ts'
import { layDataDirectory, readGenesisFile } from '../../src/node/io/data-directory.ts'
import { GENESIS_EXAMPLE, VALIDATORS_EXAMPLE } from '../../src/services/chain-examples.ts'
import { TIME_EXAMPLE } from '../../src/services/examples.ts'
import { openHttpApi } from '../../src/services/http-api.ts'
import type { ValidatorView } from '../../src/services/schema.ts'
import { tableBackend } from '../../src/services/table-backend.test-kit.ts'
import { join, leave } from '../../src/cli/membership.ts'
import type { MembershipOptions } from '../../src/cli/membership.ts'

const root = mkdtempSync(joinPath(tmpdir(), 'truechimer-membership-'))
after(() => rmSync(root, { recursive: true, force: true }))
const data = joinPath(root, 'dora')
const { id } = await layDataDirectory({
  random: seededRandom(5n),
  directory: data,
  passphrase: undefined,
  genesisOf: (own) => ({ name: 'own', members: [{ id: own, name: 'Dora' }] }),
})
const { networkId } = await readGenesisFile(data)

const [example] = VALIDATORS_EXAMPLE.validators
ok(example !== undefined)
const stranger: ValidatorView = { ...example, self: false }
const own = (change: Partial<ValidatorView>): ValidatorView => ({
  ...stranger,
  id,
  name: 'Dora',
  stakeShare: 0,
  ...change,
})

interface Story {
  readonly command: typeof join
  readonly options?: Partial<MembershipOptions>
  readonly before?: readonly ValidatorView[]
  /** Who is a member once the transaction is in; those before where it never is. */
  readonly after?: readonly ValidatorView[]
  readonly refusal?: string
  readonly isElsewhere?: boolean
}

const tellStory = async (
  t: TestContext,
  story: Story,
): Promise<{ readonly code: number; readonly said: string; readonly submitted: readonly Uint8Array[] }> => {
  const backend = tableBackend()
  const { chain } = backend
  ok(chain !== undefined)
  const { table } = backend
  table.chain.refusal = story.refusal
  table.chain.validators = { ...VALIDATORS_EXAMPLE, validators: [...(story.before ?? [stranger])] }
  const network = story.isElsewhere === true ? GENESIS_EXAMPLE : { ...GENESIS_EXAMPLE, networkId: hexOf(networkId) }
  const told: typeof chain = {
    ...chain,
    genesis: () => network,
    submit: (bytes) => {
      const taken = chain.submit(bytes)
      if (story.after !== undefined)
        table.chain.validators = { ...VALIDATORS_EXAMPLE, asOf: 1236, validators: [...story.after] }
      return taken
    },
  }
  await using api = await openHttpApi({
    backend: { ...backend, chain: told },
    listen: { host: '127.0.0.1', port: 0 },
  })
  let said = ''
  const take = (text: string): boolean => {
    said += text
    return true
  }
  const writes = [process.stdout, process.stderr].map((stream) => t.mock.method(stream, 'write', take))
  try {
    const code = await story.command({ data, api: api.address, ...story.options }, { waitMs: 0, lookMs: 1 })
    return { code, said, submitted: backend.submitted }
  } finally {
    for (const write of writes) write.mock.restore()
  }
}

test('joining: signed with the key of the directory, at the node’s time, and told what comes next', async (t) => {
  const candidate = own({ role: 'candidate', weight: 0 })
  const { code, said, submitted } = await tellStory(t, { command: join, after: [stranger, candidate] })
  equal(code, 0)
  match(said, new RegExp(`^candidate +${id}, after block 1236\\nIt is a candidate, .* once 60 judged slots`))
  equal(submitted.length, 1)
  const opened = openTransaction(submitted[0] ?? new Uint8Array(), { networkId })
  ok(opened.verdict === 'accept')
  const { author, kind, acted, sequence } = opened.value.transaction
  deepEqual([nodeIdText(author), kind, acted.earliest], [id, 'join', BigInt(TIME_EXAMPLE.earliest)])
  equal(acted.latest - BigInt(TIME_EXAMPLE.latest), 30_000_000_000n)
  equal(BigInt(sequence), BigInt(TIME_EXAMPLE.estimate) / 1_000_000n)
})

test('as JSON', async (t) => {
  const story = { command: join, options: { json: true }, after: [own({ role: 'candidate' })] }
  const { said } = await tellStory(t, story)
  const { kind, node, outcome, asOf } = JSON.parse(said)
  deepEqual([kind, node, outcome, asOf], ['join', id, 'candidate', 1236])
})

test('a transaction that no block holds yet: exit 1, and what to do', async (t) => {
  const { code, said } = await tellStory(t, { command: join })
  equal(code, 1)
  match(said, /^waiting .*\nNo block has done it yet\..* ask again\.\n$/)
})

test('one that is refused: exit 1, with the reason', async (t) => {
  const { code, said } = await tellStory(t, { command: join, refusal: 'already-member' })
  equal(code, 1)
  match(said, /^not taken .* \[already-member\]\n$/)
})

test('leaving: as somebody without stake, at once; until the epoch’s end, or gone', async (t) => {
  const story = { command: leave, before: [stranger, own({})] }
  const { code, said } = await tellStory(t, { ...story, after: [own({ role: 'leaving' })] })
  equal(code, 0)
  match(said, /^leaving .*\nIt leaves\. .* after block/)
  const gone = await tellStory(t, { ...story, after: [stranger] })
  match(gone.said, /^gone .*\nIt is no member any more\.\n$/)
})

test('leaving with stake must be meant', async (t) => {
  const before = [own({ stakeShare: 1_000_000_000 })]
  await rejects(tellStory(t, { command: leave, before }), { code: 'TC_USAGE', message: /for good.*--yes/ })
  const { code } = await tellStory(t, { command: leave, before, options: { yes: true }, after: [] })
  equal(code, 0)
})

test('a node of another network is not asked', async (t) => {
  const story = { command: join, isElsewhere: true }
  await rejects(tellStory(t, story), { code: 'TC_USAGE', message: /another network \(devnet, 5f0c1c3a…\)/ })
})
