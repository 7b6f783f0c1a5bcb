/**
 * A process that signs until it is killed, for signer-crash.test.ts. One line on standard output for each signature it holds:
 * sequence, body, signature. Every life signs other bodies, so a sequence signed in two lives shows as two bodies.
 */
import { writeSync } from 'node:fs'
import { hexOf } from '../src/base/index.ts'
import { sha3 } from '../src/crypto/index.ts'
import { openFileSigner } from '../src/crypto/io/file-signer.ts'

const [directory = '', life = '0'] = process.argv.slice(2)
const signer = await openFileSigner({ directory })
for (;;) {
  const sequence = signer.head().sequence + 1
  const body = new TextEncoder().encode(`${life}:${sequence}`)
  const signature = await signer.signNext({
    domain: 'truechimer/time-proof/1',
    sequence,
    tai: signer.head().tai + 1n,
    body,
    seal: sha3,
  })
  writeSync(1, `${sequence} ${hexOf(body)} ${hexOf(signature)}\n`)
}
