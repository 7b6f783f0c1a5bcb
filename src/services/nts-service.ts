/**
 * NTS as a node serves it: what the NTP server's desk asks for sealed requests, and key establishment beside it, over one set of
 * cookie keys. Opened by time-servers.ts together with the NTP server, without which keys are good for nothing.
 */
import assert from 'node:assert/strict'
import type { Random, Time } from '../base/index.ts'
import { splitHostPort } from '../node/index.ts'
import type { Config } from '../node/index.ts'
import type { OnExtended } from './ntp-desk.ts'
import { NtsCookies } from './nts-cookies.ts'
import { openNtsKeServer } from './nts-ke-server.ts'
import type { NtsKeServer } from './nts-ke-server.ts'
import { NtsResponder } from './nts-responder.ts'

export interface NtsService {
  /** For the NTP server. */
  readonly onExtended: OnExtended
  /** Opens key establishment for the NTP server at this port; rejects as `openNtsKeServer`. */
  openKeys(ntpPort: number): Promise<KeyEstablishment>
}

/** Key establishment, with the counts of the sealed requests too. */
export interface KeyEstablishment extends AsyncDisposable {
  readonly host: string
  readonly port: number
  /** `answered`: key establishments and sealed answers together. */
  counts(): { readonly answered: number; readonly refused: ReadonlyMap<string, number> }
}

export interface NtsServiceParts {
  readonly time: Time
  readonly random: Random
  readonly serve: Pick<Config['serve'], 'nts' | 'ntsCertFile' | 'ntsKeyFile'>
  /** As of `openNtsKeServer`. */
  readonly tell: (trouble: { readonly code: string; readonly message: string }) => void
}

/** Undefined where the configuration serves no NTS. */
export const makeNtsService = ({ time, random, serve, tell }: NtsServiceParts): NtsService | undefined => {
  const { nts, ntsCertFile: certFile, ntsKeyFile: keyFile } = serve
  if (nts === null) return undefined
  assert(certFile !== null && keyFile !== null, 'the configuration demands both where NTS is served')
  const cookies = new NtsCookies(time, random)
  const responder = new NtsResponder(time, random, cookies)
  const listen = splitHostPort(nts)
  return {
    onExtended: (request) => responder.onExtended(request),
    openKeys: async (ntpPort) => {
      const ke = await openNtsKeServer(time, { ...listen, certFile, keyFile, cookies, ntpPort, tell })
      return {
        host: listen.host,
        port: ke.port,
        counts: () => countsOf(ke, responder),
        [Symbol.asyncDispose]: () => ke[Symbol.asyncDispose](),
      }
    },
  }
}

const countsOf = (ke: NtsKeServer, responder: NtsResponder): ReturnType<KeyEstablishment['counts']> => {
  const { agreed, refused } = ke.counts()
  const sealed = responder.counts()
  return { answered: agreed + sealed.answered, refused: new Map<string, number>([...refused, ...sealed.refused]) }
}
