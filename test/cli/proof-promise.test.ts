/** `truechimer proof promise` against a real HTTP server over a small chain: what is gathered, what is told too early, and what a node cannot make up. */
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { TestContext } from 'node:test'
import { proofPromise } from '../../src/cli/proof-promise.ts'
import { proofShow } from '../../src/cli/proof-show.ts'
import { stamp } from '../../src/cli/stamp.ts'
import { StampingDesk } from '../../src/cli/stamping-desk.test-kit.ts'
import { verify } from '../../src/cli/verify.ts'
import type { Backend } from '../../src/services/backend.ts'
import { openHttpApi } from '../../src/services/http-api.ts'
import { encodePendingStamp, openPendingStamp, stampIdOf } from '../../src/stamps/index.ts'
import type { Receipt } from '../../src/stamps/index.ts'

const root = mkdtempSync(join(tmpdir(), 'truechimer-promise-'))
after(() => rmSync(root, { recursive: true, force: true }))

interface Outcome {
  readonly code: number
  readonly said: string
}
const caught = async (t: TestContext, run: () => Promise<number>): Promise<Outcome> => {
  let said = ''
  const writes = [
    t.mock.method(process.stdout, 'write', (text: string) => ((said += text), true)),
    t.mock.method(process.stderr, 'write', () => true),
  ]
  try {
    return { code: await run(), said }
  } finally {
    for (const write of writes) write.mock.restore()
  }
}

const serve = (backend: Backend) => openHttpApi({ backend, listen: { host: '127.0.0.1', port: 0 } })
const networks = join(root, 'networks')

/** A receipt in a file, of a node that puts it nowhere until told. */
const received = async (t: TestContext, name: string, desk = new StampingDesk()) => {
  const file = join(root, name)
  writeFileSync(file, name)
  desk.bend.isFixing = false
  const api = await serve(desk.backend())
  t.after(() => api[Symbol.asyncDispose]())
  const wish = {
    files: [file],
    node: api.address,
    networks,
    wait: 'receipt',
    beacon: true,
    algorithm: 'sha-256',
  } as const
  equal((await caught(t, () => stamp(wish))).code, 0)
  const chime = `${file}.chime`
  const opened = openPendingStamp(new Uint8Array(readFileSync(chime)))
  ok(opened.verdict === 'accept')
  const { receipt } = opened.value
  const change = (other: Partial<Receipt>): void =>
    writeFileSync(chime, encodePendingStamp({ ...opened.value, receipt: { ...receipt, ...other } }))
  const decideTo = (height: number): void => {
    while (desk.height < height) desk.decide()
  }
  const ask = (node = api.address): Promise<Outcome> => caught(t, () => proofPromise({ proof: chime, node }))
  return { chime, broken: `${file}.broken`, desk, receipt, address: api.address, change, decideTo, ask }
}

test('T-30: it is not over until the block after the promised one, and then the evidence holds for anybody', async (t) => {
  const { ask, broken, chime, desk, decideTo, receipt, address } = await received(t, 'missed')
  const { heightPromised } = receipt
  decideTo(heightPromised)
  const early = await ask()
  equal(early.code, 1)
  match(
    early.said,
    new RegExp(`^not over Block ${heightPromised} is promised, and the newest is ${heightPromised}: ask again in 1 s`),
  )
  const asJson = await caught(t, () => proofPromise({ proof: chime, node: address, json: true }))
  const waitSec = Number(desk.genesis.consensus.slotNs) / 1e9
  deepEqual(JSON.parse(asJson.said), { state: 'open', heightPromised, heightNewest: heightPromised, waitSec })
  equal(existsSync(broken), false)
  desk.decide()
  const over = await ask()
  equal(over.code, 0, over.said)
  match(
    over.said,
    /^broken ada promised block \d+ or an earlier one, .+none of them has the stamp\n.+missed\.broken: the evidence/,
  )
  const checked = await caught(t, () => verify({ files: [broken], networks, trustDays: 14 }))
  deepEqual([checked.code, /a node broke its promise/.test(checked.said)], [0, true], checked.said)
  const shown = await caught(t, () => proofShow({ proof: broken }))
  deepEqual([shown.code, /^form +evidence that a promise was missed/.test(shown.said)], [0, true], shown.said)
  const { kind, headers, transactions } = JSON.parse(
    (await caught(t, () => proofShow({ proof: broken, json: true }))).said,
  )
  deepEqual(
    [kind, headers.last, transactions.length],
    ['missed', heightPromised + 1, heightPromised - receipt.heightNewest],
  )
  await rejects(ask(), { code: 'TC_FILE_EXISTS' })
})

test('T-30: what came in time is kept; what came one block late is not, though its proof is there', async (t) => {
  for (const lateBy of [0, 1]) {
    const { ask, chime, desk, decideTo, receipt, broken } = await received(t, `late-${lateBy}`)
    decideTo(receipt.heightPromised - 1 + lateBy)
    desk.bend.isFixing = true
    desk.decide()
    desk.decide()
    // The final proof has the receipt too.
    if (lateBy === 1) {
      const [record] = desk.submitted.flat()
      ok(record !== undefined)
      const proof = desk.proof(Buffer.from(stampIdOf(record, record.clientKey)).toString('hex'))
      ok(proof !== undefined)
      writeFileSync(chime, proof)
    }
    const found = await ask()
    deepEqual([found.code, existsSync(broken)], lateBy === 0 ? [1, false] : [0, true], found.said)
    if (lateBy === 0) match(found.said, new RegExp(`^kept Block ${receipt.heightPromised} has a batch`))
    else equal((await caught(t, () => verify({ files: [broken], networks, trustDays: 14 }))).code, 0)
  }
})

test('T-33: nobody is framed by a receipt that is made up, cut short, or of too many blocks', async (t) => {
  const { ask, change, chime, decideTo, receipt, broken } = await received(t, 'framed')
  decideTo(receipt.heightPromised + 2)
  const refused: readonly (readonly [Partial<Receipt>, RegExp])[] = [
    [{ heightPromised: receipt.heightPromised - 1 }, /\[stamp-wrong-receipt\]/],
    [{ signature: new Uint8Array(64) }, /\[stamp-wrong-receipt\]/],
  ]
  for (const [other, reason] of refused) {
    change(other)
    const found = await ask()
    deepEqual([found.code, reason.test(found.said), existsSync(broken)], [1, true, false], found.said)
  }
  writeFileSync(chime, readFileSync(chime).subarray(0, -1))
  const cut = await ask()
  deepEqual([cut.code, cut.said.startsWith('no evidence')], [1, true])
})

test('a node of another network, one without the blocks, and one that makes them up', async (t) => {
  const { ask, decideTo, desk, receipt, broken } = await received(t, 'strange')
  decideTo(receipt.heightPromised + 2)
  await using other = await serve(new StampingDesk('other').backend())
  await rejects(ask(other.address), { code: 'TC_USAGE' })
  const backend = desk.backend()
  const { chain } = backend
  ok(chain !== undefined)
  const bytesAt = (height: number): Uint8Array => {
    const bytes = chain.blockBytes(height)
    ok(bytes !== undefined)
    return bytes
  }
  const lies: readonly (readonly [(which: number | string) => Uint8Array | undefined, string])[] = [
    [() => undefined, 'TC_API_UNKNOWN_BLOCK'],
    [() => bytesAt(1), 'TC_STAMP_EVIDENCE'],
    [(which) => bytesAt(Number(which)).slice(1), 'TC_STAMP_EVIDENCE'],
    [(which) => Uint8Array.of(...bytesAt(Number(which)), 1), 'TC_STAMP_EVIDENCE'],
    [(which) => bytesAt(Number(which)).with(60, 1), 'TC_STAMP_EVIDENCE'],
  ]
  for (const [blockBytes, code] of lies) {
    await using liar = await serve({ ...backend, chain: { ...chain, blockBytes } })
    await rejects(ask(liar.address), { code })
    equal(existsSync(broken), false)
  }
  for (const light of [{ from: 0, to: 1, bytes: '' }, chain.light({ from: 0, to: 2 })]) {
    await using liar = await serve({ ...backend, chain: { ...chain, light: () => light } })
    await rejects(ask(liar.address), { code: 'TC_STAMP_EVIDENCE' })
  }
})
