/** The little of Node's `Buffer` that checking a signature uses, put where the cores look for it. Imported before any of them. */

class ShimmedBytes extends Uint8Array {
  /** One character a byte: `latin1` is all that is asked for. */
  override toString(): string {
    return String.fromCharCode(...this)
  }
}

const from = (buffer: ArrayBuffer, offset?: number, length?: number): ShimmedBytes =>
  new ShimmedBytes(buffer, offset, length)

const concat = (parts: readonly Uint8Array[]): ShimmedBytes => {
  const joined = from(new ArrayBuffer(parts.reduce((sum, { length }) => sum + length, 0)))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

if (!('Buffer' in globalThis)) Object.defineProperty(globalThis, 'Buffer', { value: { from, concat } })
