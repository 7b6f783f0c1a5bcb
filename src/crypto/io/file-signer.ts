/**
 * The signer of a node: a directory with the key file, the memory of what was signed last, and a lock. A signature that must
 * not run backwards is given away only when the new head is on the disk.
 *
 *   key.json        the key (key-envelope.ts), mode 600
 *   head-<node id>  the head, twice (head-file.ts)
 *   lock            held while open (key-lock.ts)
 *
 * Source: DESIGN §5.2. Rules: docs/spec/crypto.md C-11 to C-13.
 */
import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ChimerError } from '../../base/index.ts'
import { sign, signingKeyOf } from '../ed25519.ts'
import type { SigningKey } from '../ed25519.ts'
import { agreementKeyOfSeed, agreeWith } from '../key-agreement.ts'
import type { AgreementKey, KeyAgreement } from '../key-agreement.ts'
import { describeKey, openSeed } from '../key-envelope.ts'
import { nodeIdText } from '../node-id.ts'
import { advance, isRatcheted } from '../ratchet.ts'
import type { Signer } from '../signer.ts'
import { codeOf } from './disk.ts'
import { createHeadFile, openHeadFile } from './head-file.ts'
import type { HeadFile } from './head-file.ts'
import { createKeyFile, readKeyFile } from './key-file.ts'
import { lockKey } from './key-lock.ts'
import { backwards, closedSigner, nextHead, signNote } from './signing.ts'

export const keyPathOf = (directory: string): string => join(directory, 'key.json')
/** Where the head of the key `nodeId` is kept. */
export const headPathOf = (directory: string, nodeId: Uint8Array): string =>
  join(directory, `head-${nodeIdText(nodeId)}`)
const lockPathOf = (directory: string): string => join(directory, 'lock')

/**
 * Lays down a key for `openFileSigner`: the directory (mode 700), a fresh head, and last the key file with `keyText`
 * (`sealSeed` or `plainSeed`). A head that this key has there already is kept. Returns the node id, 32 bytes.
 * Errors: those of `createKeyFile`, `describeKey` and `lockKey`; `TC_KEY_FILE_UNWRITABLE` where the directory cannot be made.
 */
export const createFileSigner = async (options: {
  readonly directory: string
  readonly keyText: string
}): Promise<Uint8Array> => {
  const { directory, keyText } = options
  const nodeId = describeKey(keyText).publicKey
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
  } catch (cause) {
    const message = `cannot make the key directory ${directory} (${codeOf(cause)})`
    throw new ChimerError('TC_KEY_FILE_UNWRITABLE', message, { facts: { path: directory }, cause })
  }
  using _lock = lockKey(lockPathOf(directory))
  await createHeadFile(headPathOf(directory, nodeId), nodeId)
  await createKeyFile(keyPathOf(directory), keyText)
  return nodeId
}

/**
 * Opens the signer in `directory`. Errors: those of `readKeyFile`, `openSeed`, `lockKey` and `openHeadFile`.
 * Afterwards `signNext` may also reject with `TC_SIGNER_STATE_IO`: the disk failed, and the signer must be opened anew.
 */
export const openFileSigner = async (options: {
  readonly directory: string
  /** For an encrypted key file. */
  readonly passphrase?: string
}): Promise<Signer & KeyAgreement> => {
  const { directory, passphrase } = options
  const text = await readKeyFile(keyPathOf(directory))
  const lock = lockKey(lockPathOf(directory))
  try {
    const seed = openSeed(text, passphrase)
    const key = signingKeyOf(seed)
    const agreementKey = agreementKeyOfSeed(seed)
    const memory = await openHeadFile(headPathOf(directory, key.publicKey), key.publicKey)
    return fileSigner({ key, agreementKey, memory, lock })
  } catch (cause) {
    lock[Symbol.dispose]()
    throw cause
  }
}

const fileSigner = (parts: {
  readonly key: SigningKey
  readonly agreementKey: AgreementKey
  readonly memory: HeadFile
  readonly lock: Disposable
}): Signer & KeyAgreement => {
  const { key, agreementKey, memory, lock } = parts
  let closed = false
  let tail: Promise<unknown> = Promise.resolve()
  /** One after the other: each begins when the one before it has settled, however it settled. */
  const inTurn = async <T>(job: () => Promise<T>): Promise<T> => {
    const turn = tail.then(job, job)
    tail = turn.catch(() => undefined)
    return turn
  }
  return {
    nodeId: key.publicKey,
    agreementKey: agreementKey.publicKey,
    head: () => memory.head,
    sign: async (domain, body) => {
      if (closed) throw closedSigner()
      assert(!isRatcheted(domain), 'sign this with signNext')
      return sign(key, domain, body)
    },
    signNote: async (text) => {
      if (closed) throw closedSigner()
      return signNote(key, text)
    },
    agree: async (publicKey) => {
      if (closed) throw closedSigner()
      return agreeWith(agreementKey, publicKey)
    },
    signNext: async (request) => {
      if (closed) throw closedSigner()
      return inTurn(async () => {
        const next = advance(memory.head, request)
        if (next.verdict !== 'accept') throw backwards(next.reason, memory.head, request)
        const signature = sign(key, request.domain, request.body)
        await memory.write(nextHead(next.value, request.seal(signature)))
        return signature
      })
    },
    [Symbol.asyncDispose]: async () => {
      if (closed) return
      closed = true
      await tail
      await memory[Symbol.asyncDispose]()
      lock[Symbol.dispose]()
    },
  }
}

/** Does the key in `directory` need a passphrase, and whose is it? Errors of `readKeyFile` and `describeKey`. */
export const describeFileSigner = async (
  directory: string,
): Promise<{ readonly nodeId: Uint8Array; readonly encrypted: boolean }> => {
  const { publicKey, encrypted } = describeKey(await readKeyFile(keyPathOf(directory)))
  return { nodeId: publicKey, encrypted }
}
