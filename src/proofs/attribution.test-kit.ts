/** What tests of attribution chains share: four actors, a photograph on its way, and a check of stamps by what a proof says of itself. */
import { NS_PER_HOUR, NS_PER_SEC, equalBytes, joinBytes, reject } from '../base/index.ts'
import type { Tai } from '../base/index.ts'
import { sha256 } from '../crypto/index.ts'
import type { Signer } from '../crypto/index.ts'
import { NO_LINK, openAttributionLink, signAttributionLink } from './index.ts'
import type { AttributionChain, AttributionLinkBody, ContentImprint, LinkStampCheck, StampedLink } from './index.ts'
import { NETWORK, TAI, signerOf } from './proofs.test-suite.ts'

export const CAMERA = signerOf(31)
export const EDITOR = signerOf(32)
export const CHECKER = signerOf(33)
export const PAPER = signerOf(34)

export const contentOf = (text: string): ContentImprint => ({
  algorithm: 'sha-256',
  digest: sha256(new TextEncoder().encode(text)),
})

/** A block's id of a height. */
export const blockOf = (height: number): Uint8Array => new Uint8Array(32).fill(height)

export interface Told {
  readonly notBefore?: Tai
  readonly notAfter: Tai
  readonly beacon: Uint8Array
  readonly networkId?: Uint8Array
}

const HEAD_BYTES = 96
/** `imprint ‖ beacon ‖ network ‖ notBefore,notAfter`. */
export const proofOfLink = (
  imprint: Uint8Array,
  { notBefore, notAfter, beacon, networkId = NETWORK }: Told,
): Uint8Array => joinBytes(imprint, beacon, networkId, new TextEncoder().encode(`${notBefore ?? ''},${notAfter}`))

/** Beacon blocks are named by their height; the block that has the stamp is the next. */
export const toldCheck: LinkStampCheck = (imprint, proof) => {
  if (proof.length < HEAD_BYTES || !equalBytes(proof.subarray(0, 32), imprint)) return reject('stamp-wrong-imprint')
  if (!equalBytes(proof.subarray(64, HEAD_BYTES), NETWORK)) return reject('stamp-wrong-network')
  const beacon = proof.subarray(32, 64)
  const [before = '', after = ''] = new TextDecoder().decode(proof.subarray(HEAD_BYTES)).split(',')
  const notBefore = before === '' ? undefined : BigInt(before)
  return { verdict: 'accept', value: { notBefore, notAfter: BigInt(after), block: blockOf(200), beacon } }
}

export interface Step {
  readonly actor: Signer
  readonly body: Partial<AttributionLinkBody> & Pick<AttributionLinkBody, 'relation'>
  /** What its stamp says instead. */
  readonly told?: Partial<Told>
}

/** A chain of steps, one an hour; each goes on from the one before, but for what is given. */
export const chainOf = async (steps: readonly Step[]): Promise<AttributionChain> => {
  const chain: StampedLink[] = []
  let [previous, content]: [Uint8Array, ContentImprint | undefined] = [NO_LINK, undefined]
  for (const [at, { actor, body, told }] of steps.entries()) {
    const beacon = body.beacon ?? blockOf(at + 1)
    const sealed = await signAttributionLink(actor, {
      networkId: NETWORK,
      previous,
      name: `actor ${at}`,
      note: '',
      receiver: undefined,
      before: content,
      content: content ?? contentOf('raw'),
      claimed: undefined,
      beacon,
      ...body,
    })
    const from = TAI + BigInt(at) * NS_PER_HOUR
    const stamped = { notBefore: from, notAfter: from + 4n * NS_PER_SEC, beacon, ...told }
    chain.push({ link: sealed.bytes, proof: proofOfLink(sealed.digest, stamped) })
    previous = sealed.digest
    content = sealed.link.content
  }
  return chain
}

/** A photograph: taken, handed to an editor, cropped, looked at by a checker, published by the editor. */
export const PHOTOGRAPH: readonly Step[] = [
  { actor: CAMERA, body: { relation: 'created', name: 'Camera 7' } },
  { actor: CAMERA, body: { relation: 'transferred', name: 'Camera 7', receiver: EDITOR.nodeId } },
  { actor: EDITOR, body: { relation: 'received', name: 'Ada, picture desk' } },
  { actor: EDITOR, body: { relation: 'transformed', name: 'Ada, picture desk', content: contentOf('cropped') } },
  { actor: CHECKER, body: { relation: 'reviewed', name: 'Bede' } },
  { actor: EDITOR, body: { relation: 'published', name: 'Ada, picture desk' } },
]

export const digestOfLink = (bytes: Uint8Array): Uint8Array => {
  const opened = openAttributionLink(bytes)
  return opened.verdict === 'accept' ? opened.value.digest : NO_LINK
}
