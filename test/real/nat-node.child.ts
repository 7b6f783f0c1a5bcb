/**
 * One real process with the real network in it, for the NAT test: opens it as its one argument (JSON) says, answers an echo
 * protocol, and does what the lines on its standard input ask. Says what it has on standard output, a line of JSON each time that it
 * changes.
 */
import { createInterface } from 'node:readline'
import { accept } from '../../src/base/index.ts'
import { openLibp2pNetwork } from '../../src/network/io/libp2p.ts'
import type { Libp2pNetworkOptions } from '../../src/network/io/libp2p.ts'
import { realTime } from '../../src/node/io/real-ports.ts'

const ECHO = '/nat-test/echo/1'
const LOOK_MS = 50

const [, , text = '{}'] = process.argv
const given: unknown = JSON.parse(text)
type Given = Partial<Libp2pNetworkOptions> & { readonly seed: number; readonly meet?: string }
const isOptions = (value: unknown): value is Given => typeof value === 'object' && value !== null && 'seed' in value
if (!isOptions(given)) throw new TypeError('options are an object with a seed')

const network = await openLibp2pNetwork({
  ...given,
  time: realTime,
  privateKey: new Uint8Array(32).fill(given.seed),
})
network.serve(ECHO, {
  requestBytesMax: 64,
  responseBytesMax: 64,
  ratePerSec: 10,
  burst: 10,
  handle: async ({ bytes }) => accept(bytes),
})

if (given.meet !== undefined) await network.connect({ address: given.meet }, { signal: AbortSignal.timeout(5000) })

const say = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`)

let last = ''
const look = (): void => {
  const connections = network
    .connections()
    .map(({ peer, transport, security, address, direction }) => ({ peer, transport, security, address, direction }))
  const now = JSON.stringify({ peerId: network.peerId, addresses: network.addresses(), connections })
  if (now !== last) process.stdout.write(`${now}\n`)
  last = now
}
const looking = setInterval(look, LOOK_MS)
look()

const obey = async (line: string): Promise<void> => {
  const [verb = '', what = ''] = line.split(' ')
  const signal = AbortSignal.timeout(5000)
  try {
    if (verb === 'connect') say({ did: line, peer: await network.connect({ address: what }, { signal }) })
    if (verb === 'echo') {
      const body = (): Uint8Array => Uint8Array.of(1, 2, 3)
      const answer = await network.request(what, ECHO, { body, responseBytesMax: 64, signal })
      const [direct] = network.connections().filter(({ peer }) => peer === what)
      say({ did: line, answer: [...answer], roundTripNs: String(direct?.roundTripNs), traffic: direct?.traffic })
    }
  } catch (error) {
    say({ did: line, failed: String(error) })
  }
}
createInterface({ input: process.stdin }).on('line', (line) => void obey(line))
process.stdin.on('end', () => {
  clearInterval(looking)
  void network[Symbol.asyncDispose]()
})
