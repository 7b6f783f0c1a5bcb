/**
 * How people name a Roughtime server: `host:port KEY`, the key in base64 as servers publish it, and `classic` behind it for one
 * that speaks only the unframed form of 2016.
 */
import { publicKeyFault } from '../crypto/index.ts'
import type { RoughtimeForm } from './roughtime-request.ts'

/** `host:port KEY` or `host:port KEY classic`; an IPv6 host stands in brackets. */
export const ROUGHTIME_SERVER_NAME =
  /^(\[[0-9a-fA-F:]{2,45}\]|[A-Za-z0-9.-]{1,253}):(\d{1,5}) ([A-Za-z0-9+/]{43}=)(?: (classic))?$/

export interface RoughtimeServerName {
  readonly host: string
  /** 1 to 65,535. */
  readonly port: number
  /** 32 bytes that can be a key. */
  readonly publicKey: Uint8Array
  readonly form: RoughtimeForm
}

/** What the text names, or undefined where it is not of the form or the key can be nobody's. */
export const roughtimeServerOf = (text: string): RoughtimeServerName | undefined => {
  const [, host, port, key, classic] = ROUGHTIME_SERVER_NAME.exec(text) ?? []
  if (host === undefined || key === undefined) return undefined
  const publicKey = new Uint8Array(Buffer.from(key, 'base64'))
  const number = Number(port)
  if (number < 1 || number > 65_535 || publicKeyFault(publicKey) !== undefined) return undefined
  return {
    host: host.replace(/^\[|\]$/g, ''),
    port: number,
    publicKey,
    form: classic === undefined ? 'framed' : 'classic',
  }
}
