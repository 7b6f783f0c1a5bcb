/** `truechimer stamp` and `verify` against a real HTTP server over a small chain: what is written, told and refused, and what goes on after a stop. */
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { spawn } from 'node:child_process'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, test } from 'node:test'
import type { TestContext } from 'node:test'
import { NS_PER_SEC, hexOf } from '../../src/base/index.ts'
import { checkpointSave, checkpointShow } from '../../src/cli/checkpoint.ts'
import { genesis } from '../../src/cli/genesis.ts'
import { proofShow } from '../../src/cli/proof-show.ts'
import { stamp } from '../../src/cli/stamp.ts'
import type { StampOptions } from '../../src/cli/stamp.ts'
import { StampingDesk } from '../../src/cli/stamping-desk.test-kit.ts'
import { verify } from '../../src/cli/verify.ts'
import type { VerifyOptions } from '../../src/cli/verify.ts'
import { openHttpApi } from '../../src/services/http-api.ts'
import { encodeBrokenPromise, openPendingStamp, otsPendingAnswer } from '../../src/stamps/index.ts'

const root = mkdtempSync(join(tmpdir(), 'truechimer-stamp-'))
after(() => rmSync(root, { recursive: true, force: true }))
let count = 0
/** A directory of its own for every story, and what is known of networks there. */
const place = () => {
  count += 1
  const directory = join(root, String(count))
  mkdirSync(directory)
  const fileOf = (name: string, content = `content of ${name}`): string => {
    writeFileSync(join(directory, name), content)
    return join(directory, name)
  }
  return { directory, fileOf, networks: join(directory, 'networks') }
}

interface Outcome {
  readonly code: number
  readonly said: string
  readonly noted: string
}

/** Runs a command; what it writes is caught. */
const caught = async (t: TestContext, run: () => Promise<number>): Promise<Outcome> => {
  const texts = { stdout: '', stderr: '' }
  const writes = (['stdout', 'stderr'] as const).map((name) =>
    t.mock.method(process[name], 'write', (text: string) => ((texts[name] += text), true)),
  )
  try {
    return { code: await run(), said: texts.stdout, noted: texts.stderr }
  } finally {
    for (const write of writes) write.mock.restore()
  }
}

const serve = (desk: StampingDesk) => openHttpApi({ backend: desk.backend(), listen: { host: '127.0.0.1', port: 0 } })

/** The same behind a door that can be slammed: connections end at once, and none is taken any more. */
const serveMortally = async (desk: StampingDesk) => {
  const api = await serve(desk)
  const sockets = new Set<Socket>()
  const door = createServer((socket) => {
    const inner = connect(Number(new URL(api.address).port), '127.0.0.1')
    for (const one of [socket, inner]) {
      sockets.add(one)
      one.on('error', () => one.destroy())
      one.on('close', () => {
        socket.destroy()
        inner.destroy()
      })
    }
    socket.pipe(inner).pipe(socket)
  })
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve))
  const place = door.address()
  ok(typeof place === 'object' && place !== null)
  return {
    address: `http://127.0.0.1:${place.port}`,
    kill: (): void => {
      door.close()
      for (const socket of sockets) socket.destroy()
    },
    end: () => api[Symbol.asyncDispose](),
  }
}

const stampQuietly = async (t: TestContext, options: StampOptions): Promise<number> => {
  const silent = t.mock.method(process.stdout, 'write', () => true)
  try {
    return await stamp(options)
  } finally {
    silent.mock.restore()
  }
}

type Wished = Partial<StampOptions> & Pick<StampOptions, 'files' | 'networks'>
const DEFAULTS = { wait: 'final', beacon: true, algorithm: 'sha-256' } as const

/** Stamps with a server of its own, for this run alone. */
const stampAt = async (t: TestContext, desk: StampingDesk, options: Wished): Promise<Outcome> => {
  await using api = await serve(desk)
  return await caught(t, () => stamp({ ...DEFAULTS, node: api.address, ...options }))
}
const verified = (t: TestContext, options: Partial<VerifyOptions> & Pick<VerifyOptions, 'files'>): Promise<Outcome> =>
  caught(t, () => verify({ trustDays: 14, ...options }))
const jsonLines = (said: string): readonly Record<string, unknown>[] =>
  said
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

test('stamp, then verify without a network: both without a flag but where things are kept', async (t) => {
  const { fileOf, networks } = place()
  const file = fileOf('contract.pdf')
  const desk = new StampingDesk()
  const first = await stampAt(t, desk, { files: [file], networks })
  equal(first.code, 0, first.noted)
  match(
    first.noted,
    /^First meeting with network kit, [0-9a-f]{64}\.\nIts genesis, as http:.+ gave it, is kept in .+ verify trusts it/,
  )
  match(
    first.said,
    /^received .+contract\.pdf {2}receipt: .+, promised by block \d+\nfinal +.+existed no later than .+, submitted no earlier than .+ bytes\)\n$/,
  )
  equal(desk.submitted.length, 1)
  ok(readFileSync(`${file}.chime`).length <= 2048)
  t.mock.method(globalThis, 'fetch', () => {
    throw new Error('verify asked somebody')
  })
  const good = await verified(t, { files: [file], networks })
  equal(good.code, 0, good.said + good.noted)
  match(good.said, /^valid .+contract\.pdf\n/)
  for (const words of [/existed no later than/, /submitted no earlier than/, /\d of 4 validators/, /sources?/])
    match(good.said, words)
  ok(good.said.split('\n').length < 24)
  const explained = await verified(t, { files: [file], networks, explain: true })
  ok(explained.said.length > good.said.length)
  const [json] = jsonLines((await verified(t, { files: [file], networks, json: true })).said)
  deepEqual([json?.['valid'], json?.['algorithm'], json?.['isSalted']], [true, 'sha-256', false])
})

test('the first failing link is named; a file of other content, a proof cut short, a stranger’s network', async (t) => {
  const { directory, fileOf, networks } = place()
  const file = fileOf('a')
  await stampAt(t, new StampingDesk(), { files: [file], networks })
  appendFileSync(file, 'x')
  const other = await verified(t, { files: [file], networks })
  equal(other.code, 1)
  match(other.said, /^not valid .+ first failing link: imprint \[stamp-wrong-digest\]/)
  fileOf('a')
  const bytes = readFileSync(`${file}.chime`)
  writeFileSync(join(directory, 'short.chime'), bytes.subarray(0, -1))
  const short = await verified(t, { files: [file, join(directory, 'short.chime')], networks })
  equal(short.code, 1)
  match(short.said, /is no whole proof/)
  const stranger = await verified(t, { files: [file], networks: join(directory, 'none') })
  equal(stranger.code, 3)
  match(stranger.noted, /nothing says whom to trust.+--genesis.+truechimer genesis --api.+\[TC_STAMP_UNTRUSTED\]/)
  writeFileSync(join(directory, 'genesis.json'), JSON.stringify(new StampingDesk().file))
  const beside = await verified(t, { files: [file], networks: join(directory, 'none') })
  deepEqual([beside.code, /genesis\.json lies beside the proof/.test(beside.noted)], [3, true])
  const named = await verified(t, { files: [file], genesis: join(directory, 'genesis.json') })
  equal(named.code, 0)
  writeFileSync(join(directory, 'other.json'), JSON.stringify(new StampingDesk('other').file))
  const wrong = await verified(t, { files: [file], genesis: join(directory, 'other.json') })
  deepEqual([wrong.code, /first failing link: trust \[stamp-wrong-network\]/.test(wrong.said)], [1, true])
})

test('a node that goes away after the receipt: the receipt is kept, and the same command goes on', async (t) => {
  const { fileOf, networks } = place()
  const file = fileOf('a')
  const desk = new StampingDesk()
  desk.bend.isFixing = false
  const mortal = await serveMortally(desk)
  desk.bend.onLook = () => mortal.kill()
  const noted: string[] = []
  const write = t.mock.method(process.stderr, 'write', (text: string) => noted.push(text) > 0)
  await rejects(stampQuietly(t, { ...DEFAULTS, node: mortal.address, files: [file], networks }), {
    code: 'TC_API_UNREACHABLE',
  })
  write.mock.restore()
  await mortal.end()
  match(noted.join(''), /One receipt is kept in the \.chime files; the same command goes on from there\./)
  const receipt = await verified(t, { files: [file], networks })
  equal(receipt.code, 1)
  match(receipt.said, /only a receipt: nothing is proved yet/)
  match(receipt.said, /truechimer stamp .+--node http/)
  desk.bend.onLook = () => {}
  desk.bend.isFixing = true
  const again = await stampAt(t, desk, { files: [file], networks })
  equal(again.code, 0, again.noted)
  match(again.said, /goes on with its receipt/)
  equal(desk.submitted.length, 1)
  equal((await verified(t, { files: [file], networks })).code, 0)
  const done = await stampAt(t, desk, { files: [file], networks })
  deepEqual([done.code, /^done .+its proof is there/.test(done.said), desk.submitted.length], [0, true, 1])
})

test('--wait receipt stays for the receipt alone', async (t) => {
  const { fileOf, networks } = place()
  const file = fileOf('a')
  const desk = new StampingDesk()
  const { code, said } = await stampAt(t, desk, { files: [file], networks, wait: 'receipt', json: true })
  const [row, ...more] = jsonLines(said)
  deepEqual([code, row?.['state'], more], [0, 'received', []])
  const shown = await caught(t, () => proofShow({ proof: `${file}.chime` }))
  equal(shown.code, 0)
  match(shown.said, /^form +receipt, \d+ bytes: nothing is proved yet\n/)
  const asJson = await caught(t, () => proofShow({ proof: `${file}.chime`, json: true }))
  equal(JSON.parse(asJson.said).id, row?.['id'])
})

test('a chime of other content is never lost', async (t) => {
  const { fileOf, networks } = place()
  const file = fileOf('a')
  const desk = new StampingDesk()
  await stampAt(t, desk, { files: [file], networks })
  const before = readFileSync(`${file}.chime`)
  fileOf('a', 'something else')
  const refused = await stampAt(t, desk, { files: [file], networks })
  equal(refused.code, 3)
  match(refused.noted, /is of other content than .+--again.+\[TC_STAMP_OTHER\]/)
  deepEqual(readFileSync(`${file}.chime`), before)
  const again = await stampAt(t, desk, { files: [file], networks, again: true })
  equal(again.code, 0, again.noted)
  deepEqual(readFileSync(`${file}.chime.1`), before)
  equal((await verified(t, { files: [file], networks })).code, 0)
  writeFileSync(`${file}.chime`, 'no proof')
  const strange = await stampAt(t, desk, { files: [file], networks })
  match(strange.noted, /is no proof that this version reads/)
  equal(readFileSync(`${file}.chime`, 'utf8'), 'no proof')
})

test('a directory: batches of a hundred, empty files told, what cannot be read named while the rest goes on', async (t) => {
  const { directory, fileOf, networks } = place()
  const many = join(directory, 'many')
  mkdirSync(many)
  for (let i = 0; i < 105; i += 1)
    writeFileSync(join(many, `file-${String(i).padStart(3, '0')}`), i === 7 ? '' : `${i}`)
  symlinkSync(join(many, 'gone'), join(many, 'void'))
  fileOf('beside')
  const desk = new StampingDesk()
  const { code, said, noted } = await stampAt(t, desk, { files: [many], networks })
  equal(code, 3)
  deepEqual(
    desk.submitted.map((batch) => batch.length),
    [100, 5],
  )
  match(noted, /void: the link leads to nothing\. \[TC_FILE_UNREADABLE\]/)
  match(noted, /1 of 106 files went wrong; the others are stamped/)
  match(said, /file-007 .+it is empty, and every empty file has this digest/)
  const whole = await verified(t, { files: [many], networks })
  deepEqual([whole.code, /105 of 105 are valid/.test(whole.said)], [0, true])
  equal(whole.said.match(/file-\d+ {2}existed no later than .+, submitted no earlier than .+\n/g)?.length, 105)
  writeFileSync(join(many, 'file-050'), 'x')
  const one = await verified(t, { files: [many], networks })
  deepEqual([one.code, /104 of 105 are valid/.test(one.said)], [1, true])
})

test('--private: the log does not tell the digest, and verify knows the salt', async (t) => {
  const { fileOf, networks } = place()
  const [open, hidden] = [fileOf('open', 'same'), fileOf('hidden', 'same')]
  const desk = new StampingDesk()
  await stampAt(t, desk, { files: [open], networks })
  await stampAt(t, desk, { files: [hidden], networks, private: true })
  const [first, second] = desk.submitted.flat().map(({ imprint }) => hexOf(imprint))
  ok(first !== second)
  const [json] = jsonLines((await verified(t, { files: [hidden], networks, json: true })).said)
  deepEqual([json?.['valid'], json?.['isSalted']], [true, true])
})

test('--no-beacon, --algorithm, --key and --out', async (t) => {
  const { directory, fileOf, networks } = place()
  const file = fileOf('a')
  const out = join(directory, 'elsewhere.chime')
  const desk = new StampingDesk()
  const options = { files: [file], networks, beacon: false, algorithm: 'sha3-256', key: 'mine', out } as const
  const { code, said } = await stampAt(t, desk, options)
  equal(code, 0)
  match(said, /no beacon was mixed in, so nothing is said of "no earlier than"/)
  deepEqual(readdirSync(directory).sort(), ['a', 'elsewhere.chime', 'networks'])
  const [json] = jsonLines((await verified(t, { files: [file, out], networks, json: true })).said)
  deepEqual(
    [json?.['valid'], json?.['algorithm'], json?.['notBefore'], json?.['beacon']],
    [true, 'sha3-256', null, null],
  )
  rmSync(out)
  const same = await stampAt(t, desk, { ...options, beacon: true })
  match(same.said, /no beacon was mixed in/)
  await rejects(stamp({ ...DEFAULTS, node: 'http://127.0.0.1:1', files: ['-'] }), { code: 'TC_USAGE' })
  await rejects(stamp({ ...DEFAULTS, node: 'http://127.0.0.1:1', files: ['a', 'b'], out }), { code: 'TC_USAGE' })
})

test('what a node answers is checked: receipts of something else and proofs that do not hold are not kept', async (t) => {
  const lies: readonly ((desk: StampingDesk) => void)[] = [
    ({ bend }) => (bend.receipt = (receipt) => ({ ...receipt, signature: new Uint8Array(64) })),
    ({ bend }) => (bend.receipt = (receipt) => ({ ...receipt, leaf: new Uint8Array(32) })),
    ({ bend }) => (bend.receipt = (receipt) => ({ ...receipt, networkId: new Uint8Array(32) })),
    ({ bend }) => (bend.receipt = (receipt) => ({ ...receipt, heightPromised: 2 ** 40 })),
  ]
  for (const lie of lies) {
    const { fileOf, networks } = place()
    const file = fileOf('a')
    const desk = new StampingDesk()
    lie(desk)
    await rejects(stampAt(t, desk, { files: [file], networks }), { code: 'TC_STAMP_RECEIPT' })
    equal(existsSync(`${file}.chime`), false)
  }
  const { fileOf, networks } = place()
  const file = fileOf('a')
  const desk = new StampingDesk()
  desk.bend.proof = (bytes) => {
    const bent = new Uint8Array(bytes)
    bent[bent.length - 200] = (bent[bent.length - 200] ?? 0) ^ 1
    return bent
  }
  const { code, noted } = await stampAt(t, desk, { files: [file], networks })
  deepEqual([code, /The node’s proof does not hold.+\[TC_STAMP_PROOF\]/.test(noted)], [3, true])
  match((await verified(t, { files: [file], networks })).said, /only a receipt/)
})

test('a receipt of another node: where to ask is said', async (t) => {
  const { fileOf, networks } = place()
  const options = { files: [fileOf('a')], networks }
  await stampAt(t, new StampingDesk(), { ...options, wait: 'receipt' })
  const { noted } = await stampAt(t, new StampingDesk(), options)
  match(noted, /does not know the stamp .+ with --node http:.+, or stamp anew here with --again.+\[TC_STAMP_OTHER\]/)
})

test('a promise that is over is told, and the receipt kept', async (t) => {
  const { fileOf, networks } = place()
  const file = fileOf('a')
  const desk = new StampingDesk()
  desk.bend.isFixing = false
  desk.bend.onSubmit = () => {
    for (let i = 0; i < 30; i += 1) desk.decide()
  }
  const { code, noted } = await stampAt(t, desk, { files: [file], networks })
  equal(code, 3)
  const chime = openPendingStamp(new Uint8Array(readFileSync(`${file}.chime`)))
  ok(chime.verdict === 'accept')
  const { receipt } = chime.value
  writeFileSync(`${file}.broken`, encodeBrokenPromise(desk.missed(receipt)))
  const shown = await verified(t, { files: [`${file}.broken`], networks })
  deepEqual([shown.code, /^valid .+ {2}a node broke its promise\n/.test(shown.said)], [0, true], shown.said)
  const [json] = jsonLines((await verified(t, { files: [`${file}.broken`], networks, json: true })).said)
  equal(json?.['valid'], true)
  const other = { ...receipt, signature: new Uint8Array(64) }
  writeFileSync(`${file}.broken`, encodeBrokenPromise(desk.missed(other)))
  const groundless = await verified(t, { files: [`${file}.broken`], networks })
  deepEqual(
    [groundless.code, /no evidence of a broken promise \[stamp-wrong-receipt\]/.test(groundless.said)],
    [1, true],
  )
  writeFileSync(`${file}.broken`, 'nothing')
  equal((await verified(t, { files: [`${file}.broken`], networks })).code, 1)
  match(
    noted,
    /promised a block no later than \d+, the network is at \d+, and the stamp is not final.+\[TC_STAMP_PROMISE\]/,
  )
  match((await verified(t, { files: [file], networks })).said, /only a receipt/)
})

test('a clock far off is told by how much', async (t) => {
  const { fileOf, networks } = place()
  const desk = new StampingDesk()
  desk.bend.aheadNs = 3600n * NS_PER_SEC
  const { code, noted } = await stampAt(t, desk, { files: [fileOf('a')], networks })
  equal(code, 0)
  match(noted, /This machine’s clock is at least 3600 s behind the node’s/)
})

test('checkpoint: saved from the genesis, shown, and enough to verify with; old ones are refused', async (t) => {
  const { directory, fileOf, networks } = place()
  const file = fileOf('a')
  const out = join(directory, 'trusted.json')
  const desk = new StampingDesk()
  await stampAt(t, desk, { files: [file], networks })
  await using api = await serve(desk)
  const saved = await caught(t, () => checkpointSave({ node: api.address, height: 3, out, networks }))
  equal(saved.code, 0, saved.noted)
  match(saved.said, /block 3 of [0-9a-f]{64}, checked from the genesis as it was kept.*\nAs of .+Z, 0 days old\.\n/)
  const shown = await caught(t, () => checkpointShow({ file: out }))
  match(shown.said, /^network +[0-9a-f]{64}\nblock +3, [0-9a-f]{64}\nas of +.+ 0 days old\n/)
  const good = await verified(t, { files: [file], checkpoint: out, networks: join(directory, 'none') })
  equal(good.code, 0, good.said)
  match(good.said, /the checkpoint .+trusted\.json, no older than 14 days/)
  await rejects(verify({ files: [file], checkpoint: out, genesis: out, trustDays: 14 }), { code: 'TC_USAGE' })
  writeFileSync(join(directory, 'bad.json'), '{}')
  await rejects(verify({ files: [file], checkpoint: join(directory, 'bad.json'), trustDays: 14 }), {
    code: 'TC_CHECKPOINT_INVALID',
  })
  equal((await caught(t, () => checkpointShow({ file: join(directory, 'bad.json') }))).code, 1)
  await rejects(checkpointSave({ node: api.address, height: 1, out: `${out}.1`, networks }), { code: 'TC_USAGE' })
  await rejects(checkpointSave({ node: api.address, height: 3, out, networks }), { code: 'TC_FILE_EXISTS' })
})

test('genesis --out writes what verify takes, and so does genesis --json', async (t) => {
  const { directory, fileOf, networks } = place()
  const file = fileOf('a')
  const desk = new StampingDesk()
  await stampAt(t, desk, { files: [file], networks })
  await using api = await serve(desk)
  const out = join(directory, 'genesis-of-kit.json')
  const written = await caught(t, () => genesis({ api: api.address, out }))
  match(written.said, /the genesis of network kit, [0-9a-f]{64}, as http/)
  equal((await verified(t, { files: [file], genesis: out })).code, 0)
  const printed = await caught(t, () => genesis({ api: api.address, json: true }))
  const view = fileOf('view.json', printed.said)
  equal((await verified(t, { files: [file], genesis: view })).code, 0)
  const lie = fileOf('lie.json', JSON.stringify({ ...JSON.parse(printed.said), networkId: '00'.repeat(32) }))
  await rejects(verify({ files: [file], genesis: lie, trustDays: 14 }), { code: 'TC_GENESIS_INVALID' })
})

test('proof show: everything in a proof, in words', async (t) => {
  const { fileOf, networks } = place()
  const file = fileOf('a')
  await stampAt(t, new StampingDesk(), { files: [file], networks })
  const { code, said } = await caught(t, () => proofShow({ proof: `${file}.chime` }))
  equal(code, 0)
  const heads = said.split('\n').map((line) => line.split(/ {2,}/)[0])
  for (const head of ['form', 'network', 'imprint', 'salt', 'beacon', 'received', 'sources', 'tree', 'votes'])
    ok(heads.includes(head), `${head} in ${said}`)
  match(said, /sources +ntp, nts/)
  const json = JSON.parse((await caught(t, () => proofShow({ proof: `${file}.chime`, json: true }))).said)
  deepEqual([json.form, json.batch], ['proof', { index: 0, size: 1 }])
  equal((await caught(t, () => proofShow({ proof: file }))).code, 1)
  equal(basename(file), 'a')
})

test('--ots: a calendar is asked behind a nonce, the file is pending, and one that is there is left', async (t) => {
  const { fileOf, networks } = place()
  const file = fileOf('a')
  const asked: Buffer[] = []
  const calendar = createHttpServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      asked.push(Buffer.concat(parts))
      response.end(request.url === '/digest' ? otsPendingAnswer('https://calendar.example') : 'what?')
    })
  })
  await new Promise<void>((resolve) => calendar.listen(0, '127.0.0.1', resolve))
  const at = calendar.address()
  ok(typeof at === 'object' && at !== null)
  const url = `http://127.0.0.1:${at.port}`
  try {
    const desk = new StampingDesk()
    const options = { files: [file], networks, ots: true, otsCalendar: [`${url}/`] }
    const first = await stampAt(t, desk, options)
    deepEqual([first.code, /a\.ots: a pending OpenTimestamps file/.test(first.noted)], [0, true], first.noted)
    deepEqual([asked.length, asked[0]?.length], [1, 32])
    const written = readFileSync(`${file}.ots`)
    ok(written.includes('https://calendar.example'))
    await stampAt(t, desk, { ...options, again: true })
    deepEqual([asked.length, readFileSync(`${file}.ots`)], [1, written])
    rmSync(`${file}.ots`)
    const later = await stampAt(t, desk, options)
    deepEqual([later.code, asked.length, existsSync(`${file}.ots`)], [0, 2, true], 'also where the proof is there')
    const strange = await stampAt(t, desk, { ...options, files: [fileOf('b')], otsCalendar: [`${url}/elsewhere`] })
    deepEqual([strange.code, /\[TC_STAMP_CALENDAR\]/.test(strange.noted), existsSync(`${file}.chime`)], [3, true, true])
    await rejects(stampAt(t, desk, { ...options, algorithm: 'sha-512' }), { code: 'TC_USAGE' })
  } finally {
    calendar.closeAllConnections()
    calendar.close()
  }
})

test('standard input, with its proof of a name', async () => {
  const { directory, networks } = place()
  const desk = new StampingDesk()
  await using api = await serve(desk)
  const out = join(directory, 'input.chime')
  const main = join(import.meta.dirname, '..', '..', 'bin', 'truechimer.js')
  const piped = async (...args: readonly string[]): Promise<string> => {
    const child = spawn(process.execPath, [main, ...args, '--networks', networks], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    child.stdin.end('through a pipe')
    const parts: Buffer[] = []
    for await (const part of child.stdout) parts.push(part)
    return Buffer.concat(parts).toString()
  }
  match(await piped('stamp', '-', '--out', out, '--node', api.address, '--json'), /"state":"final"/)
  match(await piped('verify', '-', out, '--json'), /"valid":true/)
})
