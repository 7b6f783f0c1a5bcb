import { deepEqual, equal, rejects } from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ChimerError } from '../../base/index.ts'
import type { Time } from '../../base/index.ts'
import { Bootstrap } from '../discovery/bootstrap.ts'
import type { BootstrapFindings, BootstrapWay } from '../discovery/bootstrap.ts'
import { bootstrapAddresses } from './bootstrap-addresses.ts'
import { bootstrapDns } from './bootstrap-dns.ts'
import { bootstrapFile } from './bootstrap-file.ts'
import { bootstrapMdns } from './bootstrap-mdns.ts'

const PEER = '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'
const never = new AbortController().signal
const TYPES: Readonly<Record<number, string>> = { 1: 'A', 16: 'TXT', 28: 'AAAA' }

/** A name server on loopback: one answer a record, RFC 1035 §4. Names that it does not know do not exist. */
const serveDns = async (
  zone: Readonly<Record<string, readonly Buffer[]>>,
): Promise<AsyncDisposable & { readonly at: string }> => {
  const socket = createSocket('udp4')
  socket.on('message', (query, { port, address }) => {
    const labels: string[] = []
    let at = 12
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length))
      at += 1 + length
    }
    const name = labels.join('.').toLowerCase()
    const data = zone[`${name} ${TYPES[query.readUInt16BE(at + 1)] ?? ''}`] ?? []
    const isKnown = Object.keys(zone).some((key) => key.startsWith(`${name} `))
    const head = Buffer.alloc(12)
    query.copy(head, 0, 0, 2)
    head.writeUInt16BE(isKnown ? 0x81_80 : 0x81_83, 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(data.length, 6)
    const answers = data.map((bytes) => {
      const start = Buffer.alloc(12)
      start.writeUInt16BE(0xc0_0c, 0)
      query.copy(start, 2, at + 1, at + 5)
      start.writeUInt32BE(60, 6)
      start.writeUInt16BE(bytes.length, 10)
      return Buffer.concat([start, bytes])
    })
    socket.send(Buffer.concat([head, query.subarray(12, at + 5), ...answers]), port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    at: `127.0.0.1:${socket.address().port}`,
    [Symbol.asyncDispose]: async () => new Promise<void>((resolve) => void socket.close(resolve)),
  }
}

const txt = (text: string): Buffer => Buffer.concat([Buffer.of(text.length), Buffer.from(text)])

describe('DNS', () => {
  test('addresses of a host, and multiaddrs of a name', async () => {
    await using server = await serveDns({
      'seed.example A': [Buffer.of(1, 2, 3, 4), Buffer.of(5, 6, 7, 8)],
      'seed.example AAAA': [Buffer.from('2a000000000000000000000000000001', 'hex')],
      '_dnsaddr.seed.example TXT': [
        txt(`dnsaddr=/ip4/1.2.3.4/tcp/7341/p2p/${PEER}`),
        txt('dnsaddr=/dnsaddr/nested.example'),
        txt('dnsaddr=/ip4/0.0.0.0/tcp/1'),
        txt('v=spf1 -all'),
      ],
    })
    const find = async (target: string): Promise<BootstrapFindings> =>
      bootstrapDns({ target, servers: [server.at] }).find(never)
    deepEqual((await find('seed.example:7341')).addresses.toSorted(), [
      '/ip4/1.2.3.4/tcp/7341',
      '/ip4/5.6.7.8/tcp/7341',
      '/ip6/2a00::1/tcp/7341',
    ])
    deepEqual((await find('dnsaddr:seed.example')).addresses, [`/ip4/1.2.3.4/tcp/7341/p2p/${PEER}`])
    await rejects(find('nobody.example:7341'), { code: 'TC_BOOTSTRAP_DNS', message: /no record/ })
    await rejects(find('nonsense'), { code: 'TC_BOOTSTRAP_DNS', message: /HOST:PORT/ })
  })

  test('a server that is silent is given up when told to', async () => {
    const silent = createSocket('udp4')
    silent.bind(0, '127.0.0.1')
    await once(silent, 'listening')
    const gone = new AbortController()
    const { port } = silent.address()
    silent.once('message', () => gone.abort())
    const way = bootstrapDns({ target: 'seed.example:1', servers: [`127.0.0.1:${port}`] })
    await rejects(way.find(gone.signal), { code: 'TC_BOOTSTRAP_DNS', message: /ECANCELLED/ })
    silent.close()
  })
})

test('a file of addresses and records', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'chimer-bootstrap-'))
  const path = join(directory, 'peers.json')
  const find = async (text: string): Promise<BootstrapFindings> => {
    await writeFile(path, text)
    return bootstrapFile(path).find(never)
  }
  deepEqual(await find('["/ip4/1.2.3.4/tcp/1", "AQID"]'), {
    addresses: ['/ip4/1.2.3.4/tcp/1'],
    records: [Uint8Array.of(1, 2, 3)],
  })
  for (const text of ['{}', '[1]', '["no base64"]', 'nonsense', JSON.stringify(Array.from({ length: 257 }, () => '/'))])
    await rejects(find(text), { code: 'TC_BOOTSTRAP_FILE' })
  await rejects(bootstrapFile(join(directory, 'none')).find(never), {
    code: 'TC_BOOTSTRAP_FILE',
    message: /cannot be read/,
  })
  await rm(directory, { recursive: true })
})

test('one way that fails stops no other, and what came of each is kept', async () => {
  const time: Time = { elapsedNs: () => 5n, hostUnixNs: () => 0n, schedule: () => () => undefined }
  const failing: BootstrapWay = {
    kind: 'dns',
    name: 'broken',
    find: async () => {
      throw new ChimerError('TC_BOOTSTRAP_DNS', 'Cannot, do this.')
    },
  }
  const bootstrap = new Bootstrap({ time, ways: [failing, bootstrapAddresses(['/ip4/1.2.3.4/tcp/1'])], nsMax: 1n })
  const found: string[] = []
  await bootstrap.run(({ addresses }) => found.push(...addresses))
  deepEqual(found, ['/ip4/1.2.3.4/tcp/1'])
  deepEqual(
    bootstrap.outcomes().map(({ isOk, text, atNs }) => [isOk, text, atNs]),
    [
      [false, 'Cannot, do this.', 5n],
      [true, '1 addresses, 0 records', 5n],
    ],
  )
})

const hasMulticast = Object.values(networkInterfaces()).some((some) =>
  some?.some(({ internal, family }) => !internal && family === 'IPv4'),
)

test(
  'two on one link find each other by mDNS',
  { skip: hasMulticast ? false : 'no interface with multicast' },
  async () => {
    const networkId = new Uint8Array(32).fill(9)
    const port = 40_000 + (process.pid % 20_000)
    const address = `/ip4/127.0.0.1/tcp/7341/p2p/${PEER}`
    const options = { networkId, port, intervalMs: 100 }
    const told = bootstrapMdns({ ...options, addresses: () => [address] })
    const asking = bootstrapMdns({ ...options, addresses: () => [] })
    const deadline = new AbortController()
    try {
      const opened = told.find(deadline.signal)
      const found = await asking.find(AbortSignal.timeout(10_000))
      deepEqual(found.addresses, [address])
      deadline.abort()
      equal((await opened).records.length, 0)
    } finally {
      deadline.abort()
      await told[Symbol.asyncDispose]?.()
      await asking[Symbol.asyncDispose]?.()
    }
  },
)
