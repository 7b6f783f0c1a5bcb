/** One suite for every signer, then what only the one with a disk must do. */
import { after, before, describe, test } from 'node:test'
import { deepEqual, equal, rejects } from 'node:assert/strict'
import { mkdtemp, open, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hexOf } from '../../base/index.ts'
import { encodeHead, FRESH_HEAD, plainSeed, publicKeyOf, sealSeed, sha3, signingKeyOf, verify } from '../index.ts'
import type { KeyAgreement, Signer, SignerHead, SignNextRequest } from '../index.ts'
import { seededRandom } from '../../base/index.ts'
import { createFileSigner, describeFileSigner, headPathOf, keyPathOf, openFileSigner } from './file-signer.ts'
import { BLOCK_BYTES } from './head-file.ts'
import { memorySigner } from './memory-signer.ts'

const DOMAIN = 'truechimer/time-proof/1'
const seed = new Uint8Array(32).fill(3)
const nodeId = publicKeyOf(seed)
let root = ''
let made = 0

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'truechimer-signer-'))
})
after(async () => rm(root, { recursive: true }))

const makeDirectory = async (keyText = plainSeed(seed)): Promise<string> => {
  made += 1
  const directory = join(root, String(made))
  await createFileSigner({ directory, keyText })
  return directory
}

const request = (sequence: number, changes: Partial<SignNextRequest> = {}): SignNextRequest => ({
  domain: DOMAIN,
  sequence,
  tai: BigInt(sequence) * 1000n,
  body: Uint8Array.of(sequence),
  seal: sha3,
  ...changes,
})

const kinds: readonly (readonly [string, () => Promise<Signer & KeyAgreement>])[] = [
  ['memory', async () => memorySigner({ seed })],
  ['file', async () => openFileSigner({ directory: await makeDirectory() })],
]

for (const [kind, openSigner] of kinds) {
  describe(`${kind} signer`, () => {
    test('is its key, and starts fresh', async () => {
      await using signer = await openSigner()
      equal(hexOf(signer.nodeId), hexOf(nodeId))
      deepEqual(signer.head(), FRESH_HEAD)
    })

    test('signs what may be said often', async () => {
      await using signer = await openSigner()
      const body = Uint8Array.of(1)
      const signature = await signer.sign('truechimer/test/1', body)
      equal(verify({ publicKey: nodeId, domain: 'truechimer/test/1', body, signature }), true)
      deepEqual(signer.head(), FRESH_HEAD)
    })

    test('agrees with another key as that one does with it, until it is closed', async () => {
      await using other = memorySigner({ seed: new Uint8Array(32).fill(4) })
      const signer = await openSigner()
      const secret = await signer.agree(other.agreementKey)
      deepEqual(secret, await other.agree(signer.agreementKey))
      equal(secret?.length, 32)
      equal(await signer.agree(new Uint8Array(32)), undefined)
      await signer[Symbol.asyncDispose]()
      await rejects(signer.agree(other.agreementKey), { code: 'TC_SIGNER_CLOSED' })
    })

    test('goes forwards, and the head is what was sealed', async () => {
      await using signer = await openSigner()
      for (const sequence of [1, 2, 3]) {
        const one = request(sequence)
        const signature = await signer.signNext(one)
        equal(verify({ publicKey: nodeId, domain: DOMAIN, body: one.body, signature }), true)
        deepEqual(signer.head(), { sequence, tai: one.tai, digest: sha3(signature) })
      }
    })

    for (const [name, changes, reason] of [
      ['the same sequence', { sequence: 2 }, 'sequence-not-next'],
      ['a sequence left out', { sequence: 4 }, 'sequence-not-next'],
      ['the same time', { tai: 2000n }, 'time-not-later'],
      ['an earlier time', { tai: 1999n }, 'time-not-later'],
    ] as const) {
      test(`refuses ${name}, and nothing has changed`, async () => {
        await using signer = await openSigner()
        await signer.signNext(request(1))
        await signer.signNext(request(2))
        const head = signer.head()
        await rejects(signer.signNext(request(3, changes)), (error) => {
          deepEqual(error instanceof Error && 'code' in error && error.code, 'TC_SIGNER_BACKWARDS')
          return error instanceof Error && error.message.includes(reason)
        })
        deepEqual(signer.head(), head)
        await signer.signNext(request(3))
      })
    }

    test('of many asked at once for one sequence, one is signed', async () => {
      await using signer = await openSigner()
      const asked = await Promise.allSettled(
        [1, 2, 3, 4].map(async (byte) => signer.signNext(request(1, { body: Uint8Array.of(byte) }))),
      )
      deepEqual(
        asked.map(({ status }) => status),
        ['fulfilled', 'rejected', 'rejected', 'rejected'],
      )
    })

    test('asked in order at once, all are signed', async () => {
      await using signer = await openSigner()
      await Promise.all([1, 2, 3, 4].map(async (sequence) => signer.signNext(request(sequence))))
      equal(signer.head().sequence, 4)
    })

    test('a seal that fails leaves the sequence free', async () => {
      await using signer = await openSigner()
      const seal = (): Uint8Array => {
        throw new RangeError('no seal')
      }
      await rejects(signer.signNext(request(1, { seal })), RangeError)
      await rejects(signer.signNext(request(1, { seal: () => new Uint8Array(31) })))
      deepEqual(signer.head(), FRESH_HEAD)
      await signer.signNext(request(1))
    })

    test('a digest written on afterwards does not reach the head', async () => {
      await using signer = await openSigner()
      const digest = new Uint8Array(32)
      await signer.signNext(request(1, { seal: () => digest }))
      digest.fill(9)
      equal(signer.head().digest[0], 0)
    })

    test('a time proof does not go round the ratchet', async () => {
      await using signer = await openSigner()
      await rejects(signer.sign(DOMAIN, new Uint8Array(1)), { code: 'ERR_ASSERTION' })
    })

    test('closed, it signs nothing', async () => {
      const signer = await openSigner()
      await signer[Symbol.asyncDispose]()
      await rejects(signer.sign('truechimer/test/1', new Uint8Array(1)), { code: 'TC_SIGNER_CLOSED' })
      await rejects(signer.signNext(request(1)), { code: 'TC_SIGNER_CLOSED' })
      await signer[Symbol.asyncDispose]()
    })
  })
}

/** A directory whose signer has signed up to `sequence` and was closed. */
const signedUpTo = async (sequence: number): Promise<{ directory: string; path: string; head: SignerHead }> => {
  const directory = await makeDirectory()
  await using signer = await openFileSigner({ directory })
  for (let next = 1; next <= sequence; next += 1) await signer.signNext(request(next))
  return { directory, path: headPathOf(directory, nodeId), head: signer.head() }
}

const overwrite = async (path: string, position: number, bytes: Uint8Array): Promise<void> => {
  await using file = await open(path, 'r+')
  await file.write(bytes, 0, bytes.length, position)
}
const TORN = new Uint8Array(64).fill(0xee)
const blockOf = (head: SignerHead, owner = nodeId): Uint8Array => {
  const record = encodeHead(owner, head)
  return Uint8Array.of(0, record.length, ...record)
}

describe('the memory of a file signer', () => {
  test('survives closing', async () => {
    const { directory, head } = await signedUpTo(3)
    await using signer = await openFileSigner({ directory })
    deepEqual(signer.head(), head)
    await rejects(signer.signNext(request(3)), { code: 'TC_SIGNER_BACKWARDS' })
    await signer.signNext(request(4))
  })

  for (const [name, position] of [
    ['first', 20],
    ['second', BLOCK_BYTES + 20],
  ] as const) {
    test(`is made good when its ${name} copy is torn, on the disk too`, async () => {
      const { directory, path, head } = await signedUpTo(3)
      const whole = await readFile(path)
      await overwrite(path, position, TORN)
      await using signer = await openFileSigner({ directory })
      deepEqual(signer.head(), head)
      deepEqual(await readFile(path), whole)
    })
  }

  test('the first copy ahead by one is the truth', async () => {
    const { directory, path, head } = await signedUpTo(3)
    const ahead = { sequence: 4, tai: 4000n, digest: new Uint8Array(32).fill(4) }
    await overwrite(path, 0, blockOf(ahead))
    await using signer = await openFileSigner({ directory })
    deepEqual(signer.head(), ahead)
    equal(head.sequence, 3)
  })

  for (const [name, spoil] of [
    [
      'both copies are torn',
      async (path: string) => Promise.all([overwrite(path, 20, TORN), overwrite(path, BLOCK_BYTES + 20, TORN)]),
    ],
    ['it is zeros', async (path: string) => overwrite(path, 0, new Uint8Array(2 * BLOCK_BYTES))],
    ['it is empty', async (path: string) => truncate(path, 0)],
    ['it was cut off', async (path: string) => truncate(path, BLOCK_BYTES)],
    [
      'the first copy fell behind',
      async (path: string) => overwrite(path, 0, blockOf({ sequence: 2, tai: 2000n, digest: new Uint8Array(32) })),
    ],
    [
      'the first copy ran ahead',
      async (path: string) => overwrite(path, 0, blockOf({ sequence: 9, tai: 9000n, digest: new Uint8Array(32) })),
    ],
    [
      'the copies differ in one sequence',
      async (path: string) => overwrite(path, 0, blockOf({ sequence: 3, tai: 3000n, digest: new Uint8Array(32) })),
    ],
  ] as const) {
    test(`is refused, not reset, when ${name}`, async () => {
      const { directory, path } = await signedUpTo(3)
      await spoil(path)
      const spoiled = await readFile(path)
      await rejects(openFileSigner({ directory }), { code: 'TC_SIGNER_STATE_DAMAGED' })
      deepEqual(await readFile(path), spoiled)
      await rejects(openFileSigner({ directory }), { code: 'TC_SIGNER_STATE_DAMAGED' }, 'the lock was given back')
    })
  }

  test('is refused when it is missing', async () => {
    const { directory, path } = await signedUpTo(1)
    await rm(path)
    await rejects(openFileSigner({ directory }), { code: 'TC_SIGNER_STATE_MISSING' })
  })

  test('is refused when it is of another key', async () => {
    const { directory, path } = await signedUpTo(1)
    const other = publicKeyOf(new Uint8Array(32))
    await overwrite(path, 0, blockOf(FRESH_HEAD, other))
    await rejects(openFileSigner({ directory }), { code: 'TC_SIGNER_STATE_FOREIGN' })
  })

  test('is kept when the same key is laid down again', async () => {
    const { directory, head } = await signedUpTo(2)
    await rename(keyPathOf(directory), join(directory, 'key.moved'))
    await createFileSigner({ directory, keyText: plainSeed(seed) })
    await using signer = await openFileSigner({ directory })
    deepEqual(signer.head(), head)
  })
})

describe('the key of a file signer', () => {
  test('opens with its passphrase and says whose it is without', async () => {
    const cost = { n: 2 ** 14, r: 1, p: 1 }
    const directory = await makeDirectory(sealSeed(seededRandom(1n), { seed, passphrase: 'p', cost }))
    deepEqual(await describeFileSigner(directory), { nodeId, encrypted: true })
    await rejects(openFileSigner({ directory }), { code: 'TC_PASSPHRASE_NEEDED' })
    await rejects(openFileSigner({ directory, passphrase: 'q' }), { code: 'TC_PASSPHRASE_WRONG' })
    await using signer = await openFileSigner({ directory, passphrase: 'p' })
    equal(hexOf(signer.nodeId), hexOf(signingKeyOf(seed).publicKey))
  })

  test('is used by one at a time, and free again after', async () => {
    const directory = await makeDirectory()
    {
      await using _signer = await openFileSigner({ directory })
      await rejects(openFileSigner({ directory }), { code: 'TC_KEY_LOCKED' })
    }
    await using again = await openFileSigner({ directory })
    equal(again.head().sequence, 0)
  })

  test('a lock file that is none is not held for somebody else’s lock', async () => {
    const directory = await makeDirectory()
    await writeFile(join(directory, 'lock'), 'x'.repeat(200))
    await rejects(openFileSigner({ directory }), { code: 'TC_KEY_LOCK_IO', message: /file is not a database/ })
  })

  test('is never overwritten', async () => {
    const directory = await makeDirectory()
    const text = await readFile(keyPathOf(directory), 'utf8')
    const other = plainSeed(new Uint8Array(32))
    await rejects(createFileSigner({ directory, keyText: other }), { code: 'TC_KEY_FILE_EXISTS' })
    equal(await readFile(keyPathOf(directory), 'utf8'), text)
  })

  test('is for its owner alone, as are the directory and the head', async () => {
    const directory = await makeDirectory()
    const modes = await Promise.all(
      [directory, keyPathOf(directory), headPathOf(directory, nodeId)].map(
        async (path) => (await stat(path)).mode & 0o777,
      ),
    )
    deepEqual(modes, [0o700, 0o600, 0o600])
  })

  test('no directory, no signer', async () => {
    await rejects(openFileSigner({ directory: join(root, 'absent') }), { code: 'TC_KEY_FILE_UNREADABLE' })
    const file = join(root, 'file')
    await writeFile(file, '')
    await rejects(createFileSigner({ directory: join(file, 'x'), keyText: plainSeed(seed) }), {
      code: 'TC_KEY_FILE_UNWRITABLE',
    })
  })
})
