/**
 * The log of stamps over HTTP, read by a reader that knows only the specifications; the witness and the calendar as their own clients ask them.
 * Four members on one hub, in real time; the first has a log, and doors.
 */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { hexOf } from '../src/base/index.ts'
import { taiFromUnixNs } from '../src/clock/index.ts'
import { nodeIdText, sha256 } from '../src/crypto/index.ts'
import { memorySigner } from '../src/crypto/io/memory-signer.ts'
import { createInMemoryHub } from '../src/network/io/in-memory.ts'
import { Cosigning } from '../src/node/index.ts'
import { realTime } from '../src/node/io/real-ports.ts'
import { openHttpApi } from '../src/services/http-api.ts'
import type { HttpApi } from '../src/services/http-api.ts'
import { tableBackend } from '../src/services/table-backend.test-kit.ts'
import type { TableDesk } from '../src/services/table-stamps.test-kit.ts'
import {
  OTS_STAMP_TAG,
  checkpointText,
  encodeWitnessRequest,
  nodeNoteKey,
  noteSignatureOf,
  stampIdOf,
  verifyFork,
} from '../src/stamps/index.ts'
import { MemoryCosigned, MemoryLog } from '../src/stamps/tlog.test-kit.ts'
import { readLog } from './tlog-reader.ts'

const NETWORK = new Uint8Array(32).fill(0x42)
const signers = [1, 2, 3, 4].map((byte) => memorySigner({ seed: new Uint8Array(32).fill(byte) }))
const [signer] = signers
ok(signer !== undefined)
const members = signers.map(({ nodeId }) => ({ id: nodeIdText(nodeId), key: nodeId }))
const hub = createInMemoryHub(realTime)
const logs = signers.map(() => new MemoryLog())
const nodes = signers.map((key, i) => {
  const options = {
    time: realTime,
    signer: key,
    networkId: NETWORK,
    store: new MemoryCosigned(),
    log: logs[i],
    members: () => members,
  }
  const now = (): bigint => taiFromUnixNs(BigInt(Date.now()) * 1_000_000n)
  const cosigning = new Cosigning({
    ...options,
    network: hub.join(nodeIdText(key.nodeId)),
    isTruechimer: () => true,
    now,
    onTrouble: (error) => {
      throw error
    },
  })
  cosigning.start()
  return cosigning
})
const [cosigning] = nodes
const [log] = logs
ok(cosigning !== undefined && log !== undefined)

let api: HttpApi
let desk: TableDesk
before(async () => {
  const backend = tableBackend()
  ok(backend.stamps !== undefined)
  desk = backend.stamps
  api = await openHttpApi({
    backend: Object.assign(backend, { tlog: cosigning }),
    listen: { host: '127.0.0.1', port: 0 },
  })
})
after(async () => {
  await api[Symbol.asyncDispose]()
  for (const node of nodes) await node[Symbol.asyncDispose]()
})

/** Until the checkpoint says so. */
const untilSize = async (size: number): Promise<void> => {
  cosigning.changed()
  while (
    !(cosigning.checkpoint()?.includes(`\n${size}\n`) === true && cosigning.checkpoint()?.split('\n—').length === 6)
  )
    await new Promise((resolve) => void setImmediate(resolve))
}

const post = async (
  path: string,
  body: string | Uint8Array,
): Promise<{ status: number; type: string | null; bytes: Buffer; text: string }> => {
  const response = await fetch(`${api.address}${path}`, { method: 'POST', body: Buffer.from(body) })
  const bytes = Buffer.from(await response.arrayBuffer())
  return { status: response.status, type: response.headers.get('content-type'), bytes, text: bytes.toString() }
}

test('A-135: a log grows, and a reader that knows only the specifications finds it whole and cosigned by all', async () => {
  equal((await fetch(`${api.address}/log/checkpoint`)).status, 404)
  equal((await fetch(`${api.address}/log/tile/0/000.p/1`)).status, 404)
  let earlier: readonly Buffer[] = []
  for (const [more, size] of [
    [1, 1],
    [599, 600],
  ] as const) {
    log.grow(more)
    await untilSize(size)
    const read = await readLog(`${api.address}/log`)
    equal(read.size, size)
    equal(read.witnesses.size, 4)
    ok([...read.witnesses.values()].every((time) => Math.abs(time - Date.now() / 1000) < 60))
    deepEqual(read.entries.slice(0, earlier.length), earlier)
    earlier = read.entries
  }
  for (const path of [
    'tile/0/002',
    'tile/0/002.p/89',
    'tile/0/003.p/1',
    'tile/1/000',
    'tile/2/000.p/1',
    'tile/0/2.p/88',
    'tile/x',
    'tile/0/000?a=1',
  ])
    equal((await fetch(`${api.address}/log/${path}`)).status, 404, path)
  const old = await fetch(`${api.address}/log/tile/0/002.p/87`)
  equal((await old.arrayBuffer()).byteLength, 87 * 32)
})

const question = async (size: number, root: Uint8Array, oldSize: number): Promise<string> => {
  const [, key] = signers
  ok(key !== undefined)
  const noteKey = nodeNoteKey(NETWORK, key.nodeId, 'ed25519')
  const text = checkpointText({ size, root, origin: noteKey.name, extensions: [] })
  return encodeWitnessRequest({
    oldSize,
    proof: [],
    note: { text, signatures: [noteSignatureOf(noteKey, await key.signNote(text))] },
  })
}

test('A-136: the witness answers as the specification says, with its statuses', async () => {
  const root = new Uint8Array(32).fill(1)
  const good = await post('/log/add-checkpoint', await question(5, root, 0))
  equal(good.status, 200)
  match(good.text, /^— truechimer\/[0-9a-f]{64}\/12D3\w+ [A-Za-z0-9+/]+=*\n$/)
  const behind = await post('/log/add-checkpoint', await question(6, root, 0))
  deepEqual([behind.status, behind.type, behind.text], [409, 'text/x.tlog.size', '5\n'])
  const forked = await post('/log/add-checkpoint', await question(5, new Uint8Array(32).fill(2), 5))
  equal(forked.status, 422)
  match(forked.text, /TC_API_WITNESS_INCONSISTENT.*\[log-forked\]/)
  const { forks } = JSON.parse(await (await fetch(`${api.address}/log/forks`)).text())
  equal(verifyFork(NETWORK, forks[0]).verdict, 'accept')
  equal((await post('/log/add-checkpoint', (await question(9, root, 5)).replaceAll('\n9\n', '\n8\n'))).status, 403)
  equal(
    (await post('/log/add-checkpoint', (await question(9, root, 5)).replace('truechimer/42', 'truechimer/43'))).status,
    404,
  )
  equal((await post('/log/add-checkpoint', await question(4, root, 5))).status, 400)
  equal((await post('/log/add-checkpoint', 'x')).status, 400)
  equal((await post('/log/add-checkpoint', 'x'.repeat(70_000))).status, 413)
  const origin = nodeNoteKey(NETWORK, signers[1]?.nodeId ?? NETWORK, 'ed25519').name
  const kept = await fetch(`${api.address}/log/${hexOf(sha256(new TextEncoder().encode(origin)))}/checkpoint`)
  const note = await kept.text()
  ok(note.startsWith(`${origin}\n5\n`) && note.split('\n—').length === 3)
  equal((await fetch(`${api.address}/log/${'0'.repeat(64)}/checkpoint`)).status, 404)
})

/** The original client: submits a digest, sees what is pending, asks for more, sees an attestation that it does not know. */
const CLIENT = `
import sys, binascii
from opentimestamps.calendar import RemoteCalendar, CommitmentNotFoundError
calendar = RemoteCalendar(sys.argv[1] + '/ots/')
stamp = calendar.submit(binascii.unhexlify(sys.argv[2]))
[(commitment, pending)] = stamp.all_attestations()
print(binascii.hexlify(commitment).decode(), pending.uri, flush=True)
for line in sys.stdin:
    try:
        [(message, found)] = calendar.get_timestamp(commitment).all_attestations()
        print(binascii.hexlify(found.TAG).decode(), len(found.payload), message == commitment, flush=True)
    except CommitmentNotFoundError as error:
        print('pending', flush=True)
`

describe('A-138: the calendar', () => {
  test('takes digests, and answers once the stamp is final', async () => {
    const digest = sha256(new TextEncoder().encode('something'))
    const commitment = hexOf(sha256(digest))
    const url = `${api.address}/ots/timestamp/${commitment}`
    equal((await fetch(url)).status, 404)
    const answer = await post('/ots/digest', digest)
    deepEqual([answer.status, answer.type], [200, 'application/vnd.opentimestamps.v1'])
    equal(hexOf(answer.bytes).slice(0, 20), '080083dfe30d2ef90c8e')
    ok(answer.text.includes(`${api.address}/ots`))
    match(await (await fetch(url)).text(), /TC_API_CALENDAR_PENDING/)
    equal((await post('/ots/digest', '')).status, 400)
    equal((await post('/ots/digest', 'x'.repeat(65))).status, 413)
    desk.table.refusal = 'clock-not-ready'
    equal((await post('/ots/digest', 'x')).status, 503)
    desk.table.refusal = undefined
    const [[request] = []] = desk.submitted
    deepEqual(
      [request?.algorithm, hexOf(request?.imprint ?? NETWORK), request?.clientKey],
      ['sha-256', commitment, 'ots'],
    )
  })

  test('as python-opentimestamps asks it', async (t) => {
    const child = spawn('/usr/bin/python3', ['-W', 'ignore', '-c', CLIENT, api.address, '77'.repeat(32)], {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const say = async (): Promise<string> => (await lines.next()).value ?? ''
    const failing = child.stderr.toArray()
    const gone = once(child, 'error').then(
      () => '',
      () => '',
    )
    const first = await Promise.race([say(), gone])
    if (first === '') return t.skip('python3-opentimestamps is not installed here')
    const [commitment, uri] = first.split(' ')
    equal(uri, `${api.address}/ots`)
    child.stdin.write('1\n')
    equal(await say(), 'pending')
    const [request] = desk.submitted.at(-1) ?? []
    ok(request !== undefined && hexOf(request.imprint) === commitment)
    desk.table.proofs.set(hexOf(stampIdOf(request, request.clientKey)), new Uint8Array(1500).fill(9))
    desk.change({ state: 'final', first: 0, logSize: desk.counts().taken, height: 7 })
    child.stdin.end('2\n')
    equal(await say(), `${OTS_STAMP_TAG} 1500 True`, Buffer.concat(await failing).toString())
  })
})
