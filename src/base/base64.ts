/**
 * Standard base64 (RFC 4648 §4), strictly: padded, no other characters, no bits left over, so that one byte string has one text. It runs in
 * a browser as it stands, which is why it is not Node's.
 */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const VALUES: ReadonlyMap<string, number> = new Map(Array.from(ALPHABET, (letter, value) => [letter, value]))

export const base64Of = (bytes: Uint8Array): string => {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(i, i + 3)
    const group = a * 65_536 + b * 256 + c
    for (const shift of [18, 12, 6, 0]) text += ALPHABET.charAt((group >> shift) & 63)
  }
  const spare = (3 - (bytes.length % 3)) % 3
  return text.slice(0, text.length - spare) + '='.repeat(spare)
}

/** The bytes that a text stands for, or undefined where it is not that text which `base64Of` gives. */
export const bytesOfBase64 = (text: string): Uint8Array | undefined => {
  if (text.length % 4 !== 0) return undefined
  const padding = text.endsWith('==') ? 2 : Number(text.endsWith('='))
  const digits = text.slice(0, text.length - padding)
  const bytes = new Uint8Array((text.length / 4) * 3 - padding)
  let [held, bits, at] = [0, 0, 0]
  for (const digit of digits) {
    const value = VALUES.get(digit)
    if (value === undefined) return undefined
    held = ((held << 6) | value) & 0xff_ff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[at] = (held >> bits) & 0xff
    at += 1
  }
  return (held & ((1 << bits) - 1)) === 0 ? bytes : undefined
}
