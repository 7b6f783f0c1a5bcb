/**
 * A reader of transparency logs that knows the C2SP specifications (tlog-tiles, tlog-checkpoint, signed-note, tlog-cosignature) and nothing of this
 * project: not a line of the product is shared with it. It walks all tiles of a log, rebuilds the root, and checks the notes.
 */
import assert from 'node:assert/strict'
import { createHash, createPublicKey, verify } from 'node:crypto'

const sha256 = (...parts: readonly (Uint8Array | string)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

export interface Read {
  readonly size: number
  readonly entries: readonly Buffer[]
  /** Names of the witnesses whose cosignatures hold, with their times. */
  readonly witnesses: ReadonlyMap<string, number>
  readonly note: string
}

interface VerifierKey {
  readonly name: string
  readonly id: string
  readonly type: number
  readonly key: Buffer
}

const keyOf = (line: string): VerifierKey => {
  const [name = '', id = '', ...encoded] = line.split('+')
  const bytes = Buffer.from(encoded.join('+'), 'base64')
  assert.equal(sha256(`${name}\n`, bytes).subarray(0, 4).toString('hex'), id, 'the id of a key')
  return { name, id, type: bytes[0] ?? 0, key: bytes.subarray(1) }
}

const isSigned = (key: Buffer, message: string, signature: Buffer): boolean => {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key])
  return verify(null, Buffer.from(message), createPublicKey({ key: der, format: 'der', type: 'spki' }), signature)
}

const get = async (url: string): Promise<Response> => {
  const response = await fetch(url)
  assert.equal(response.status, 200, url)
  return response
}

/** Three digits a part, all but the last behind an x. */
const pathOf = (index: number): string => {
  const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, '0')
  return (digits.match(/\d{3}/g) ?? []).map((part, i, all) => (i < all.length - 1 ? `x${part}` : part)).join('/')
}

/** RFC 6962 §2.1, by its recursion. */
const treeHash = (hashes: readonly Buffer[]): Buffer => {
  const [first] = hashes
  if (first === undefined) return sha256('')
  if (hashes.length === 1) return first
  let k = 1
  while (k * 2 < hashes.length) k *= 2
  return sha256(Uint8Array.of(1), treeHash(hashes.slice(0, k)), treeHash(hashes.slice(k)))
}

const readCheckpoint = async (prefix: string): Promise<Omit<Read, 'entries'> & { readonly root: Buffer }> => {
  const logKey = keyOf((await (await get(`${prefix}/key`)).text()).trim())
  const witnessKeys = (await (await get(`${prefix}/witness-keys`)).text()).trim().split('\n').map(keyOf)
  const response = await get(`${prefix}/checkpoint`)
  assert.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8')
  const note = await response.text()
  const split = note.lastIndexOf('\n\n')
  const [text, lines] = [
    note.slice(0, split + 1),
    note
      .slice(split + 2)
      .trim()
      .split('\n'),
  ]
  const [origin, size, root = ''] = text.split('\n')
  assert.equal(origin, logKey.name)
  const witnesses = new Map<string, number>()
  let isByLog = false
  for (const line of lines) {
    const [dash, name, encoded = ''] = line.split(' ')
    assert.equal(dash, '—')
    const bytes = Buffer.from(encoded, 'base64')
    const isOf = ({ name: of, id }: VerifierKey): boolean => of === name && id === bytes.subarray(0, 4).toString('hex')
    if (isOf(logKey)) isByLog = isSigned(logKey.key, text, bytes.subarray(4))
    const witness = witnessKeys.find(isOf)
    if (witness === undefined) continue
    const time = bytes.readBigUInt64BE(4)
    assert(isSigned(witness.key, `cosignature/v1\ntime ${time}\n${text}`, bytes.subarray(12)), 'a cosignature')
    witnesses.set(witness.name, Number(time))
  }
  assert(isByLog, 'the log signs its checkpoint')
  return { size: Number(size), root: Buffer.from(root, 'base64'), witnesses, note }
}

const tileOf = async (
  prefix: string,
  level: number | 'entries',
  { index, width }: { readonly index: number; readonly width: number },
): Promise<Buffer> => {
  const response = await get(`${prefix}/tile/${level}/${pathOf(index)}${width < 256 ? `.p/${width}` : ''}`)
  assert.equal(response.headers.get('content-type'), 'application/octet-stream')
  assert.match(response.headers.get('cache-control') ?? '', /immutable/)
  return Buffer.from(await response.arrayBuffer())
}

const digests = (tile: Buffer): Buffer[] =>
  Array.from({ length: tile.length / 32 }, (_, i) => tile.subarray(i * 32, (i + 1) * 32))

const entriesOf = (bundle: Buffer): Buffer[] => {
  const entries: Buffer[] = []
  for (let at = 0; at < bundle.length;) {
    const length = bundle.readUInt16BE(at)
    entries.push(bundle.subarray(at + 2, at + 2 + length))
    at += 2 + length
  }
  return entries
}

/** Walks all of it. Rejects with what does not hold. */
export const readLog = async (prefix: string): Promise<Read> => {
  const { root, ...checkpoint } = await readCheckpoint(prefix)
  const { size } = checkpoint
  let below: Buffer[] = []
  const entries: Buffer[] = []
  for (let level = 0; Math.floor(size / 256 ** level) > 0; level += 1) {
    const nodes = Math.floor(size / 256 ** level)
    const hashes: Buffer[] = []
    for (let index = 0; index * 256 < nodes; index += 1) {
      const width = Math.min(256, nodes - index * 256)
      hashes.push(...digests(await tileOf(prefix, level, { index, width })))
      if (level === 0) entries.push(...entriesOf(await tileOf(prefix, 'entries', { index, width })))
    }
    // Each hash is that of a full tile below; the leaves are those of the entries.
    const wanted =
      level === 0
        ? entries.map((entry) => sha256(Uint8Array.of(0), entry))
        : Array.from({ length: nodes }, (_, i) => treeHash(below.slice(i * 256, (i + 1) * 256)))
    assert.deepEqual(hashes, wanted, `level ${level}`)
    if (level === 0) assert.deepEqual(treeHash(hashes), root, 'the root')
    below = hashes
  }
  assert.equal(entries.length, size)
  return { ...checkpoint, entries }
}
