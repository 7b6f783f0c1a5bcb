/**
 * Bootstrap from a file that somebody was handed: a JSON list of multiaddrs and of signed peer records in base64. It is read
 * when it is asked, never watched; records are checked like those of any peer. Rule: docs/spec/network.md N-33.
 */
import { open } from 'node:fs/promises'
import { ChimerError } from '../../base/index.ts'
import { BOOTSTRAP_FINDINGS_MAX } from '../discovery/bootstrap.ts'
import type { BootstrapFindings, BootstrapWay } from '../discovery/bootstrap.ts'

/** No such file is larger, bytes. */
const FILE_BYTES_MAX = 4_194_304
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Rejects with `TC_BOOTSTRAP_FILE` where the file cannot be read or is no such list; the message says which. */
export const bootstrapFile = (path: string): BootstrapWay => ({
  kind: 'file',
  name: path,
  find: async () => findingsOf(path, await readText(path)),
})

const readText = async (path: string): Promise<string> => {
  try {
    await using file = await open(path, 'r')
    const { size } = await file.stat()
    if (size > FILE_BYTES_MAX) throw failed(path, `it is larger than ${FILE_BYTES_MAX} bytes`)
    return await file.readFile('utf8')
  } catch (cause) {
    if (cause instanceof ChimerError) throw cause
    throw failed(path, 'it cannot be read. Check the path and its rights', cause)
  }
}

const findingsOf = (path: string, text: string): BootstrapFindings => {
  const items = listOf(path, text)
  const addresses = items.filter((item) => item.startsWith('/'))
  const records = items.filter((item) => !item.startsWith('/'))
  if (!records.every((item) => BASE64.test(item)))
    throw failed(path, 'an item is neither a multiaddr nor a peer record in base64')
  return { addresses, records: records.map((item) => new Uint8Array(Buffer.from(item, 'base64'))) }
}

const listOf = (path: string, text: string): readonly string[] => {
  const data = parse(path, text)
  const isList = Array.isArray(data) && data.length <= BOOTSTRAP_FINDINGS_MAX
  const items: readonly unknown[] = isList ? data : []
  const texts = items.filter((item) => typeof item === 'string')
  if (!isList || texts.length < items.length)
    throw failed(path, `it is no JSON list of at most ${BOOTSTRAP_FINDINGS_MAX} texts`)
  return texts
}

const parse = (path: string, text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw failed(path, 'it is no JSON', cause)
  }
}

const failed = (path: string, why: string, cause?: unknown): ChimerError =>
  new ChimerError('TC_BOOTSTRAP_FILE', `Cannot bootstrap from ${path}: ${why}.`, { facts: { path }, cause })
