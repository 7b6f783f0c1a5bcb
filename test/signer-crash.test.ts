/**
 * A signer that is killed at any moment never contradicts itself. A child signs as fast as it can and says so; it is killed
 * without warning, ten times for each of two keys. No sequence may ever have been signed with two bodies, nothing said may be ahead of the
 * disk, and each next life must go on by itself, lock and memory included.
 */
import { describe, test } from 'node:test'
import { deepEqual, equal, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { bytesOfHex, drawBelow, seededRandom } from '../src/base/index.ts'
import type { Random } from '../src/base/index.ts'
import { plainSeed, verify } from '../src/crypto/index.ts'
import { createFileSigner, openFileSigner } from '../src/crypto/io/file-signer.ts'

/** Of each of two keys, side by side: twenty in all. */
const LIVES = 10
/** Killed after so many signatures, drawn anew for each life: the kill then falls somewhere in the next one. */
const SIGNATURES_MAX = 12
const CHILD = fileURLToPath(new URL('./signer-crash.child.ts', import.meta.url))

interface Said {
  readonly sequence: number
  readonly body: string
  readonly signature: string
}

/** One life: what the child said before it was gone. A last line that was cut off was not said. */
const live = async (directory: string, life: number, signatures: number): Promise<Said[]> => {
  const child = spawn(process.execPath, [CHILD, directory, String(life)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const gone = once(child, 'exit')
  const said: Said[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    const [sequence = '', body = '', signature = ''] = line.split(' ')
    if (signature.length === 128) said.push({ sequence: Number(sequence), body, signature })
    if (said.length === signatures) child.kill('SIGKILL')
  }
  deepEqual(await gone, [null, 'SIGKILL'])
  return said
}

const killOften = async (directory: string, random: Random): Promise<void> => {
  const publicKey = await createFileSigner({ directory, keyText: plainSeed(random.bytes(32)) })
  const bodies = new Map<number, string>()
  for (let life = 0; life < LIVES; life += 1) {
    const said = await live(directory, life, 1 + drawBelow(random, SIGNATURES_MAX))
    ok(said.length > 0)
    for (const { sequence, body, signature } of said) {
      equal(bodies.get(sequence) ?? body, body, `sequence ${sequence} was signed twice`)
      bodies.set(sequence, body)
      const [bodyBytes, signatureBytes] = [bytesOfHex(body), bytesOfHex(signature)]
      ok(bodyBytes !== undefined && signatureBytes !== undefined)
      ok(verify({ publicKey, domain: 'truechimer/time-proof/1', body: bodyBytes, signature: signatureBytes }))
    }
    await using signer = await openFileSigner({ directory })
    const last = said.at(-1)?.sequence ?? 0
    ok(signer.head().sequence >= last, `said ${last}, the disk knows ${signer.head().sequence}`)
  }
}

describe('killed again and again', { concurrency: 2 }, () => {
  for (const [name, salt] of [
    ['a first key', 20n],
    ['a second key', 21n],
  ] as const) {
    test(`${name} never signs a sequence twice nor speaks ahead of its disk, ${LIVES} lives long`, async () => {
      const directory = await mkdtemp(join(tmpdir(), 'truechimer-crash-'))
      try {
        await killOften(directory, seededRandom(salt))
      } finally {
        await rm(directory, { recursive: true })
      }
    })
  }
})
