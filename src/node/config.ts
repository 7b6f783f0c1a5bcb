/**
 * What an operator may set, checked once at the edge and then plain frozen data. The file is JSON; an environment variable
 * overrides it, and a flag overrides both. Rules: docs/spec/node.md G-5 to G-8; every key is in docs/guides/operating.md.
 */
import { z } from 'zod'
import { ChimerError, explainIssues } from '../base/index.ts'
import { roughtimeServerOf } from '../clock/index.ts'

/** `host:port`; an IPv6 host stands in brackets. */
const hostPort = (kind: string): z.ZodType<string> =>
  z
    .string()
    .regex(/^(?:\[[0-9a-fA-F:]{2,45}\]|[A-Za-z0-9.-]{1,253}):\d{1,5}$/, {
      error: `must be ${kind} as HOST:PORT`,
      abort: true,
    })
    .refine((text) => splitHostPort(text).port <= 65_535, 'the port must be at most 65535')

/** What the transports can listen on and dial: TCP, and QUIC over UDP. */
const multiaddr = z
  .string()
  .max(200)
  .regex(
    /^\/(?:dnsaddr\/[^/]+|(?:ip[46]|dns[46]?)\/[^/]+\/(?:tcp\/\d{1,5}|udp\/\d{1,5}\/quic-v1))(?:\/|$)/,
    'must be a multiaddr such as /ip4/127.0.0.1/tcp/7341 or /ip4/127.0.0.1/udp/7341/quic-v1',
  )

/** As io/bootstrap-dns.ts of the network reads it. */
const bootstrapName = z
  .string()
  .max(260)
  .regex(/^(?:dnsaddr:[A-Za-z0-9._-]{1,253}|[A-Za-z0-9._-]{1,253}:\d{1,5})$/, 'must be HOST:PORT or dnsaddr:NAME')

const roughtimeServer = z
  .string()
  .max(512)
  .refine(
    (text) => roughtimeServerOf(text) !== undefined,
    'must be HOST:PORT, a space, and the server’s public key in base64',
  )

const filePath = z.string().min(1).max(4096)

/** `HEIGHT:ID` of a block that the operator trusts. */
const checkpoint = z
  .string()
  .regex(/^[1-9]\d{0,14}:[0-9a-f]{64}$/, 'must be HEIGHT:ID, the height of a block and its id in 64 hex digits')

const consensusSchema = z
  .strictObject({
    /** Propose and vote with this node's key, where the chain counts it. */
    validator: z.boolean().default(false),
    /** Begin with the state of this block instead of all blocks since the genesis; null: with all. */
    checkpoint: checkpoint.nullable().default(null),
    /** From one block's beginning to the next, ms; null: a slot. */
    paceMs: z.number().int().min(0).max(3_600_000).nullable().default(null),
  })
  .prefault({})

/** `LATITUDE,LONGITUDE` in degrees. */
const place = z
  .string()
  .regex(/^-?\d{1,2}(?:\.\d{1,6})?,-?\d{1,3}(?:\.\d{1,6})?$/, {
    error: 'must be LATITUDE,LONGITUDE in degrees, such as 52.5,13.4',
    abort: true,
  })
  .refine(
    (text) => text.split(',').every((degrees, i) => Math.abs(Number(degrees)) <= (i === 0 ? 90 : 180)),
    'is not on Earth',
  )

const networkSchema = z
  .strictObject({
    /** Names to begin with: dnsaddr:NAME, whose TXT records name peers, or HOST:PORT of a peer. */
    bootstrapDns: z.array(bootstrapName).max(8).default([]),
    /** A JSON file of addresses or peer records to begin with; null: none. */
    bootstrapFile: filePath.nullable().default(null),
    /** Look for peers on the local network by multicast DNS, and be found by it. */
    mdns: z.boolean().default(false),
    /** Addresses to tell others besides those that the node finds itself at, as multiaddrs. */
    announce: z.array(multiaddr).max(4).default([]),
    /** Where the node says it is; null: it does not say. */
    location: place.nullable().default(null),
    /** Peers to dial and keep, in distinct groups of addresses where there are enough. */
    outboundPeers: z.number().int().min(1).max(32).default(8),
    /** Connections in all. */
    connectionsMax: z.number().int().min(8).max(1024).default(64),
    /** Carry the connections of peers that nobody can dial. */
    relayServer: z.boolean().default(false),
    /** Be reached through peers that relay, where nobody can dial this node. */
    relayClient: z.boolean().default(false),
    /** Turn a relayed connection into a direct one where both routers allow it. */
    holePunching: z.boolean().default(false),
    /** Ask peers to dial back, to learn which of the own addresses can be reached. */
    autonat: z.boolean().default(false),
  })
  .prefault({})

/** Does the NTP server listen where clients get their keys for it? */
const isReachedAt = (nts: string, ntp: string): boolean => {
  const { host } = splitHostPort(ntp)
  return host === '0.0.0.0' || host === '::' || host === splitHostPort(nts).host
}

/** In dotted digits; the second number is under 40 but below the third arc. */
const OBJECT_ID = /^(?:[01]\.[1-3]?\d|2\.(?:0|[1-9]\d{0,44}))(?:\.(?:0|[1-9]\d{0,44}))+$/
/** The policy of time-stamp tokens unless another is set (T-82): under a UUID's arc (X.667), which nobody had to give. */
const TSA_POLICY_DEFAULT = '2.25.147614973851965874037378240675028077118'

const oscillatorSchema = z.strictObject({
  /** The counter starts this far from true, ns. */
  offsetNs: z.number().int().default(0),
  /** It gains this much, parts per billion. */
  driftPpb: z.number().min(-500_000).max(500_000).default(0),
  /** Random walk of the frequency, ppb per square root of a second. */
  walkPpb: z.number().min(0).max(1000).default(0),
  /** Seed of its chance. */
  seed: z.number().int().nonnegative().default(1),
})

const settingsSchema = z.strictObject({
  /** Addresses to listen on for peers, as multiaddrs. */
  listen: z.array(multiaddr).max(8).default(['/ip4/127.0.0.1/tcp/0']),
  /** Addresses of peers to begin with, as multiaddrs that end in /p2p/ID. */
  bootstrap: z.array(multiaddr).max(64).default([]),
  network: networkSchema,
  consensus: consensusSchema,
  /** Where the HTTP API and the dashboard are served. */
  api: hostPort('an address').default('127.0.0.1:7340'),
  sources: z
    .strictObject({
      /** NTP servers. */
      ntp: z.array(hostPort('a server')).max(16).default([]),
      /** Names of many NTP servers each: up to four of its addresses are used at a time, and replaced when they fail. */
      ntpPool: z.array(hostPort('a pool')).max(4).default([]),
      /** NTS servers: where each establishes keys. */
      nts: z.array(hostPort('a server')).max(16).default([]),
      /** A PEM file of authorities that NTS servers' certificates may be of, besides the platform's; null: none. */
      ntsCaFile: filePath.nullable().default(null),
      /** Roughtime servers, as `HOST:PORT KEY`. */
      roughtime: z.array(roughtimeServer).max(16).default([]),
      /** gpsd daemons. */
      gpsd: z.array(hostPort('a gpsd')).max(4).default([]),
      /** A fix reaches us at most this long after the instant that it names, ms: receiver, cable and gpsd together. */
      gpsdLatencyMs: z.number().positive().max(10_000).default(1500),
      /** Use the operating system's clock as a source, and trust it to this many milliseconds; null: do not use it. */
      hostBoundMs: z.number().positive().max(10_000).nullable().default(null),
      /** Use the operating system's clock as a source, with the bound that chronyd or the kernel states; wins over `hostBoundMs`. */
      chronyTracking: z.boolean().default(false),
      /** Ask every source again after this long at most, ms. */
      pollIntervalMs: z.number().int().min(100).max(131_072_000).default(16_000),
      /** While all is well the interval may grow to this, ms; null: it stays as it is. */
      pollIntervalMaxMs: z.number().int().min(100).max(131_072_000).nullable().default(null),
    })
    .refine(
      ({ pollIntervalMs, pollIntervalMaxMs }) => pollIntervalMaxMs === null || pollIntervalMaxMs >= pollIntervalMs,
      {
        path: ['pollIntervalMaxMs'],
        error: 'must be at least sources.pollIntervalMs',
      },
    )
    .prefault({}),
  serve: z
    .strictObject({
      /** Serve the node's time over NTP here; null: not at all. */
      ntp: hostPort('an address').nullable().default(null),
      /** Threads that answer NTP; 0: the node's own. */
      ntpWorkers: z.number().int().min(0).max(64).default(0),
      /** NTP requests a second that one address may make in the long run. */
      ntpRate: z.number().positive().max(1_000_000).default(8),
      /** Establish NTS keys here for the NTP server that `ntp` opens; null: not at all. */
      nts: hostPort('an address').nullable().default(null),
      /** Our certificate for that (PEM), with those between it and the authority. */
      ntsCertFile: filePath.nullable().default(null),
      /** Its key (PEM, mode 0600). */
      ntsKeyFile: filePath.nullable().default(null),
      /** Serve the node's time over Roughtime here; null: not at all. */
      roughtime: hostPort('an address').nullable().default(null),
      /** Stamps that one address may ask the API for in a minute. */
      stampsPerMinute: z.number().int().min(100).max(1_000_000_000).default(10_000),
      /** Serve time-stamp tokens (RFC 3161) at /tsa of the API, by the authority in this directory; true: in `tsa` of the data directory; null: none. */
      tsa: z
        .union([filePath, z.literal(true)], { error: 'must be a directory, or true' })
        .nullable()
        .default(null),
      /** The policy of these tokens, an object identifier. */
      tsaPolicy: z
        .string()
        .max(128)
        .regex(OBJECT_ID, 'must be an object identifier, such as 2.25.1234 or 1.2.3.4')
        .default(TSA_POLICY_DEFAULT),
      /** A clock that may be further off than this gives no tokens, ms. */
      tsaBoundMs: z.number().positive().max(10_000).default(1000),
      /** The socket of a local chronyd (`refclock SOCK`) that is told the node's time once a second; null: none. */
      refclockSock: z.string().min(1).max(107).startsWith('/', 'must be an absolute path').nullable().default(null),
      /** Take stamps, where this node is a member whose clock is in range. */
      stamps: z.boolean().default(true),
    })
    .refine(({ nts, ntp }) => nts === null || ntp !== null, {
      path: ['nts'],
      error: 'needs serve.ntp, the NTP server that the keys are for',
    })
    .refine(({ nts, ntp }) => nts === null || ntp === null || isReachedAt(nts, ntp), {
      path: ['nts'],
      error: 'must have the host of serve.ntp: who gets keys here asks for the time at the same address',
    })
    .refine(({ nts, ntsCertFile, ntsKeyFile }) => nts === null || (ntsCertFile !== null && ntsKeyFile !== null), {
      path: ['nts'],
      error: 'needs serve.ntsCertFile and serve.ntsKeyFile',
    })
    .refine(({ nts, ntpWorkers }) => nts === null || ntpWorkers === 0, {
      path: ['ntpWorkers'],
      error: 'must be 0 where serve.nts is set: its keys stay in the node’s own thread',
    })
    .prefault({}),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  /** From this level on an entry is kept in the data directory's log too; silent: none is. */
  logEntries: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  /** Megabytes (10^6 bytes) that this log may take, about. */
  logKeepMb: z.number().int().min(32).max(1_000_000).default(1024),
  /** A simulated oscillator instead of the machine's own counter: for devnets and tests. */
  oscillator: oscillatorSchema.nullable().default(null),
})

/** Every key with its default, and what must not stand together. */
export const configSchema = settingsSchema.refine(
  ({ sources, serve }) => !sources.chronyTracking || serve.refclockSock === null,
  {
    path: ['sources', 'chronyTracking'],
    error: 'must be false where serve.refclockSock is set: chronyd would follow the node, and the node chronyd',
  },
)
export type ConfigFile = z.input<typeof configSchema>
export type Config = z.output<typeof configSchema>

/** How a variable's text is read; a place is a directory, or `true`. */
type Form = 'text' | 'list' | 'number' | 'switch' | 'place'

/** Environment variables and the keys that they set. Lists are separated by commas; a switch is `true` or `false`. */
export const CONFIG_VARIABLES: Readonly<Record<string, readonly [key: string, form: Form]>> = {
  TRUECHIMER_LISTEN: ['listen', 'list'],
  TRUECHIMER_BOOTSTRAP: ['bootstrap', 'list'],
  TRUECHIMER_BOOTSTRAP_DNS: ['network.bootstrapDns', 'list'],
  TRUECHIMER_BOOTSTRAP_FILE: ['network.bootstrapFile', 'text'],
  TRUECHIMER_MDNS: ['network.mdns', 'switch'],
  TRUECHIMER_ANNOUNCE: ['network.announce', 'list'],
  TRUECHIMER_LOCATION: ['network.location', 'text'],
  TRUECHIMER_OUTBOUND_PEERS: ['network.outboundPeers', 'number'],
  TRUECHIMER_CONNECTIONS_MAX: ['network.connectionsMax', 'number'],
  TRUECHIMER_RELAY_SERVER: ['network.relayServer', 'switch'],
  TRUECHIMER_RELAY_CLIENT: ['network.relayClient', 'switch'],
  TRUECHIMER_HOLE_PUNCHING: ['network.holePunching', 'switch'],
  TRUECHIMER_AUTONAT: ['network.autonat', 'switch'],
  TRUECHIMER_VALIDATOR: ['consensus.validator', 'switch'],
  TRUECHIMER_CHECKPOINT: ['consensus.checkpoint', 'text'],
  TRUECHIMER_PACE_MS: ['consensus.paceMs', 'number'],
  TRUECHIMER_API: ['api', 'text'],
  TRUECHIMER_NTP: ['sources.ntp', 'list'],
  TRUECHIMER_NTP_POOL: ['sources.ntpPool', 'list'],
  TRUECHIMER_NTS: ['sources.nts', 'list'],
  TRUECHIMER_NTS_CA_FILE: ['sources.ntsCaFile', 'text'],
  TRUECHIMER_ROUGHTIME: ['sources.roughtime', 'list'],
  TRUECHIMER_GPSD: ['sources.gpsd', 'list'],
  TRUECHIMER_GPSD_LATENCY_MS: ['sources.gpsdLatencyMs', 'number'],
  TRUECHIMER_HOST_BOUND_MS: ['sources.hostBoundMs', 'number'],
  TRUECHIMER_CHRONY_TRACKING: ['sources.chronyTracking', 'switch'],
  TRUECHIMER_POLL_INTERVAL_MS: ['sources.pollIntervalMs', 'number'],
  TRUECHIMER_POLL_INTERVAL_MAX_MS: ['sources.pollIntervalMaxMs', 'number'],
  TRUECHIMER_NTP_SERVE: ['serve.ntp', 'text'],
  TRUECHIMER_NTP_WORKERS: ['serve.ntpWorkers', 'number'],
  TRUECHIMER_NTP_RATE: ['serve.ntpRate', 'number'],
  TRUECHIMER_NTS_SERVE: ['serve.nts', 'text'],
  TRUECHIMER_NTS_CERT_FILE: ['serve.ntsCertFile', 'text'],
  TRUECHIMER_NTS_KEY_FILE: ['serve.ntsKeyFile', 'text'],
  TRUECHIMER_ROUGHTIME_SERVE: ['serve.roughtime', 'text'],
  TRUECHIMER_STAMPS_PER_MINUTE: ['serve.stampsPerMinute', 'number'],
  TRUECHIMER_TSA_SERVE: ['serve.tsa', 'place'],
  TRUECHIMER_TSA_POLICY: ['serve.tsaPolicy', 'text'],
  TRUECHIMER_TSA_BOUND_MS: ['serve.tsaBoundMs', 'number'],
  TRUECHIMER_REFCLOCK_SOCK: ['serve.refclockSock', 'text'],
  TRUECHIMER_LOG_LEVEL: ['logLevel', 'text'],
  TRUECHIMER_LOG_ENTRIES: ['logEntries', 'text'],
  TRUECHIMER_LOG_KEEP_MB: ['logKeepMb', 'number'],
}

/** Settings by key path, later ones win: what the environment says, then what the flags say. */
export type Overrides = Readonly<Record<string, unknown>>

/** The overrides that an environment holds. */
export const overridesOf = (environment: Readonly<Record<string, string | undefined>>): Overrides =>
  Object.fromEntries(
    Object.entries(CONFIG_VARIABLES).flatMap(([name, [key, form]]) => {
      const value = environment[name]
      return value === undefined || value === '' ? [] : [[key, valueOf(value, form)]]
    }),
  )

const valueOf = (value: string, form: Form): unknown => {
  if (form === 'text') return value
  if (form === 'place') return value === 'true' ? true : value
  // What is no number stays as it was typed, and is refused by the schema.
  if (form === 'number') return Number.isFinite(Number(value)) ? Number(value) : value
  if (form === 'switch') return value === 'true' ? true : value === 'false' ? false : value
  return value.split(',').map((item) => item.trim())
}

/**
 * The configuration from a file's data and overrides. `TC_CONFIG_INVALID` names each wrong key, what it must be, and for a
 * misspelt one the nearest right one.
 */
export const readConfig = (file: unknown, ...overrides: readonly Overrides[]): Config => {
  const data = structuredClone(file ?? {})
  for (const [key, value] of overrides.flatMap((set) => Object.entries(set))) setAt(data, key.split('.'), value)
  const parsed = configSchema.safeParse(data)
  if (parsed.success) return frozen(parsed.data)
  const isOverridden = (key: string): boolean => overrides.some((set) => key in set)
  const say = explainIssues(parsed.error, {
    schema: configSchema,
    nameOf: (place) => [place, ...waysTo(place).filter(() => isOverridden(keyOf(place)))].join(' '),
  })
  throw new ChimerError('TC_CONFIG_INVALID', `The configuration cannot be used: ${say}.`)
}

/** Frozen all the way down; plain data only. */
const frozen = <T>(data: T): T => {
  if (typeof data === 'object' && data !== null) for (const value of Object.values(data)) frozen(value)
  return Object.freeze(data)
}

/** The key of a place that may lie inside its value: `sources.ntp` for `sources.ntp.0`. */
const keyOf = (place: string): string => place.replace(/\.\d+$/, '')

/** How else a key is set, for whoever does not know where a wrong value came from. */
const waysTo = (place: string): readonly string[] =>
  Object.entries(CONFIG_VARIABLES)
    .filter(([, [key]]) => key === keyOf(place))
    .map(([variable]) => `(${flagOf(keyOf(place))} or ${variable})`)

/** What is both asked and served: its flag says which. */
const SERVED = /^serve\.(?:ntp|nts|roughtime|tsa)$/

/** The flag that sets a key: `--host-bound-ms` for `sources.hostBoundMs`, `--ntp-serve` for `serve.ntp`. */
export const flagOf = (key: string): string => {
  const name = `${key.split('.').at(-1) ?? ''}${SERVED.test(key) ? 'Serve' : ''}`
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

const setAt = (data: unknown, [head = '', ...rest]: readonly string[], value: unknown): void => {
  if (typeof data !== 'object' || data === null) return
  if (rest.length === 0) Reflect.set(data, head, value)
  else {
    if (typeof Reflect.get(data, head) !== 'object') Reflect.set(data, head, {})
    setAt(Reflect.get(data, head), rest, value)
  }
}

/** `host:port` in parts; the form is checked by the schema. */
export const splitHostPort = (address: string): { readonly host: string; readonly port: number } => {
  const at = address.lastIndexOf(':')
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) }
}
