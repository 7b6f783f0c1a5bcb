/** A time-stamp authority for one test, with a clock that is given: its files, requests to it, and who judges its answers. */
import { X509Certificate, createHash, createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { drawBelow, seededRandom } from '../../src/base/index.ts'
import type { Random } from '../../src/base/index.ts'
import { taiFromUnixNs } from '../../src/clock/index.ts'
import { NODE_TOKEN_CRYPTO } from '../../src/services/tsa-keys.ts'
import { makeTsa } from '../../src/services/tsa-making.ts'
import { openTimeStampAuthority } from '../../src/services/tsa-server.ts'
import type { TimeStampAuthority, TsaOptions } from '../../src/services/tsa-server.ts'
import { IMPRINT_IDS, encodeRequest, readCertificates } from '../../src/stamps/index.ts'
import type { Certificate, TokenTrust, TsRequest } from '../../src/stamps/index.ts'
import { machineTime } from './machine-time.ts'

export const POLICY = '2.25.329800735698586629295641978511506172918'

export interface TsaOfTest extends AsyncDisposable {
  readonly tsa: TimeStampAuthority
  readonly directory: string
  readonly key: KeyObject
  readonly trusted: readonly Certificate[]
  readonly own: readonly Certificate[]
  /** DER, as libcrypto takes them. */
  readonly authorityDer: Uint8Array
  readonly ownDer: Uint8Array
  /** Trust in this authority alone, now. */
  trust(withOwn: boolean): TokenTrust
}

export const makeTsaOfTest = async (more: Partial<TsaOptions> = {}): Promise<TsaOfTest> => {
  const folder = await mkdtemp(join(tmpdir(), 'truechimer-tsa-'))
  const directory = join(folder, 'tsa')
  const time = machineTime()
  const random = seededRandom(process.hrtime.bigint())
  await makeTsa({ time, random }, { directory, name: 'Mill of  Time', days: 30 })
  const read: TsaOptions['read'] = () => {
    const tai = taiFromUnixNs(time.hostUnixNs())
    return { earliest: tai - 1_234_567n, latest: tai + 1_234_567n, status: 'synchronised' }
  }
  const tsa = await openTimeStampAuthority({ time, random, directory, policy: POLICY, read, tell: () => {}, ...more })
  const [trusted, own] = [readCertificates(tsa.authorityPem) ?? [], readCertificates(tsa.certificatePem) ?? []]
  return {
    tsa,
    directory,
    key: createPrivateKey(readFileSync(join(directory, 'tsa-key.pem'))),
    trusted,
    own,
    authorityDer: new X509Certificate(tsa.authorityPem).raw,
    ownDer: new X509Certificate(tsa.certificatePem).raw,
    trust: (withOwn) => ({
      trusted,
      untrusted: withOwn ? own : [],
      atUnixMs: Date.now(),
      crypto: NODE_TOKEN_CRYPTO,
    }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

const NODE_NAMES = { 'sha-256': 'sha256', 'sha-384': 'sha384', 'sha-512': 'sha512' } as const
const ALGORITHMS = ['sha-256', 'sha-384', 'sha-512'] as const

/** Whatever somebody may ask for, over `data`. */
export const drawRequest = (random: Random, data: Uint8Array): { query: TsRequest; bytes: Uint8Array } => {
  const algorithm = ALGORITHMS[drawBelow(random, ALGORITHMS.length)] ?? 'sha-256'
  const nonce = random.bytes(1 + drawBelow(random, 20))
  nonce[0] = ((nonce[0] ?? 0) & 0x3f) | 1
  const query: TsRequest = {
    imprint: {
      algorithm: IMPRINT_IDS[algorithm],
      imprint: new Uint8Array(createHash(NODE_NAMES[algorithm]).update(data).digest()),
    },
    policy: drawBelow(random, 2) === 0 ? undefined : POLICY,
    nonce: drawBelow(random, 3) === 0 ? undefined : nonce,
    wantsCertificate: drawBelow(random, 2) === 0,
  }
  return { query, bytes: encodeRequest(query) }
}
