/**
 * A time-stamp authority (RFC 3161): answers requests from the node's clock. Every answer is a response in DER, a refusal too; what a request
 * asks for is judged in stamps/rfc3161-request.ts. Rules: T-80 to T-86 in docs/spec/stamps.md.
 *
 * A token is this operator's word alone, under this operator's certificate: what a quorum says of a time is a stamp.
 */
import { NS_PER_SEC } from '../base/index.ts'
import type { Random, Time, TimeInterval } from '../base/index.ts'
import type { ClockReading } from '../clock/index.ts'
import { encodeRefusal, makeResponse, readRequest, tokenTimeOf } from '../stamps/index.ts'
import type { TsRequest, TsRequestReason } from '../stamps/index.ts'
import { openTsaKeys } from './tsa-keys.ts'
import type { TsaKeys } from './tsa-keys.ts'

export { tsaDirectoryOf } from './tsa-keys.ts'

/** A clock whose interval reaches further than this from its middle gives no tokens, ns. */
export const TSA_BOUND_NS_MAX = NS_PER_SEC
/** 127 bits of chance: RFC 3161 asks that no serial number comes twice, also after a crash. */
const SERIAL_BYTES = 16

export interface TsaOptions {
  readonly time: Time
  readonly random: Random
  /** Of the files of `makeTsa`. */
  readonly directory: string
  /** Under which tokens are given, in dotted digits. */
  readonly policy: string
  /** `TSA_BOUND_NS_MAX` where not given. */
  readonly boundNsMax?: bigint
  /** The node's clock now. */
  readonly read: () => (TimeInterval & Pick<ClockReading, 'status'>) | undefined
  /** Tells the operator what fails; never a key. */
  readonly tell: (trouble: { readonly code: string; readonly message: string }) => void
}

export interface TsaCounts {
  readonly answered: number
  readonly refused: ReadonlyMap<TsRequestReason, number>
}

export interface TimeStampAuthority {
  /** A response to the bytes of a request, whatever they are. */
  answer(request: Uint8Array): Promise<Uint8Array>
  /** Certificates for those who check, in PEM. */
  readonly authorityPem: string
  readonly certificatePem: string
  readonly policy: string
  counts(): TsaCounts
}

class Authority implements TimeStampAuthority {
  readonly #options: TsaOptions
  readonly #keys: TsaKeys
  readonly #refused = new Map<TsRequestReason, number>()
  #answered = 0
  readonly policy: string

  constructor(options: TsaOptions, keys: TsaKeys) {
    this.#options = options
    this.#keys = keys
    this.policy = options.policy
  }

  get authorityPem(): string {
    return this.#keys.authorityPem
  }

  get certificatePem(): string {
    return this.#keys.certificatePem
  }

  counts(): TsaCounts {
    return { answered: this.#answered, refused: new Map(this.#refused) }
  }

  async answer(bytes: Uint8Array): Promise<Uint8Array> {
    const request = readRequest(bytes, [this.policy])
    if (request.verdict !== 'accept') return this.#refuse(request.reason)
    const reading = this.#reading()
    if (reading === undefined) return this.#refuse('tsa-time-not-available')
    try {
      const response = await this.#grant(request.value, reading)
      this.#answered += 1
      return response
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : 'unknown'
      this.#options.tell({ code: 'TC_TSA_SIGN', message: `a time-stamp token could not be signed: ${why}` })
      return this.#refuse('tsa-system-failure')
    }
  }

  /** The clock's interval, where it is synchronised and narrow enough. */
  #reading(): TimeInterval | undefined {
    const reading = this.#options.read()
    if (reading === undefined || reading.status === 'unsynchronised') return undefined
    const { earliest, latest } = reading
    return latest - earliest > 2n * (this.#options.boundNsMax ?? TSA_BOUND_NS_MAX) ? undefined : { earliest, latest }
  }

  #grant({ imprint, nonce, wantsCertificate }: TsRequest, reading: TimeInterval): Promise<Uint8Array> {
    const serial = Uint8Array.from(this.#options.random.bytes(SERIAL_BYTES))
    serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40
    const info = { policy: this.policy, imprint, serial, nonce, ...tokenTimeOf(reading) }
    return makeResponse({ info, withCertificate: wantsCertificate }, this.#keys.issuer)
  }

  #refuse(reason: TsRequestReason): Uint8Array {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1)
    return encodeRefusal(reason)
  }
}

/**
 * Opens the authority whose files stand in a directory. Rejects with the codes of `openTsaKeys`. A certificate whose life is not now is
 * told (`TC_TSA_CERTIFICATE`) and used: the host's clock may be wrong.
 */
export const openTimeStampAuthority = async (options: TsaOptions): Promise<TimeStampAuthority> => {
  const keys = await openTsaKeys(options.time, options.directory)
  if (keys.trouble !== undefined) options.tell({ code: 'TC_TSA_CERTIFICATE', message: keys.trouble })
  return new Authority(options, keys)
}
