/**
 * Names in certificates, compared as OpenSSL compares them: letters of ASCII without their case, runs of white space as one space and none
 * at the ends, whichever string type they are in (RFC 5280 §7.1, nearly). And what names stand in: general names, algorithms.
 */
import { hexOf } from '../base/index.ts'
import { TAG, objectIdOf } from './rfc3161-der.ts'
import { latin1 } from './rfc3161-ber.ts'
import type { BerAny, BerReader, BerWant } from './rfc3161-ber.ts'

export interface DistinguishedName {
  /** Equal for names that are the same. */
  readonly key: string
  /** For people: values, the last first. */
  readonly text: string
}

export interface Algorithm {
  /** In dotted digits. */
  readonly id: string
  /** The same as the contents of its OBJECT IDENTIFIER. */
  readonly idBytes: Uint8Array
  readonly parameter: BerAny | undefined
}

const VISIBLE = 26
const UNIVERSAL = 28
const BMP = 30
/** NumericString, PrintableString, T61String, IA5String, VisibleString: a byte is a character. */
const ONE_BYTE: readonly number[] = [18, 19, 20, 22, VISIBLE]
/** Types that are compared as text. */
const TEXT: readonly number[] = [TAG.text, 19, 20, 22, VISIBLE, UNIVERSAL, BMP]
/** Types that a name's value may have (OpenSSL's B_ASN1_PRINTABLE). */
const ALLOWED: readonly number[] = [3, 7, 8, 9, 11, TAG.text, 13, 14, 15, 16, 18, 19, 20, 22, UNIVERSAL, 29, BMP]

const decoded = (type: number, contents: Uint8Array): string | undefined => {
  if (ONE_BYTE.includes(type)) return latin1(contents)
  if (type === TAG.text) return decodedUtf8(contents)
  const step = type === BMP ? 2 : 4
  const codes = Array.from({ length: contents.length / step }, (_, i) =>
    contents.subarray(i * step, (i + 1) * step).reduce((sum, byte) => sum * 256 + byte, 0),
  )
  const isText = codes.every((code) => code <= 0x10_ff_ff && (code < 0xd8_00 || code > 0xdf_ff))
  return isText ? String.fromCodePoint(...codes) : undefined
}

const decodedUtf8 = (contents: Uint8Array): string | undefined => {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(contents)
  // What is no UTF-8 does not come back as it was.
  return hexOf(new TextEncoder().encode(text)) === hexOf(contents) ? text : undefined
}

const SPACES = /[ \t\n\v\f\r]+/g
const folded = (text: string): string =>
  text
    .replaceAll(SPACES, ' ')
    .replaceAll(/^ | $/g, '')
    .replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())

interface NameEntry {
  readonly key: string
  readonly text: string
}

const readEntry = (item: BerReader): NameEntry =>
  item.sequence((fields) => {
    const id = hexOf(fields.primitive(TAG.object))
    const value = fields.any()
    const { kind, number, contents } = value
    if (kind !== 0 || !ALLOWED.includes(number)) fields.bad()
    if (fields.isBad || !TEXT.includes(number)) return { key: `${id}=${number}:${hexOf(contents)}`, text: '' }
    const text = decoded(number, contents)
    if (text === undefined) fields.bad()
    return { key: `${id}=${JSON.stringify(folded(text ?? ''))}`, text: text ?? '' }
  })

/** A Name (X.501). */
export const readName = (item: BerReader, want: BerWant = {}): DistinguishedName => {
  const parts = item.listOf('sequence', (part) => part.listOf('set', readEntry), want)
  const key = parts
    .map((part) =>
      part
        .map((entry) => entry.key)
        .toSorted()
        .join('+'),
    )
    .join(',')
  const texts = parts.flatMap((part) => part.map(({ text }) => text)).filter((text) => text !== '')
  return { key, text: texts.toReversed().join(', ') }
}

/** A GeneralName (RFC 5280 §4.2.1.6): a directory name, or another as its bytes in hexadecimal. */
export type GeneralName = { readonly name: DistinguishedName } | { readonly other: string }

const CONTEXT = 0x80
const DIRECTORY_NAME = 4
const GENERAL_NAME_MAX = 8

export const readGeneralName = (item: BerReader): GeneralName => {
  if (item.nextIs(CONTEXT, DIRECTORY_NAME)) {
    const name = item.optionalExplicit(DIRECTORY_NAME, (field) => readName(field))
    if (name !== undefined) return { name }
  }
  const { kind, number, contents } = item.any()
  if (kind !== CONTEXT || number > GENERAL_NAME_MAX) item.bad()
  return { other: hexOf(contents) }
}

/** An AlgorithmIdentifier. */
export const readAlgorithm = (item: BerReader): Algorithm => item.sequence(algorithmFields)
export const optionalAlgorithm = (item: BerReader): Algorithm | undefined => item.optionalSequence(algorithmFields)

const algorithmFields = (fields: BerReader): Algorithm => {
  const idBytes = fields.primitive(TAG.object)
  return { id: objectIdOf(idBytes), idBytes, parameter: fields.hasMore() ? fields.any() : undefined }
}

/** No parameter, or NULL. */
export const hasNoParameter = ({ parameter }: Algorithm): boolean =>
  parameter === undefined || (parameter.kind === 0 && parameter.number === TAG.none)
