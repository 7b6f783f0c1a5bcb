/** What people write: genesis and configuration, their limits, and what is said of a mistake. */
import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ChimerError, hexOf, nearestWord } from '../base/index.ts'
import { nodeIdText, publicKeyOf } from '../crypto/index.ts'
import {
  CONFIG_VARIABLES,
  MEMBERS_MAX,
  genesisSchema,
  overridesOf,
  readConfig,
  readGenesis,
  splitHostPort,
} from './index.ts'

const idOf = (byte: number): string => nodeIdText(publicKeyOf(new Uint8Array(32).fill(byte)))
const MEMBERS = [1, 2, 3].map((byte) => ({ id: idOf(byte), name: `node ${byte}`, weight: byte }))
const FILE = { name: 'net', parameters: {}, members: MEMBERS }

/** Every parameter of consensus and standing, by where it stands. */
const DEFAULTS = genesisSchema.parse(FILE).parameters
const PARAMETERS = (['consensus', 'standing'] as const).flatMap((group) =>
  Object.keys(DEFAULTS[group]).map((key) => [group, key] as const),
)
const loweredBy1 = ([group, key]: readonly [string, string]): unknown => {
  const value: unknown = Reflect.get(Reflect.get(DEFAULTS, group), key)
  ok(typeof value === 'number')
  return { [group]: { [key]: key === 'witnessEverySlots' ? value + 1 : value - 1 } }
}

/** What a refusal says; fails where there is none, or another code. */
const complaint = (code: string, run: () => unknown): string => {
  let say = ''
  throws(run, (error) => {
    ok(error instanceof ChimerError)
    equal(error.code, code)
    say = error.message
    return true
  })
  return say
}
const ofGenesis = (file: unknown): string => complaint('TC_GENESIS_INVALID', () => readGenesis(file))
const ofConfig = (file: unknown): string => complaint('TC_CONFIG_INVALID', () => readConfig(file))

describe('the genesis', () => {
  test('has the seed’s values by default', () => {
    const { slotNs, judgement, members, name } = readGenesis({ name: 'net', members: MEMBERS })
    deepEqual([name, slotNs], ['net', 1_000_000_000n])
    deepEqual(
      [judgement.acceptedVarianceNs, judgement.committeeSeats, judgement.absentAfterSlots],
      [50_000_000n, 7, 10],
    )
    deepEqual(
      members.map(({ id, weight }) => [id, weight]),
      MEMBERS.map(({ id, weight }) => [id, BigInt(weight)]),
    )
  })

  const id = (file: unknown): string => hexOf(readGenesis(file).networkId)
  const differing: readonly (readonly [what: string, file: unknown])[] = [
    ['name', { ...FILE, name: 'other' }],
    ['slotNs', { ...FILE, parameters: { slotNs: 1_000_000_001 } }],
    ['acceptedVarianceNs', { ...FILE, parameters: { acceptedVarianceNs: 50_000_001 } }],
    ['committeeSeats', { ...FILE, parameters: { committeeSeats: 8 } }],
    ['absentAfterSlots', { ...FILE, parameters: { absentAfterSlots: 11 } }],
    ...PARAMETERS.map((path): readonly [string, unknown] => [
      path.join('.'),
      { ...FILE, parameters: loweredBy1(path) },
    ]),
    ['a weight', { ...FILE, members: MEMBERS.with(0, { id: idOf(1), name: 'node 1', weight: 2 }) }],
    ['a member', { ...FILE, members: MEMBERS.slice(1) }],
    ['the order of members', { ...FILE, members: MEMBERS.toReversed() }],
  ]
  for (const [what, file] of differing) test(`another ${what} is another network`, () => ok(id(file) !== id(FILE)))
  test('no two of these networks are one', () =>
    equal(new Set(differing.map(([, file]) => id(file))).size, differing.length))
  test('names of members, the order of keys and defaults written out change nothing', () => {
    equal(id({ ...FILE, members: MEMBERS.map((member) => ({ ...member, name: 'x' })) }), id(FILE))
    const explicit = { absentAfterSlots: 10, slotNs: 1_000_000_000, committeeSeats: 7, acceptedVarianceNs: 50_000_000 }
    const turned = MEMBERS.map(({ id: text, name, weight }) => ({ weight, name, id: text }))
    equal(id({ members: turned, parameters: explicit, name: 'net' }), id(FILE))
  })
  test('the id of one network may not change', () =>
    equal(id(FILE), 'efe7a414c9171d1eb4beb41b905cce6fb4b422c97de6cd418bbfe2ee77cd03c2'))

  const wrong: readonly (readonly [what: string, file: unknown, say: RegExp])[] = [
    ['no object', 7, /the file: /],
    ['no name', { members: MEMBERS }, /name: /],
    ['a name with capitals', { ...FILE, name: 'Net' }, /name: lower-case/],
    ['a name of 33', { ...FILE, name: 'n'.repeat(33) }, /name: /],
    ['a misspelt key', { ...FILE, membrs: [] }, /unknown key membrs; did you mean members\?/],
    [
      'a misspelt parameter',
      { ...FILE, parameters: { slotns: 1 } },
      /unknown key parameters\.slotns; did you mean (?:parameters\.)?slotNs\?/,
    ],
    ['a key like no other', { ...FILE, parameters: { zzzzzzzz: 1 } }, /known are slotNs, acceptedVarianceNs/],
    [
      'a misspelt key of a member',
      { ...FILE, members: [{ ...MEMBERS[0], wieght: 1 }] },
      /members\.0\.wieght; did you mean (?:members\.0\.)?weight\?/,
    ],
    ['a slot too short', { ...FILE, parameters: { slotNs: 99_999_999 } }, /parameters\.slotNs: /],
    ['a slot too long', { ...FILE, parameters: { slotNs: 3_600_000_000_001 } }, /parameters\.slotNs: /],
    ['a slot and a half', { ...FILE, parameters: { slotNs: 1_000_000_000.5 } }, /parameters\.slotNs: /],
    ['no variance', { ...FILE, parameters: { acceptedVarianceNs: 999 } }, /acceptedVarianceNs: /],
    ['all variance', { ...FILE, parameters: { acceptedVarianceNs: 10_000_000_001 } }, /acceptedVarianceNs: /],
    ['no seats', { ...FILE, parameters: { committeeSeats: 0 } }, /committeeSeats: /],
    ['65 seats', { ...FILE, parameters: { committeeSeats: 65 } }, /committeeSeats: /],
    ['absent too soon', { ...FILE, parameters: { absentAfterSlots: 1 } }, /absentAfterSlots: /],
    ['absent too late', { ...FILE, parameters: { absentAfterSlots: 1_000_001 } }, /absentAfterSlots: /],
    ['nobody', { ...FILE, members: [] }, /members: /],
    ['too many', { ...FILE, members: Array(MEMBERS_MAX + 1).fill(MEMBERS[0]) }, /members: /],
    [
      'more than blocks have room for',
      { ...FILE, parameters: { committeeSeats: 64, consensus: { blockBytesMax: 16_384 } } },
      /room for the evidence of 1 members/,
    ],
    ['weight 0', { ...FILE, members: [{ ...MEMBERS[0], weight: 0 }] }, /weight: /],
    ['too much weight', { ...FILE, members: [{ ...MEMBERS[0], weight: 1_000_000_001 }] }, /weight: /],
    ['somebody twice', { ...FILE, members: [...MEMBERS, MEMBERS[0]] }, /two members have one id/],
    [
      'an id that is none',
      { ...FILE, members: [{ id: 'nobody', name: 'x' }] },
      /member x: nobody is no node id \(malformed-node-id\)/,
    ],
    [
      'a key of small order',
      { ...FILE, members: [{ id: nodeIdText(new Uint8Array(32)), name: 'x' }] },
      /is no node id \(faulty-node-key\)/,
    ],
  ]
  for (const [what, file, say] of wrong)
    test(`${what} is refused in words`, () => {
      const told = ofGenesis(file)
      ok(say.test(told) && told.startsWith('The genesis cannot be used: '), told)
    })
})

describe('the configuration', () => {
  test('of an empty file is the default', () => {
    const config = readConfig({})
    deepEqual(
      [config.api, config.listen, config.sources.ntp, config.oscillator],
      ['127.0.0.1:7340', ['/ip4/127.0.0.1/tcp/0'], [], null],
    )
    deepEqual(readConfig(undefined), config)
    ok(Object.isFrozen(config) && Object.isFrozen(config.sources) && Object.isFrozen(config.listen))
  })

  const wrong: readonly (readonly [what: string, file: unknown, say: RegExp])[] = [
    ['a list', [], /the file: /],
    ['a misspelt key', { lisen: [] }, /unknown key lisen; did you mean listen\?/],
    ['a misspelt source', { sources: { gspd: [] } }, /unknown key sources\.gspd; did you mean (?:sources\.)?gpsd\?/],
    ['__proto__', JSON.parse('{"__proto__": {"api": "x"}}'), /unknown key __proto__/],
    ['an address without a port', { api: 'localhost' }, /api: must be an address as HOST:PORT/],
    ['a port beyond all ports', { api: 'localhost:65536' }, /api: the port must be at most 65535/],
    ['an open bracket', { sources: { ntp: ['[::1:123'] } }, /sources\.ntp\.0: must be a server as HOST:PORT/],
    ['seventeen servers', { sources: { ntp: Array(17).fill('a:1') } }, /sources\.ntp: /],
    ['no patience', { sources: { pollIntervalMs: 99 } }, /sources\.pollIntervalMs: /],
    ['a host clock that is surely right', { sources: { hostBoundMs: 0 } }, /sources\.hostBoundMs: /],
    ['a switch that is neither', { sources: { chronyTracking: 'yes' } }, /sources\.chronyTracking: /],
    [
      'a clock that would follow itself',
      { sources: { chronyTracking: true }, serve: { refclockSock: '/run/x.sock' } },
      /sources\.chronyTracking: must be false where serve\.refclockSock is set/,
    ],
    ['sources that are null', { sources: null }, /sources: /],
    ['an address of no kind', { listen: ['127.0.0.1:0'] }, /listen\.0: /],
    ['a protocol of no transport', { listen: ['/ip4/127.0.0.1/tpc/0'] }, /listen\.0: must be a multiaddr/],
    ['UDP without QUIC', { bootstrap: ['/ip4/127.0.0.1/udp/1'] }, /bootstrap\.0: .*quic-v1/],
    ['a bare name', { network: { bootstrapDns: ['a.example'] } }, /bootstrapDns\.0: must be HOST:PORT or dnsaddr:NAME/],
    ['a drift of more than 500 ppm', { oscillator: { driftPpb: 500_001 } }, /oscillator\.driftPpb: /],
    ['a log level', { logLevel: 'loud' }, /logLevel: /],
  ]
  for (const [what, file, say] of wrong)
    test(`${what} is refused in words`, () => {
      const told = ofConfig(file)
      ok(say.test(told) && told.startsWith('The configuration cannot be used: '), told)
    })

  test('two mistakes are told at once', () =>
    ok(
      /apy; did you mean api\?.*;.*logLevel/s.test(ofConfig({ apy: 1, logLevel: 1 })) ||
        /logLevel.*;.*apy/s.test(ofConfig({ apy: 1, logLevel: 1 })),
    ))

  test('the environment overrides the file, and a flag both; the file is not changed', () => {
    const file = { api: 'file:1', sources: { ntp: ['file:1'], pollIntervalMs: 200 } }
    const environment = overridesOf({
      TRUECHIMER_API: 'env:2',
      TRUECHIMER_NTP: 'a:1, b:2',
      TRUECHIMER_GPSD: '',
      PATH: 'x',
    })
    deepEqual(environment, { api: 'env:2', 'sources.ntp': ['a:1', 'b:2'] })
    const config = readConfig(file, environment, { api: 'flag:3' })
    deepEqual([config.api, config.sources.ntp, config.sources.pollIntervalMs], ['flag:3', ['a:1', 'b:2'], 200])
    deepEqual(file.sources.ntp, ['file:1'])
  })

  test('an override makes the place that it needs, and a wrong one is told by its key', () => {
    equal(readConfig({}, overridesOf({ TRUECHIMER_HOST_BOUND_MS: '25' })).sources.hostBoundMs, 25)
    const told = complaint('TC_CONFIG_INVALID', () => readConfig({}, overridesOf({ TRUECHIMER_HOST_BOUND_MS: 'much' })))
    ok(told.includes('sources.hostBoundMs'), told)
    const tracking = (value: string) =>
      readConfig({}, overridesOf({ TRUECHIMER_CHRONY_TRACKING: value })).sources.chronyTracking
    deepEqual([tracking('true'), tracking('false')], [true, false])
    complaint('TC_CONFIG_INVALID', () => tracking('yes'))
  })

  test('the place of a time-stamp authority: a directory, the usual one, or none', () => {
    const place = (value: string) => readConfig({}, overridesOf({ TRUECHIMER_TSA_SERVE: value })).serve.tsa
    deepEqual([place('true'), place('./tsa'), place('')], [true, './tsa', null])
    for (const policy of ['1', '1.40.1', '3.1', '1.2.03', 'any', `2.${'9'.repeat(46)}.1`])
      complaint('TC_CONFIG_INVALID', () => readConfig({ serve: { tsaPolicy: policy } }))
  })

  test('every variable sets a key that exists', () => {
    const values = { text: 'host:1', list: '/dnsaddr/x', number: '500', switch: 'true', place: './tsa' } as const
    const ofTheirOwn: Readonly<Record<string, string>> = {
      logLevel: 'warn',
      logEntries: 'warn',
      'network.bootstrapDns': 'host:1',
      'network.location': '52.5,13.4',
      'network.outboundPeers': '12',
      'sources.roughtime': 'host:1 AW5uAoTSTDfG5NfY1bTh08GUnOqlRb+HVhbJ3ODJvsE=',
      'serve.ntpWorkers': '2',
      'consensus.checkpoint': `1:${'0a'.repeat(32)}`,
      'serve.tsaPolicy': '1.2.3.4',
      'serve.refclockSock': '/x',
    }
    // What some settings need beside them.
    const file = {
      sources: { pollIntervalMs: 500 },
      serve: { ntp: '0.0.0.0:1', ntsCertFile: 'cert.pem', ntsKeyFile: 'key.pem' },
    }
    for (const [name, [key, form]] of Object.entries(CONFIG_VARIABLES)) {
      const value = ofTheirOwn[key] ?? (key.startsWith('sources') && form === 'list' ? 'host:1' : values[form])
      ok(readConfig(file, overridesOf({ [name]: value })), name)
    }
  })

  test('a place is on Earth', () => {
    const at = (location: string) => readConfig({}, { 'network.location': location }).network.location
    for (const location of ['90,180', '-90,-180', '0,0', '52.516275,13.377704']) equal(at(location), location)
    for (const location of ['91,0', '0,181', '0', '1e1,0', 'here', '0,0,0'])
      complaint('TC_CONFIG_INVALID', () => at(location))
  })

  test('NTS is served with an NTP server, a certificate and a key, by the node’s own thread', () => {
    const serve = { ntp: 'a:1', nts: 'a:2', ntsCertFile: 'cert.pem', ntsKeyFile: 'key.pem' }
    equal(readConfig({ serve }).serve.nts, 'a:2')
    for (const [without, say] of [
      [{ ntp: null }, 'needs serve.ntp,'],
      [{ ntsCertFile: null }, 'needs serve.ntsCertFile'],
      [{ ntsKeyFile: null }, 'serve.ntsKeyFile'],
      [{ nts: 'b:2' }, 'must have the host of serve.ntp'],
      [{ ntpWorkers: 1 }, 'must be 0 where serve.nts is set'],
    ] as const) {
      const told = complaint('TC_CONFIG_INVALID', () => readConfig({ serve: { ...serve, ...without } }))
      ok(told.includes(say), told)
    }
  })

  test('an interval that may grow does not grow to less than it is', () => {
    const least = (pollIntervalMaxMs: number) =>
      readConfig({}, { 'sources.pollIntervalMaxMs': pollIntervalMaxMs }).sources
    equal(least(16_000).pollIntervalMaxMs, 16_000)
    const told = complaint('TC_CONFIG_INVALID', () => least(15_999))
    ok(told.includes('sources.pollIntervalMaxMs') && told.includes('at least sources.pollIntervalMs'), told)
  })

  test('host and port apart', () => {
    deepEqual(splitHostPort('example.org:123'), { host: 'example.org', port: 123 })
    deepEqual(splitHostPort('[::1]:5'), { host: '::1', port: 5 })
  })
})

test('the nearest word, if one is near', () => {
  const table: readonly (readonly [string, string | undefined])[] = [
    ['ntp', 'ntp'],
    ['NTP', 'ntp'],
    ['ntpp', 'ntp'],
    ['gpds', 'gpsd'],
    ['entirely-else', undefined],
  ]
  for (const [typed, nearest] of table) equal(nearestWord(typed, ['ntp', 'gpsd', 'hostBoundMs']), nearest)
  equal(nearestWord('x', []), undefined)
})
