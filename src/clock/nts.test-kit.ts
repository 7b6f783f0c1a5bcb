/** What the tests of NTS share: an exchange with real chrony (test/vectors/nts-chronyd.json), and a server made of our own parts. */
import { readFileSync } from 'node:fs'
import { joinBytes } from '../base/index.ts'
import type { Random } from '../base/index.ts'
import { encodeNtpField, NTP_FIELD } from './ntp-extension-fields.ts'
import type { NtsRequest } from './nts-exchange.ts'
import { sealNts } from './nts-fields.ts'
import type { NtsKeys } from './nts-fields.ts'

export const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

interface NtsVectors {
  readonly keAgreement: string
  readonly keRefusals: Readonly<Record<string, string>>
  readonly c2s: string
  readonly s2c: string
  readonly request: string
  readonly uniqueId: string
  readonly answer: string
  readonly nak: string
  readonly nakRequest: string
  readonly nakUniqueId: string
}

export const NTS_VECTORS: NtsVectors = JSON.parse(
  readFileSync(new URL('../../test/vectors/nts-chronyd.json', import.meta.url), 'utf8'),
)

/** An answer with this header to a request: identifier, then an authenticator with cookies in it. */
export const sealedAnswer = (parts: {
  readonly random: Random
  readonly header: Uint8Array
  readonly request: Pick<NtsRequest, 'uniqueId'>
  readonly keys: NtsKeys
  readonly cookies: readonly Uint8Array[]
}): Uint8Array => {
  const { random, header, request, keys, cookies } = parts
  const hidden = joinBytes(...cookies.map((cookie) => encodeNtpField(NTP_FIELD.cookie, cookie)))
  const packet = joinBytes(header, encodeNtpField(NTP_FIELD.uniqueId, request.uniqueId))
  return sealNts(packet, { key: keys.s2c, nonce: random.bytes(16), hidden })
}
