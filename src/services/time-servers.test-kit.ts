/** What the tests of the time servers share: asking over UDP, a node's one source, and the host's clock as a basis. */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { NS_PER_MS, seededRandom } from '../base/index.ts'
import type { Time } from '../base/index.ts'
import { clientRequest, decodeNtpHeader, taiFromUnixNs } from '../clock/index.ts'
import type { ClockStatus, NtpHeader, SourceReport } from '../clock/index.ts'
import type { BasisSource } from './time-basis.ts'

interface Place {
  /** 127.0.0.1 where not given. */
  readonly host?: string
  readonly port: number
}

/** Sends datagrams in their order from one socket and gives the first `count` answers: one each where not given. */
export const askUdp = async (
  { host = '127.0.0.1', port }: Place,
  datagrams: readonly Uint8Array[],
  count = datagrams.length,
): Promise<readonly Uint8Array[]> => {
  await using socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  const answers: Uint8Array[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  socket.on('message', (bytes) => {
    answers.push(bytes)
    if (answers.length === count) resolve()
  })
  for (const bytes of datagrams) socket.send(bytes, port, host)
  await promise
  return answers
}

/** The header of the answer to one request. */
export const askNtp = async (place: Place, request = clientRequest(seededRandom(3n)).bytes): Promise<NtpHeader> => {
  const [answer] = await askUdp(place, [request])
  const header = answer === undefined ? undefined : decodeNtpHeader(answer)
  assert(header !== undefined)
  return header
}

/** A receiver that was selected, by whose word TAI − local is exactly `offsetNs`. */
export const gpsReport = (localNs: bigint, offsetNs: bigint): SourceReport => ({
  sourceId: 'gps',
  kind: 'gps',
  reach: 255,
  state: 'selected',
  reason: '',
  measurement: {
    sourceId: 'gps',
    kind: 'gps',
    localNs,
    offset: { lo: offsetNs, hi: offsetNs },
    estimateNs: offsetNs,
    delayNs: 0n,
    leap: 'none',
  },
})

/** The host's clock ± 1 ms, `awayNs` off. */
export const hostBasis = (
  time: Time,
  { status = 'synchronised', awayNs = 0n }: { readonly status?: ClockStatus; readonly awayNs?: bigint } = {},
): BasisSource => ({
  basis: () => ({
    localNs: time.elapsedNs(),
    tai: taiFromUnixNs(time.hostUnixNs()) + awayNs,
    halfWidthNs: NS_PER_MS,
    slopePpb: 0,
    growthPpb: 0,
    status,
  }),
})
