/**
 * Verifying a stamp: a chain of links, each of which holds the one before, from the thing to what is trusted. Pure, offline, and the same in a
 * browser. Rules T-21 to T-29 in docs/spec/stamps.md.
 *
 * Not promised: who made what was stamped, and that it is as young as the beacon. With a third of the weight false there may be two chains,
 * and with the keys of long ago a false one (B-107): that is what a checkpoint's age is for.
 */
import { accept, equalBytes, hexOf } from '../base/index.ts'
import { SOURCE_KINDS } from '../clock/index.ts'
import { isTransactionSigned, sealTransaction } from '../consensus/index.ts'
import type { TransactionBody } from '../consensus/index.ts'
import { ed25519Verifier, merkleOurs, merkleSha256 } from '../crypto/index.ts'
import type { Verifier } from '../crypto/index.ts'
import { leafOf, saltedImprint } from './entry.ts'
import type { ImprintAlgorithm, StampEntry } from './entry.ts'
import { isReceiptSigned } from './receipt.ts'
import type { Receipt } from './receipt.ts'
import { encodeBatch } from './stamp-batch.ts'
import type { StampProof } from './stamp-proof.ts'
import { keyNamed } from './stamp-trust.ts'
import type { StampTrust } from './stamp-trust.ts'
import { refuse } from './stamp-words.ts'
import type { Attested, StampAdmission, VerifiedStamp } from './stamp-words.ts'
import { checkedTrust, checkedVotes, isMarked, nameOf, wholeHeaders } from './voted-headers-checking.ts'
import type { WholeHeaders } from './voted-headers-checking.ts'

export interface StampVerifying {
  readonly trust: StampTrust
  /** Of the thing. Without it, the proof is checked for whatever its imprint is of. */
  readonly digest?: { readonly algorithm: ImprintAlgorithm; readonly digest: Uint8Array }
  /** The strict Ed25519 of crypto/ unless given. */
  readonly verifier?: Verifier
}

/** What was stamped. */
export const entryOfProof = ({ algorithm, imprint, hasBeacon, beaconApart, parent }: StampProof): StampEntry => {
  const beacon = hasBeacon ? parent : beaconApart
  return { algorithm, imprint, beacon: beacon.length === 0 ? null : hexOf(beacon) }
}

/** The receipt whole, of a node. */
export const receiptOfProof = (proof: StampProof, node: Uint8Array): Receipt => ({
  ...proof.receipt,
  networkId: proof.networkId,
  node,
  leaf: leafOf(entryOfProof(proof)),
})

/** T-21 to T-29, in the order of the links but for the network, without which no key has a name. Never throws, whatever was opened. */
export const verifyStamp = (proof: StampProof, options: StampVerifying): StampAdmission<VerifiedStamp> => {
  const { trust, verifier = ed25519Verifier } = options
  if (!equalBytes(proof.networkId, trust.networkId)) return refuse('trust', 'stamp-wrong-network')
  const imprint = checkedImprint(proof, options.digest)
  if (imprint.verdict !== 'accept') return imprint
  const node = keyNamed(trust.genesisKeys, proof.transaction.author)
  if (node === undefined) return refuse('receipt', 'stamp-unknown-key')
  const receipt = receiptOfProof(proof, node)
  if (!isReceiptSigned(receipt, verifier)) return refuse('receipt', 'stamp-wrong-receipt')
  const transactionsRoot = checkedBlock(proof, receipt, verifier)
  if (transactionsRoot.verdict !== 'accept') return transactionsRoot
  const { networkId, genesisKeys } = trust
  const whole = wholeHeaders(proof, { networkId, genesisKeys, transactionsRoot: () => transactionsRoot.value })
  if (whole.verdict !== 'accept') return whole
  // Nobody mixes in the genesis: it is no block, and has no time.
  if (proof.hasBeacon && proof.height < 2) return refuse('beacon', 'stamp-wrong-beacon')
  const attested = checkedVotes(proof, whole.value, { trust, verifier })
  if (attested.verdict !== 'accept') return attested
  const trusted = checkedTrust(proof, whole.value, { trust, verifier })
  if (trusted.verdict !== 'accept') return trusted
  return verified({ proof, receipt, whole: whole.value, attested: attested.value, options })
}

const checkedImprint = (
  { algorithm, imprint, salt }: StampProof,
  digest: StampVerifying['digest'],
): StampAdmission<null> => {
  if (digest === undefined) return accept(null)
  if (digest.algorithm !== algorithm) return refuse('imprint', 'stamp-wrong-algorithm')
  const isSame = equalBytes(saltedImprint(algorithm, salt, digest.digest), imprint)
  return isSame ? accept(null) : refuse('imprint', 'stamp-wrong-digest')
}

/** From the entry to the root of the transactions of its block: tree, transaction, block. */
const checkedBlock = (proof: StampProof, { leaf, node }: Receipt, verifier: Verifier): StampAdmission<Uint8Array> => {
  const { batch, marks, networkId } = proof
  const batchRoot = merkleSha256.rootOfPath({ leaf, ...batch })
  if (batchRoot === undefined || !isMarked(batchRoot, marks.batchRoot)) return refuse('tree', 'stamp-not-in-batch')
  const { sequence, earliest, latest, logRoot, signature, ...place } = proof.transaction
  const logSize = proof.receipt.position - batch.index + batch.size
  const body: TransactionBody = {
    networkId,
    author: node,
    sequence,
    acted: { earliest, latest },
    kind: 'stamp',
    payload: encodeBatch({ logSize, batchRoot, logRoot }),
  }
  const transaction = { ...body, signature }
  if (!isTransactionSigned(transaction, verifier)) return refuse('transaction', 'stamp-wrong-transaction')
  const root = merkleOurs.rootOfPath({ ...place, leaf: merkleOurs.leaf(sealTransaction(transaction).bytes) })
  return root !== undefined && isMarked(root, marks.transactionsRoot)
    ? accept(root)
    : refuse('block', 'stamp-not-in-block')
}

interface Verified {
  readonly proof: StampProof
  readonly receipt: Receipt
  readonly whole: WholeHeaders
  readonly attested: Attested
  readonly options: StampVerifying
}

/** The facts. The block of the stamp is the last but one, and the last states its time; the first states the beacon's. */
const verified = ({ proof, receipt, whole, attested, options }: Verified): StampAdmission<VerifiedStamp> => {
  const { headers, last } = whole
  const [first] = headers
  const { node, position, received, heightNewest, heightPromised } = receipt
  const { trust, digest } = options
  const height = last.height - 1
  return accept({
    networkId: proof.networkId,
    algorithm: proof.algorithm,
    imprint: proof.imprint,
    isDigestChecked: digest !== undefined,
    isSalted: proof.salt.length > 0,
    height,
    block: last.parent,
    beacon: proof.hasBeacon ? { height: proof.height - 1, block: hexOf(proof.parent) } : undefined,
    isBeaconApart: proof.beaconApart.length > 0,
    interval: { notBefore: proof.hasBeacon ? first?.time.earliest : undefined, notAfter: last.time.latest },
    blockTime: last.time,
    attestedBy: attested,
    receipt: { node, name: nameOf(trust, node), position, received, heightNewest, heightPromised },
    isPromiseKept: height <= heightPromised,
    sources: SOURCE_KINDS.filter((_, i) => (receipt.sources & (1 << i)) !== 0),
    emergency: headers.some(({ emergency }) => emergency),
    trustedHeight: trust.light.height,
    isBridged: proof.bridge.length > 0,
  })
}

/** One signature that a proof rests on. */
export type SignatureClaim = Parameters<Verifier['verify']>[0]

/** All signatures that `verifyStamp` will ask for where nothing but a signature is wrong, for who checks them side by side. */
export const signaturesOf = (proof: StampProof, options: StampVerifying): readonly SignatureClaim[] => {
  const claims: SignatureClaim[] = []
  const noting: Verifier = { verify: (claim) => claims.push(claim) > 0 }
  verifyStamp(proof, { ...options, verifier: noting })
  return claims
}

/** Answers for claims that were checked, in the order in which they will be asked for; any other is checked by `otherwise`. */
export const prefetchedVerifier = (
  checked: readonly { readonly claim: SignatureClaim; readonly isTrue: boolean }[],
  otherwise: Verifier,
): Verifier => {
  let next = 0
  return {
    verify: (claim) => {
      const answer = checked[next]
      if (answer === undefined || !isSameClaim(answer.claim, claim)) return otherwise.verify(claim)
      next += 1
      return answer.isTrue
    },
  }
}

const isSameClaim = (a: SignatureClaim, b: SignatureClaim): boolean =>
  a.domain === b.domain &&
  equalBytes(a.publicKey, b.publicKey) &&
  equalBytes(a.signature, b.signature) &&
  equalBytes(a.body, b.body)
