/**
 * What an operator may set, checked once at the edge and then plain frozen data. The file is JSON; an environment variable
 * overrides it, and a flag overrides both. Rules: docs/spec/node.md G-5 to G-8; every key is in docs/guides/operating.md.
 */
import { z } from 'zod'
import { ChimerError } from '../base/index.ts'
import { explainIssues } from './explain.ts'

/** `host:port`; an IPv6 host stands in brackets. */
const hostPort = (kind: string): z.ZodType<string> =>
  z
    .string()
    .regex(/^(?:\[[0-9a-fA-F:]{2,45}\]|[A-Za-z0-9.-]{1,253}):\d{1,5}$/, {
      error: `must be ${kind} as HOST:PORT`,
      abort: true,
    })
    .refine((text) => splitHostPort(text).port <= 65_535, 'the port must be at most 65535')

const multiaddr = z.string().max(200).startsWith('/', 'must be a multiaddr such as /ip4/127.0.0.1/tcp/7341')

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

export const configSchema = z.strictObject({
  /** Addresses to listen on for peers, as multiaddrs. */
  listen: z.array(multiaddr).max(8).default(['/ip4/127.0.0.1/tcp/0']),
  /** Addresses of peers to begin with, as multiaddrs that end in /p2p/ID. */
  bootstrap: z.array(multiaddr).max(64).default([]),
  /** Where the HTTP API and the dashboard are served. */
  api: hostPort('an address').default('127.0.0.1:7340'),
  sources: z
    .strictObject({
      /** NTP servers. */
      ntp: z.array(hostPort('a server')).max(16).default([]),
      /** gpsd daemons. */
      gpsd: z.array(hostPort('a gpsd')).max(4).default([]),
      /** A fix reaches us at most this long after the instant that it names, ms: receiver, cable and gpsd together. */
      gpsdLatencyMs: z.number().positive().max(10_000).default(1500),
      /** Use the operating system's clock as a source, and trust it to this many milliseconds; null: do not use it. */
      hostBoundMs: z.number().positive().max(10_000).nullable().default(null),
      /** Ask every source again after this long at most, ms. */
      pollIntervalMs: z.number().int().min(100).max(131_072_000).default(16_000),
    })
    .prefault({}),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  /** A simulated oscillator instead of the machine's own counter: for devnets and tests. */
  oscillator: oscillatorSchema.nullable().default(null),
})
export type ConfigFile = z.input<typeof configSchema>
export type Config = z.output<typeof configSchema>

/** Environment variables and the keys that they set. Lists are separated by commas. */
export const CONFIG_VARIABLES: Readonly<Record<string, readonly [key: string, form: 'text' | 'list' | 'number']>> = {
  TRUECHIMER_LISTEN: ['listen', 'list'],
  TRUECHIMER_BOOTSTRAP: ['bootstrap', 'list'],
  TRUECHIMER_API: ['api', 'text'],
  TRUECHIMER_NTP: ['sources.ntp', 'list'],
  TRUECHIMER_GPSD: ['sources.gpsd', 'list'],
  TRUECHIMER_GPSD_LATENCY_MS: ['sources.gpsdLatencyMs', 'number'],
  TRUECHIMER_HOST_BOUND_MS: ['sources.hostBoundMs', 'number'],
  TRUECHIMER_POLL_INTERVAL_MS: ['sources.pollIntervalMs', 'number'],
  TRUECHIMER_LOG_LEVEL: ['logLevel', 'text'],
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

const valueOf = (value: string, form: 'text' | 'list' | 'number'): unknown => {
  if (form === 'text') return value
  // What is no number stays as it was typed, and is refused by the schema.
  if (form === 'number') return Number.isFinite(Number(value)) ? Number(value) : value
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

/** The flag that sets a key: `--host-bound-ms` for `sources.hostBoundMs`. */
export const flagOf = (key: string): string =>
  `--${(key.split('.').at(-1) ?? '').replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

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
