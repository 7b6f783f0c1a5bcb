import { deepEqual, equal, notEqual } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { addressGroup, addressHost, admitAddress } from './address-group.ts'

const TABLE: readonly (readonly [address: string, group: string, host: string | undefined, verdict: string])[] = [
  ['/ip4/1.2.3.4/tcp/1/p2p/x', 'ip4/1.2', '1.2.3.4', 'accept'],
  ['/ip4/1.2.3.4/udp/1/quic-v1', 'ip4/1.2', '1.2.3.4', 'accept'],
  ['/ip6/2a00:1450:4001::5/tcp/3', 'ip6/2a00:1450', '2a00:1450:4001::5', 'accept'],
  ['/ip6/2A00:1450:0:0:0:0:0:5/tcp/3', 'ip6/2a00:1450', '2a00:1450::5', 'accept'],
  ['/ip6/1:2:3:4:5:6:7:8/tcp/1', 'ip6/1:2', '1:2:3:4:5:6:7:8', 'accept'],
  // What embeds an IPv4 address counts as that address.
  ['/ip6/::ffff:5.6.7.8/tcp/3', 'ip4/5.6', '5.6.7.8', 'accept'],
  ['/ip6/64:ff9b::506:708/tcp/3', 'ip4/5.6', '5.6.7.8', 'accept'],
  ['/ip6/2002:506:708::1/tcp/3', 'ip4/5.6', '5.6.7.8', 'accept'],
  ['/ip6/2001:0:1:2:3:4:faf9:f8f7/tcp/3', 'ip4/5.6', '5.6.7.8', 'accept'],
  ['/dns4/Example.org/tcp/1', 'unknown', 'example.org', 'accept'],
  ['/ip4/1.2.3.4/tcp/1/p2p/R/p2p-circuit/p2p/X', 'relay/R', undefined, 'accept'],
  ['/p2p/R/p2p-circuit/p2p/X', 'relay/R', undefined, 'accept'],
  ['/ip4/127.8.9.1/tcp/1', 'loopback', '127.8.9.1', 'address-local'],
  ['/ip6/::1/tcp/1', 'loopback', '::1', 'address-local'],
  ['/ip6/::ffff:127.0.0.1/tcp/1', 'loopback', '127.0.0.1', 'address-local'],
  ['/memory/abc/p2p/abc', 'loopback', 'abc', 'address-local'],
  ['/dns/localhost/tcp/1', 'loopback', 'localhost', 'address-local'],
  ['/dns/a.LOCALHOST./tcp/1', 'loopback', 'a.localhost.', 'address-local'],
  ['/ip4/10.1.2.3/tcp/1', 'private-10.1', '10.1.2.3', 'address-local'],
  ['/ip4/172.31.2.3/tcp/1', 'private-172.31', '172.31.2.3', 'address-local'],
  ['/ip4/172.32.2.3/tcp/1', 'ip4/172.32', '172.32.2.3', 'accept'],
  ['/ip4/192.168.2.3/tcp/1', 'private-192.168', '192.168.2.3', 'address-local'],
  ['/ip4/100.64.2.3/tcp/1', 'private-100.64', '100.64.2.3', 'address-local'],
  ['/ip4/169.254.2.3/tcp/1', 'private-169.254', '169.254.2.3', 'address-local'],
  ['/ip6/fe80::1/tcp/2', 'private-fe80', 'fe80::1', 'address-local'],
  ['/ip6/fd12:3456::1/tcp/2', 'private-fd12', 'fd12:3456::1', 'address-local'],
  ['/ip4/0.0.0.0/tcp/4', 'ip4/0.0', '0.0.0.0', 'address-unusable'],
  ['/ip4/224.0.0.251/udp/4', 'ip4/224.0', '224.0.0.251', 'address-unusable'],
  ['/ip4/255.255.255.255/tcp/4', 'ip4/255.255', '255.255.255.255', 'address-unusable'],
  ['/ip6/::/tcp/4', 'ip6/0:0', '::', 'address-unusable'],
  ['/ip6/ff02::1/tcp/4', 'ip6/ff02:0', 'ff02::1', 'address-unusable'],
  ['/ip4/1.2.3.4/tcp/0', 'ip4/1.2', '1.2.3.4', 'address-unusable'],
  ['/ip4/1.2.3.4/tcp/65536', 'ip4/1.2', '1.2.3.4', 'address-unusable'],
  ['/ip4/1.2.3.4', 'ip4/1.2', '1.2.3.4', 'address-unusable'],
  ['', 'unknown', undefined, 'address-malformed'],
  ['/', 'unknown', undefined, 'address-malformed'],
  ['ip4/1.2.3.4/tcp/1', 'unknown', undefined, 'address-malformed'],
  ['/ip4/1.2.3/tcp/1', 'unknown', undefined, 'address-malformed'],
  ['/ip4/01.2.3.4/tcp/1', 'unknown', undefined, 'address-malformed'],
  ['/ip4/1.2.3.256/tcp/1', 'unknown', undefined, 'address-malformed'],
  ['/ip6/1::2::3/tcp/1', 'unknown', undefined, 'address-malformed'],
  ['/ip6/1:2:3:4:5:6:7:8:9/tcp/1', 'unknown', undefined, 'address-malformed'],
  ['/ip4/1.2.3.4/tcp/1/\u001B[2J', 'unknown', undefined, 'address-malformed'],
  [`/dns/${'a'.repeat(200)}/tcp/1`, 'unknown', undefined, 'address-malformed'],
]
for (const [address, group, host, verdict] of TABLE)
  test(`${JSON.stringify(address.slice(0, 60))} is ${verdict}`, () => {
    const admission = admitAddress(address, false)
    const said = admission.verdict === 'accept' ? admission.verdict : admission.reason
    deepEqual([addressGroup(address), addressHost(address), said], [group, host, verdict])
  })

test('a local address is accepted where local ones mean something', () =>
  deepEqual(admitAddress('/ip4/10.0.0.1/tcp/1', true), { verdict: 'accept', value: 'private-10.0' }))

test('nothing that anybody can write makes it throw', () =>
  fc.assert(fc.property(fc.string({ maxLength: 60 }), (text) => equal(typeof addressGroup(text), 'string'))))

test('a group is the upper half of an IPv4 address, and only that', () => {
  const byte = fc.integer({ min: 0, max: 255 })
  const pair = fc.tuple(byte, byte, byte, byte)
  fc.assert(
    fc.property(pair, pair, ([a, b, c, d], [e, f, g, h]) => {
      const group = addressGroup(`/ip4/${a}.${b}.${c}.${d}/tcp/1`)
      if (a !== 127) equal(group, addressGroup(`/ip4/${a}.${b}.${g}.${h}/tcp/1`))
      if ((a !== e || b !== f) && a !== 127) notEqual(group, addressGroup(`/ip4/${e}.${f}.${c}.${d}/tcp/1`))
    }),
    { numRuns: 50 },
  )
})
