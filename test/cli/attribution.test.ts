/** `truechimer chain` against a node of tables whose proofs are real: what is signed, kept, refused and gone on from. */
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { TestContext } from 'node:test'
import { hexOf } from '../../src/base/index.ts'
import { nodeIdText, sha256 } from '../../src/crypto/index.ts'
import { memorySigner } from '../../src/crypto/io/memory-signer.ts'
import { checkAttribution } from '../../src/proofs/index.ts'
import { isAttributionValid } from '../../src/standing/index.ts'
import { stampCheckOf } from '../../src/stamps/index.ts'
import { chainKey, openActor } from '../../src/cli/attribution-actor.ts'
import type { Actor } from '../../src/cli/attribution-actor.ts'
import { addLink, chainAdd, chainNew, chainStamp } from '../../src/cli/attribution-add.ts'
import type { ChainAddOptions } from '../../src/cli/attribution-add.ts'
import { newChain, readChain, writeChain } from '../../src/cli/attribution-file.ts'
import { chainShow, chainVerify } from '../../src/cli/attribution-verify.ts'
import { tellChain } from '../../src/cli/attribution-story.ts'
import { stampingWith, tableStampNode } from '../../src/cli/stamping.test-kit.ts'

const root = mkdtempSync(join(tmpdir(), 'truechimer-chain-'))
after(() => rmSync(root, { recursive: true, force: true }))

const actorOf = (byte: number): Actor => memorySigner({ seed: new Uint8Array(32).fill(byte) })
const [camera, editor, checker] = [actorOf(41), actorOf(42), actorOf(43)]
const contentOf = (text: string): { readonly algorithm: 'sha-256'; readonly digest: Uint8Array } => ({
  algorithm: 'sha-256',
  digest: sha256(new TextEncoder().encode(text)),
})

/** What is written as text while it runs; the test runner writes its bytes through. */
const told = async <T>(
  t: TestContext,
  run: () => Promise<T>,
): Promise<{ readonly value: T; readonly said: string }> => {
  let said = ''
  const writes = [process.stdout, process.stderr].map((stream) => {
    const write = stream.write.bind(stream)
    return t.mock.method(stream, 'write', (part: string | Uint8Array) => {
      if (typeof part !== 'string') return write(part)
      said += part
      return true
    })
  })
  try {
    return { value: await run(), said }
  } finally {
    for (const write of writes) write.mock.restore()
  }
}

const node = tableStampNode()
const stamping = stampingWith(node)
let files = 0
const newPath = (): string => join(root, `chain-${(files += 1)}`)

const add = async (
  t: TestContext,
  path: string,
  actor: Actor,
  given: Partial<ChainAddOptions> & Pick<ChainAddOptions, 'relation'> & { readonly text?: string },
): Promise<{ readonly value: unknown; readonly said: string }> => {
  const { text = 'raw', ...rest } = given
  const isNew = given.relation === 'created'
  const options: ChainAddOptions = {
    chain: path,
    node: node.address,
    keyFile: '',
    name: 'Ada',
    wait: 'final',
    json: true,
    ...rest,
  }
  const found = isNew ? newChain(path) : await readChain(path)
  return told(t, () => addLink(found, { options, content: contentOf(text), actor, stamping }))
}

const photograph = async (t: TestContext): Promise<string> => {
  const path = newPath()
  equal((await add(t, path, camera, { relation: 'created', name: 'Camera 7' })).value, 0)
  equal((await add(t, path, camera, { relation: 'transferred', to: editor.nodeId })).value, 0)
  equal((await add(t, path, editor, { relation: 'received' })).value, 0)
  equal((await add(t, path, editor, { relation: 'transformed', text: 'cropped' })).value, 0)
  equal(
    (await add(t, path, checker, { relation: 'reviewed', text: 'cropped', note: 'no edits beyond the crop' })).value,
    0,
  )
  return path
}

test('from camera to newsroom: every link stamped with the block that it names; V(A(I)) is the product', async (t) => {
  const path = await photograph(t)
  const { chain } = await readChain(path)
  const context = { networkId: node.trust.networkId, checkStamp: stampCheckOf(node.trust) }
  const admission = checkAttribution(chain, context)
  ok(admission.verdict === 'accept')
  const { links, holder } = admission.value
  deepEqual([links.length, holder], [5, editor.nodeId])
  ok(links.every(({ notBefore, notAfter }) => notBefore <= notAfter))
  const valid = isAttributionValid({
    links: links.map(({ link }, at) => ({ source: hexOf(link.actor), at })),
    holder: hexOf(holder),
    verify: ({ at }) => checkAttribution(chain.slice(0, at + 1), context).verdict === 'accept',
  })
  equal(valid, true)
})

test('after a link was added it is told alone, with the length of the chain', async (t) => {
  const { said } = await add(t, await photograph(t), editor, { relation: 'published', text: 'cropped', json: false })
  match(said, /Published by Ada/)
  equal(/Created by/.test(said), false)
  match(said, /holds 6 links/)
})

test('a beacon that grew old is taken anew, and the link signed anew with it', async (t) => {
  node.stale = 2
  const path = newPath()
  equal((await add(t, path, camera, { relation: 'created' })).value, 0)
  equal(tellChain((await readChain(path)).chain, node.trust).verdict, 'holds')
  node.stale = 3
  await rejects(add(t, newPath(), camera, { relation: 'created' }), { code: 'TC_API_STAMP_BEACON' })
})

test('what would not hold is neither stamped nor kept', async (t) => {
  const path = await photograph(t)
  const [before, entries] = [readFileSync(path), node.entries.length]
  const table: readonly (readonly [
    Actor,
    Partial<ChainAddOptions> & Pick<ChainAddOptions, 'relation'> & { readonly text?: string },
    RegExp,
  ])[] = [
    [camera, { relation: 'published', text: 'cropped' }, /actor \[attribution-wrong-actor\]/],
    [editor, { relation: 'received', text: 'cropped' }, /order \[attribution-wrong-relation\]/],
    [editor, { relation: 'published', text: 'other' }, /content \[attribution-wrong-content\]/],
    [editor, { relation: 'transferred', text: 'cropped', to: editor.nodeId }, /actor \[attribution-wrong-actor\]/],
  ]
  for (const [actor, given, why] of table) {
    const { value, said } = await add(t, path, actor, given)
    equal(value, 1)
    match(said, why)
    match(said, /Asked is that \w.+\./)
    equal(said.includes(nodeIdText(editor.nodeId)), /actor/.test(why.source), 'whose turn it is')
  }
  deepEqual([readFileSync(path), node.entries.length], [before, entries])
})

test('interrupted after the receipt: the next link finishes the last, or it is dropped', async (t) => {
  const path = newPath()
  const first = await add(t, path, camera, { relation: 'created', wait: 'receipt' })
  equal(JSON.parse(first.said).state, 'received')
  equal(tellChain((await readChain(path)).chain, node.trust).fault?.reason, 'attribution-unstamped')
  equal((await add(t, path, camera, { relation: 'published' })).value, 0)
  equal(tellChain((await readChain(path)).chain, node.trust).verdict, 'holds')
  await add(t, path, checker, { relation: 'reviewed', wait: 'receipt' })
  const drop = { chain: path, node: node.address, json: true, drop: true }
  deepEqual((await told(t, () => chainStamp(drop))).value, 0)
  equal((await readChain(path)).chain.length, 2)
  deepEqual((await told(t, () => chainStamp(drop))).value, 1)
})

test('somebody else’s change meanwhile is not written over', async (t) => {
  const path = newPath()
  await add(t, path, camera, { relation: 'created' })
  const found = await readChain(path)
  await add(t, path, camera, { relation: 'published' })
  await rejects(writeChain(found, found.chain), { code: 'TC_CHAIN_CHANGED' })
  throwsAsTaken(path)
})

const throwsAsTaken = (path: string): void => {
  let code: unknown
  try {
    newChain(path)
  } catch (error) {
    code = error instanceof Error && 'code' in error ? error.code : undefined
  }
  equal(code, 'TC_FILE_UNWRITABLE')
}

test('wrong usage is told before anything is asked of anybody', async () => {
  const options: ChainAddOptions = {
    chain: newPath(),
    node: 'http://127.0.0.1:1',
    keyFile: 'none',
    name: 'Ada',
    relation: 'reviewed',
    wait: 'final',
  }
  const table: readonly (readonly [Partial<ChainAddOptions>, RegExp])[] = [
    [{ name: 'A\u202eda' }, /--name takes/],
    [{ note: 'two\nlines' }, /--note takes/],
    [{ relation: 'transferred' }, /--to/],
    [{ to: camera.nodeId }, /--to/],
    [{ relation: 'transformed' }, /--content/],
    [{ at: { earliest: 9_000_000_000_000_000_000n, latest: 9_000_000_000_000_000_000n } }, /still to come/],
  ]
  for (const [given, message] of table) await rejects(chainAdd({ ...options, ...given }), { code: 'TC_USAGE', message })
  await rejects(chainNew({ ...options, relation: 'created', algorithm: 'sha-256' }), {
    code: 'TC_USAGE',
    message: /--content/,
  })
})

test('a key of one’s own: only its owner reads it, and it signs', async (t) => {
  const out = join(root, 'actor.key')
  const { value, said } = await told(t, () => chainKey({ out, encrypt: false, json: true }))
  equal(value, 0)
  const actor = await openActor({ keyFile: out })
  deepEqual([JSON.parse(said).id, statSync(out).mode & 0o777], [nodeIdText(actor.nodeId), 0o600])
  await rejects(chainKey({ out, encrypt: false }), { code: 'TC_KEY_FILE_EXISTS' })
})

test('verify and show: without trust, with a file, with a picture, and what is no chain', async (t) => {
  const path = await photograph(t)
  const trust = { trustDays: 14, networks: join(root, 'networks'), json: true }
  await rejects(chainVerify({ chain: path, ...trust }), { code: 'TC_STAMP_UNTRUSTED' })
  const svg = join(root, 'photo.svg')
  const shown = await told(t, () => chainShow({ chain: path, svg, ...trust }))
  deepEqual([shown.value, JSON.parse(shown.said.split('\n')[0] ?? '').valid], [0, null])
  match(readFileSync(svg, 'utf8'), /^<svg .*not checked/s)
  const other = newPath()
  writeFileSync(other, 'hello')
  await rejects(chainVerify({ chain: other, ...trust }), { code: 'TC_CHAIN_MALFORMED' })
})
