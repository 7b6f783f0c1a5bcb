/**
 * Who may talk to the API, decided from headers before anything else runs, and the headers that every answer carries.
 *
 * The API has no accounts: it is for the machine it runs on and the network its operator opens it to. What must be kept out
 * is a web page of somebody else in a browser of that machine. Against a page that points its own name at this address (DNS
 * rebinding) stands the Host header; against one that calls across origins stand the absence of any CORS header, the
 * Fetch Metadata headers (W3C, Fetch Metadata Request Headers §2) and the resource policy.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { refuse } from './problems.ts'

const LOOPBACK_NAMES: readonly string[] = ['localhost', '127.0.0.1', '::1']

/** The dashboard's files come from this server alone; pictures may also stand in the page itself (`data:`). */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}

/** The name in a Host header, without port and brackets, in lower case; undefined where it is none. RFC 9110 §7.2. */
export const hostName = (header: string | undefined): string | undefined => {
  const match = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9._-]{1,253}))(?::\d{1,5})?$/i.exec(header ?? '')
  return (match?.[1] ?? match?.[2])?.toLowerCase()
}

/** An IPv4 address that came in on a socket for both families reads `::ffff:192.0.2.1`. */
const unmapped = (address: string | undefined): string | undefined => address?.replace(/^::ffff:(?=\d+\.)/, '')

/** A caller may use a loopback name, a configured host, or the very address that its connection came to. */
const isOurName = (request: FastifyRequest, hosts: readonly string[]): boolean => {
  const name = hostName(request.headers.host)
  if (name === undefined) return false
  return LOOPBACK_NAMES.includes(name) || hosts.includes(name) || name === unmapped(request.socket.localAddress)
}

/** A page of another origin may link here (`navigate`), nothing more. Callers that are no browser do not send these. */
const isForeignPage = (request: FastifyRequest): boolean => {
  const site = request.headers['sec-fetch-site']
  return (site === 'cross-site' || site === 'same-site') && request.headers['sec-fetch-mode'] !== 'navigate'
}

/** @param hosts names besides the loopback's under which this node answers, lower case, without port. */
export const guard = (app: FastifyInstance, hosts: readonly string[]): void => {
  // With a callback and not a promise: this runs for every request, and a turn of the microtask queue for each hook is felt.
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(SECURITY_HEADERS)
    if (!isOurName(request, hosts)) done(refuse('TC_API_HOST'))
    else if (isForeignPage(request)) done(refuse('TC_API_CROSS_SITE'))
    else done()
  })
}
