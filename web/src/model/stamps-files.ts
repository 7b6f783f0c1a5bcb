/**
 * Which proof goes with which file, when people drop them in any order; and names. Pure. A proof goes with the file whose name it bears
 * and, where none does, with the one file that is left over: whether it is the right one, checking shows.
 */

export const PROOF_ENDING = '.chime'
/** What is longer than any proof is a file, whatever it is called. Bytes. */
export const PROOF_BYTES_MAX = 2_000_000

const FORMS = ['truechimer/stamp-proof/', 'truechimer/pending-stamp/'].map((form) => new TextEncoder().encode(form))
/** A head of the outer array, then one of the text: two to six bytes before the form's first letter. */
const FORM_PLACES = [2, 3, 4, 5, 6]

/** Do these first bytes, or else the name, say that it is meant for a proof? Says nothing of whether it is a good one. */
export const isProofLike = (name: string, sizeBytes: number, head: Uint8Array): boolean => {
  if (sizeBytes > PROOF_BYTES_MAX) return false
  if (name.toLowerCase().endsWith(PROOF_ENDING)) return true
  return FORMS.some((form) => FORM_PLACES.some((at) => form.every((byte, i) => head[at + i] === byte)))
}

/** What a card has of a pair: names. */
export interface Half {
  readonly id: string
  readonly fileName: string | undefined
  readonly proofName: string | undefined
}

export const proofNameOf = (fileName: string): string => `${fileName}${PROOF_ENDING}`

/** Browsers call a second download `x (1).chime`. */
const bare = (proofName: string): string => proofName.toLowerCase().replace(/(?: ?\(\d+\))?\.chime$/, '')

const belongs = (fileName: string, proofName: string): boolean => bare(proofName) === fileName.toLowerCase()

/**
 * The card that a file (or a proof) completes: one that lacks it and bears the other's name, or the only one that lacks it. Undefined where
 * it begins a card of its own.
 */
export const cardFor = (halves: readonly Half[], name: string, kind: 'file' | 'proof'): string | undefined => {
  const lacking = halves.filter((half) =>
    kind === 'file'
      ? half.fileName === undefined && half.proofName !== undefined
      : half.proofName === undefined && half.fileName !== undefined,
  )
  const named = lacking.find(({ fileName, proofName }) =>
    kind === 'file' ? belongs(name, proofName ?? '') : belongs(fileName ?? '', name),
  )
  if (named !== undefined) return named.id
  return lacking.length === 1 ? lacking[0]?.id : undefined
}

/** A dropped pair, or one of it alone. */
export interface Pair<T> {
  readonly file: T | undefined
  readonly proof: T | undefined
}

/** What was dropped at once, put together: by name, then one left over with one left over. */
export const pairsOf = <T extends { readonly name: string }>(
  files: readonly T[],
  proofs: readonly T[],
): readonly Pair<T>[] => {
  const rest = new Set(files)
  const pairs: Pair<T>[] = []
  const alone: T[] = []
  for (const proof of proofs) {
    const file = [...rest].find(({ name }) => belongs(name, proof.name))
    if (file === undefined) alone.push(proof)
    else {
      rest.delete(file)
      pairs.push({ file, proof })
    }
  }
  const [onlyFile, ...moreFiles] = rest
  const [onlyProof, ...moreProofs] = alone
  if (onlyFile !== undefined && onlyProof !== undefined && moreFiles.length === 0 && moreProofs.length === 0)
    return [...pairs, { file: onlyFile, proof: onlyProof }]
  return [
    ...pairs,
    ...alone.map((proof) => ({ file: undefined, proof })),
    ...[...rest].map((file) => ({ file, proof: undefined })),
  ]
}

/** A name of at most `lengthMax` characters: what is too long loses its middle, so that its ending is still seen. `lengthMax` >= 3. */
export const shortName = (name: string, lengthMax: number): string => {
  const letters = Array.from(name)
  if (letters.length <= lengthMax) return name
  const tail = Math.floor((lengthMax - 1) / 2)
  const head = lengthMax - 1 - tail
  return `${letters.slice(0, head).join('')}…${letters.slice(letters.length - tail).join('')}`
}

const SIZES: readonly (readonly [number, string])[] = [
  [1e9, 'GB'],
  [1e6, 'MB'],
  [1e3, 'kB'],
]

/** `3.2 MB`, `812 bytes`, `empty`. */
export const sizeText = (bytes: number): string => {
  if (bytes === 0) return 'empty'
  const [scale, unit] = SIZES.find(([size]) => bytes >= size * 0.9995) ?? [1, bytes === 1 ? 'byte' : 'bytes']
  const value = bytes / scale
  return `${value >= 100 || scale === 1 ? value.toFixed(0) : String(Number(value.toPrecision(value >= 10 ? 3 : 2)))} ${unit}`
}
