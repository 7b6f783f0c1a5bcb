/** What the tests of NTP and NTS share: the header of a good answer, kiss codes, and answers that say the host's time. */
import assert from 'node:assert/strict'
import { NS_PER_SEC } from '../base/index.ts'
import type { Time } from '../base/index.ts'
import { answer, decodeNtpHeader, encodeNtpHeader } from './ntp-packet.ts'
import type { NtpHeader } from './ntp-packet.ts'

/** 2026-11-21T00:00:00Z, Unix ns. */
export const NOW_UNIX_NS = 1_795_219_200n * NS_PER_SEC

/** A primary server that follows GPS and says all that it must, with fields bent. */
export const goodHeader = (
  said: Pick<NtpHeader, 'origin' | 'receive' | 'transmit'> & Partial<NtpHeader>,
): NtpHeader => ({
  leap: 0,
  version: 4,
  mode: 4,
  stratum: 1,
  poll: 6,
  precision: -24,
  rootDelayNs: 0n,
  rootDispersionNs: 0n,
  referenceId: 0x47_50_53_00,
  reference: 0n,
  ...said,
})

/** A kiss code as a reference id. */
export const kissCode = (text: string): number => Buffer.from(text, 'latin1').readUInt32BE()

/** The header of a right answer of the host's clock to a request, whatever follows the request's own; with fields bent. */
export const hostAnswer = (time: Time, request: Uint8Array, bend: Partial<NtpHeader> = {}): Uint8Array => {
  const now = time.hostUnixNs()
  const admission = answer(request.subarray(0, 48), {
    leap: 0,
    stratum: 1,
    precision: -9,
    rootDelayNs: 0n,
    rootDispersionNs: 0n,
    referenceId: 0,
    referenceUnixNs: now,
    receiveUnixNs: now,
    transmitUnixNs: now,
  })
  assert(admission.verdict === 'accept')
  const header = decodeNtpHeader(admission.value)
  assert(header !== undefined)
  return encodeNtpHeader({ ...header, ...bend })
}
