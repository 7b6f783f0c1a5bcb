/**
 * A node's signature under its log so far: so many entries, this Merkle root over their names, this newest one. Whoever holds
 * a checkpoint can be shown any earlier entry with a short path, and can show that the node once said otherwise.
 *
 * Checkpoint = [networkId, nodeId, size, root, head, time, signature] under `truechimer/log-checkpoint/1`; leaf n of the tree is the
 * digest of entry n. Source: RFC 9162 §2.1 (tree), §4.10 (signed tree head). Rules: docs/spec/log.md L-9 to L-11.
 * Not promised: two checkpoints of one node that contradict each other are evidence, but nobody gathers them here.
 */
import { accept, equalBytes, reject } from '../base/index.ts'
import type { Admission, TimeInterval } from '../base/index.ts'
import { codecOf, fixedBytes, tuple, uint } from '../codec/index.ts'
import type { CodecReason } from '../codec/index.ts'
import { DIGEST_BYTES, MERKLE_LEAVES_MAX, PUBLIC_KEY_BYTES, SIGNATURE_BYTES, verify } from '../crypto/index.ts'
import type { Signer } from '../crypto/index.ts'
import { maybeTime } from './entry.ts'

export const LOG_CHECKPOINT_DOMAIN = 'truechimer/log-checkpoint/1'
export const CHECKPOINT_BYTES_MAX = 256

export interface CheckpointBody {
  /** Hash of the genesis that the node runs on, 32 bytes. */
  readonly networkId: Uint8Array
  /** Whose log, 32 bytes. */
  readonly nodeId: Uint8Array
  /** Entries that it covers, at least 1. */
  readonly size: number
  /** Over the digests of all of them. */
  readonly root: Uint8Array
  /** Digest of the last one. */
  readonly head: Uint8Array
  /** When by the node's own clock. */
  readonly time: TimeInterval | null
}

export interface Checkpoint extends CheckpointBody {
  /** Ed25519, 64 bytes. */
  readonly signature: Uint8Array
}

const BODY = {
  networkId: fixedBytes(DIGEST_BYTES),
  nodeId: fixedBytes(PUBLIC_KEY_BYTES),
  size: uint({ min: 1, max: MERKLE_LEAVES_MAX }),
  root: fixedBytes(DIGEST_BYTES),
  head: fixedBytes(DIGEST_BYTES),
  time: maybeTime,
}
const bodyCodec = codecOf(tuple<CheckpointBody>(BODY), CHECKPOINT_BYTES_MAX)
export const checkpointField = tuple<Checkpoint>({ ...BODY, signature: fixedBytes(SIGNATURE_BYTES) })
export const checkpointCodec = codecOf(checkpointField, CHECKPOINT_BYTES_MAX)

export const signCheckpoint = async (signer: Pick<Signer, 'sign'>, body: CheckpointBody): Promise<Checkpoint> => ({
  ...body,
  signature: await signer.sign(LOG_CHECKPOINT_DOMAIN, bodyCodec.encode(body)),
})

/** Is the signature the one of the node that the checkpoint names? */
export const isSignedCheckpoint = ({ signature, ...body }: Checkpoint): boolean =>
  verify({ publicKey: body.nodeId, domain: LOG_CHECKPOINT_DOMAIN, body: bodyCodec.encode(body), signature })

/** A signed checkpoint from anybody's bytes. */
export const openCheckpoint = (bytes: Uint8Array): Admission<Checkpoint, CodecReason | 'bad-signature'> => {
  const decoded = checkpointCodec.decode(bytes)
  if (decoded.verdict !== 'accept') return decoded
  return isSignedCheckpoint(decoded.value) ? accept(decoded.value) : reject('bad-signature')
}

/** Does a checkpoint name this state of a log? */
export const fitsCheckpoint = (
  checkpoint: Checkpoint,
  state: { readonly size: number; readonly root: Uint8Array; readonly digest: Uint8Array | null },
): boolean =>
  checkpoint.size === state.size &&
  state.digest !== null &&
  equalBytes(checkpoint.head, state.digest) &&
  equalBytes(checkpoint.root, state.root)
