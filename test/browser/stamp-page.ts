/** A page's stamps: told what to trust, it says of a proof's bytes what they show, or why not. Bundled by stamp-verifying-browser.test.ts. */
import '../../web/src/shims/buffer.ts'
import {
  imprintOf,
  openStampProof,
  readCheckpoint,
  refusedLines,
  verifiedLines,
  verifyStamp,
} from '../../src/stamps/door.ts'

/** @param checkpoint as the file has it. @param thing bytes of what was stamped. */
const verify = (checkpoint: unknown, thing: readonly number[], proof: readonly number[]): readonly string[] => {
  const trust = readCheckpoint(checkpoint)
  if (trust.verdict !== 'accept') return [trust.reason]
  const opened = openStampProof(Uint8Array.from(proof))
  if (opened.verdict !== 'accept') return [opened.reason]
  const { algorithm } = opened.value
  const digest = { algorithm, digest: imprintOf(algorithm, Uint8Array.from(thing)) }
  const found = verifyStamp(opened.value, { trust: trust.value, digest })
  const lines = found.verdict === 'accept' ? verifiedLines(found.value) : refusedLines(found.reason, found.link)
  return lines.map(({ text }) => text)
}

Object.assign(globalThis, { verifyStampProof: verify })
