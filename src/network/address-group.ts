/**
 * Which addresses are likely one party's. A party that wants to surround a node gets many addresses cheaply only inside the
 * blocks that it holds, so addresses are counted by block: /16 of IPv4 and /32 of IPv6, which is what registries give out
 * whole.
 *
 * Source: Heilman, Kendler, Zohar, Goldberg 2015 §7 (groups of addresses), Bitcoin Core's network groups for how embedded
 * IPv4 addresses are read (RFC 4291 §2.5.5.2, RFC 3056, RFC 4380, RFC 6052). Rule: docs/spec/network.md N-26.
 * Not promised: that two groups are two parties. A cloud provider rents out addresses of hundreds of blocks.
 */
import { accept, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'

/** Groups that are not blocks of addresses. A DNS name is `unknown`: names cost nothing and say nothing of the host. */
export const LOOPBACK_GROUP = 'loopback'
export const UNKNOWN_GROUP = 'unknown'

/** Longest multiaddr that is looked at, characters; longer ones are `unknown`. */
export const ADDRESS_LENGTH_MAX = 200

/** ASCII without spaces: an address is shown to people, and must not steer their terminal. */
const PRINTABLE = /^[\x21-\x7e]+$/
const DNS_PROTOCOLS = new Set(['dns', 'dns4', 'dns6', 'dnsaddr'])
const DNS_NAME = /^(?=.{1,253}\.?$)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_][a-z0-9_-]{0,62})*\.?$/

/** Four bytes of IPv4 or eight 16-bit words of IPv6. */
type Ip =
  | { readonly version: 4; readonly parts: readonly number[] }
  | { readonly version: 6; readonly parts: readonly number[] }

/** Where an address leads first. */
type Start =
  | { readonly kind: 'ip'; readonly ip: Ip }
  | { readonly kind: 'dns'; readonly name: string }
  | { readonly kind: 'memory'; readonly name: string }
  | { readonly kind: 'relay'; readonly relay: string }

/** Why a multiaddr cannot be used by others. */
export const ADDRESS_REASONS = ['address-malformed', 'address-unusable', 'address-local'] as const
export type AddressReason = (typeof ADDRESS_REASONS)[number]

/**
 * The part of an address that one party can usually get only whole: `ip4/a.b` (/16), `ip6/a:b` (/32); `loopback`, and
 * `private-…` for other local ones; `relay/<peer id>` for what is reached through a relay; `unknown` for names and for
 * what cannot be read. Never throws.
 */
export const addressGroup = (multiaddr: string): string => {
  const start = startOf(multiaddr)
  if (start === undefined) return UNKNOWN_GROUP
  if (start.kind === 'relay') return `relay/${start.relay}`
  if (start.kind === 'memory') return LOOPBACK_GROUP
  if (start.kind === 'dns') return isLocalName(start.name) ? LOOPBACK_GROUP : UNKNOWN_GROUP
  return groupOfIp(start.ip)
}

/**
 * The single host of an address: IPv4 or IPv6 in its one usual spelling (RFC 5952), a DNS name in lower case, or the name of
 * a peer in memory. Undefined behind a relay and where there is none.
 */
export const addressHost = (multiaddr: string): string | undefined => {
  const start = startOf(multiaddr)
  if (start === undefined || start.kind === 'relay') return undefined
  return start.kind === 'ip' ? ipText(start.ip) : start.name
}

/** Is it an address of this machine or of a private network, which means another host to everybody? */
export const isLocalAddress = (multiaddr: string): boolean => isLocalGroup(addressGroup(multiaddr))

/** As `isLocalAddress`, of a group. */
export const isLocalGroup = (group: string): boolean => group === LOOPBACK_GROUP || group.startsWith('private-')

/**
 * May others be told this address? `address-malformed`: cannot be read, or is longer than ADDRESS_LENGTH_MAX;
 * `address-unusable`: nobody can be there (unspecified, multicast, broadcast, reserved, or no port); `address-local`: a
 * local address where `acceptLocal` is false. Accepts with its group.
 */
export const admitAddress = (multiaddr: string, acceptLocal: boolean): Admission<string, AddressReason> => {
  const start = startOf(multiaddr)
  if (start === undefined) return reject('address-malformed')
  if (start.kind === 'ip' && (isUnusable(start.ip) || !hasPort(multiaddr))) return reject('address-unusable')
  const group = addressGroup(multiaddr)
  return isLocalGroup(group) && !acceptLocal ? reject('address-local') : accept(group)
}

const hasPort = (multiaddr: string): boolean => {
  const [, , , transport, port] = multiaddr.split('/')
  if (transport !== 'tcp' && transport !== 'udp') return false
  return /^[1-9][0-9]{0,4}$/.test(port ?? '') && Number(port) <= 65_535
}

const startOf = (multiaddr: string): Start | undefined => {
  if (multiaddr.length > ADDRESS_LENGTH_MAX || !PRINTABLE.test(multiaddr)) return undefined
  const [empty, protocol, value, ...rest] = multiaddr.split('/')
  if (empty !== '' || protocol === undefined || value === undefined || value === '') return undefined
  const circuit = rest.indexOf('p2p-circuit')
  if (protocol === 'p2p' && rest[0] === 'p2p-circuit') return { kind: 'relay', relay: value }
  if (circuit !== -1) return relayBefore(rest.slice(0, circuit))
  if (protocol === 'memory') return { kind: 'memory', name: value }
  if (DNS_PROTOCOLS.has(protocol)) return nameStart(value.toLowerCase())
  if (protocol === 'ip4') return ipStart(parseIp4(value))
  return protocol === 'ip6' ? ipStart(parseIp6(value)) : undefined
}

const ipStart = (ip: Ip | undefined): Start | undefined => (ip === undefined ? undefined : { kind: 'ip', ip })

const nameStart = (name: string): Start | undefined => (DNS_NAME.test(name) ? { kind: 'dns', name } : undefined)

const relayBefore = (rest: readonly string[]): Start | undefined => {
  const relay = rest.at(-1)
  return relay === undefined || relay === '' || rest.at(-2) !== 'p2p' ? undefined : { kind: 'relay', relay }
}

/** RFC 6761 §6.3. */
const isLocalName = (name: string): boolean => /(?:^|\.)localhost\.?$/.test(name)

const parseIp4 = (text: string): Ip | undefined => {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part))) return undefined
  const numbers = parts.map(Number)
  return numbers.every((number) => number <= 255) ? { version: 4, parts: numbers } : undefined
}

/** RFC 4291 §2.2, without zones. What embeds an IPv4 address that packets go to is read as that address. */
const parseIp6 = (text: string): Ip | undefined => {
  const words = wordsOf(text)
  if (words === undefined) return undefined
  const embedded = embeddedIp4(words)
  return embedded === undefined ? { version: 6, parts: words } : { version: 4, parts: embedded }
}

const wordsOf = (text: string): readonly number[] | undefined => {
  if (text.length > 45) return undefined
  const halves = withoutDots(text).split('::')
  if (halves.length > 2) return undefined
  const [head = [], tail] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  const words = [...head, ...Array.from({ length: missing }, () => '0'), ...(tail ?? [])]
  return words.every((word) => /^[0-9a-f]{1,4}$/i.test(word))
    ? words.map((word) => Number.parseInt(word, 16))
    : undefined
}

/** `…:1.2.3.4` as two words; unchanged where that is no IPv4 address, which nothing then takes for IPv6. */
const withoutDots = (text: string): string => {
  const at = text.lastIndexOf(':')
  const [a = 0, b = 0, c = 0, d = 0] = parseIp4(text.slice(at + 1))?.parts ?? []
  if (!text.includes('.') || parseIp4(text.slice(at + 1)) === undefined) return text
  return `${text.slice(0, at + 1)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
}

const bytesOfWords = (high: number, low: number): readonly number[] => [high >> 8, high & 255, low >> 8, low & 255]

/** Mapped (::ffff:0:0/96), NAT64 (64:ff9b::/96), 6to4 (2002::/16) and Teredo (2001::/32, inverted). */
const embeddedIp4 = (words: readonly number[]): readonly number[] | undefined => {
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0, w4 = 0, w5 = 0, w6 = 0, w7 = 0] = words
  const middle = w2 + w3 + w4
  if (w0 + w1 + middle === 0 && w5 === 0xff_ff) return bytesOfWords(w6, w7)
  if (w0 === 0x64 && w1 === 0xff_9b && middle + w5 === 0) return bytesOfWords(w6, w7)
  if (w0 === 0x20_02) return bytesOfWords(w1, w2)
  if (w0 === 0x20_01 && w1 === 0) return bytesOfWords(w6 ^ 0xff_ff, w7 ^ 0xff_ff)
  return undefined
}

const groupOfIp = ({ version, parts }: Ip): string => {
  const [first = 0, second = 0] = parts
  if (version === 4) {
    if (first === 127) return LOOPBACK_GROUP
    return isPrivate4(first, second) ? `private-${first}.${second}` : `ip4/${first}.${second}`
  }
  if (parts.every((part, i) => part === (i === 7 ? 1 : 0))) return LOOPBACK_GROUP
  const hex = first.toString(16)
  const isPrivate = (first & 0xfe_00) === 0xfc_00 || (first & 0xff_c0) === 0xfe_80
  return isPrivate ? `private-${hex}` : `ip6/${hex}:${second.toString(16)}`
}

/** RFC 1918, RFC 6598 (shared by carriers), RFC 3927 (link-local). */
const isPrivate4 = (first: number, second: number): boolean =>
  first === 10 ||
  (first === 172 && second >= 16 && second <= 31) ||
  (first === 192 && second === 168) ||
  (first === 100 && second >= 64 && second <= 127) ||
  (first === 169 && second === 254)

/** Unspecified, "this network", multicast, reserved and broadcast. */
const isUnusable = ({ version, parts }: Ip): boolean => {
  const [first = 0] = parts
  if (version === 4) return first === 0 || first >= 224
  return parts.every((part) => part === 0) || first >= 0xff_00
}

const ipText = ({ version, parts }: Ip): string => (version === 4 ? parts.join('.') : ip6Text(parts))

/** RFC 5952 §4: no leading zeros, the first longest run of at least two zero words as `::`. */
const ip6Text = (words: readonly number[]): string => {
  const run = longestZeros(words)
  const hex = words.map((part) => part.toString(16))
  if (run.length < 2) return hex.join(':')
  return `${hex.slice(0, run.start).join(':')}::${hex.slice(run.start + run.length).join(':')}`
}

const longestZeros = (words: readonly number[]): { readonly start: number; readonly length: number } => {
  let best = { start: 0, length: 0 }
  let start = 0
  for (const [i, part] of words.entries()) {
    if (part !== 0) start = i + 1
    else if (i + 1 - start > best.length) best = { start, length: i + 1 - start }
  }
  return best
}
