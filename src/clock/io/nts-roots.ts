/**
 * Certificates of authorities that an operator trusts besides the platform's: a PEM file of one or more. Read once at the start,
 * and checked, since TLS passes over nonsense in silence and every server would then be unknown.
 */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ChimerError } from '../../base/index.ts'
import { codeOf } from '../../crypto/io/disk.ts'

/** A root store of a platform is about 250 kB. */
const FILE_BYTES_MAX = 1_048_576

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

const refused = (path: string, why: string, cause?: unknown): ChimerError =>
  new ChimerError('TC_NTS_CA_FILE', `cannot use ${path} for sources.ntsCaFile: ${why}`, { facts: { path }, cause })

/** The certificates (PEM) in the file. `TC_NTS_CA_FILE` where it cannot be read, holds none, or one that is none. */
export const readRootsFile = (path: string): readonly string[] => {
  const found = readText(path).match(CERTIFICATE) ?? []
  if (found.length === 0) throw refused(path, 'there is no certificate in it; give one or more in PEM')
  for (const pem of found) {
    try {
      void new X509Certificate(pem)
    } catch (cause) {
      throw refused(path, 'one of its certificates is none', cause)
    }
  }
  return found
}

const readText = (path: string): string => {
  try {
    const bytes = readFileSync(path)
    if (bytes.length <= FILE_BYTES_MAX) return bytes.toString('latin1')
  } catch (cause) {
    throw refused(path, `it cannot be read (${codeOf(cause)}); check the path and its rights`, cause)
  }
  throw refused(path, `it is larger than ${FILE_BYTES_MAX} bytes`)
}
