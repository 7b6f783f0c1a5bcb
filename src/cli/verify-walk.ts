/** Which proofs `truechimer verify` is to check by what was typed, and of which files they are. */
import { ChimerError } from '../base/index.ts'
import { chimeOf } from './chime-file.ts'
import { STANDARD_INPUT, isOurs, kindOf, walkFiles } from './file-walk.ts'

const CHIME = '.chime'
const BROKEN = '.broken'
/** A proof, or one that was kept when a newer was made. */
const isProof = (path: string): boolean => /\.chime(?:\.\d+)?$/.test(path)

export type ProofFound =
  | { readonly type: 'pair' | 'evidence'; readonly file: string; readonly proof: string }
  | { readonly type: 'failed'; readonly file: string; readonly proof: string; readonly why: string }

/**
 * `FILE PROOF` is one file with a proof of any place; else every argument is a file with its proof beside it, a proof with its file beside
 * it, a directory or pattern of them, or evidence. `TC_USAGE` where standard input has no proof.
 */
export async function* walkProofs(files: readonly string[]): AsyncGenerator<ProofFound> {
  const [file = '', proof = ''] = files
  const isPair = files.length === 2 && !isProof(file) && (isProof(proof) || file === STANDARD_INPUT)
  if (isPair) {
    yield { type: 'pair', file, proof }
    return
  }
  if (files.includes(STANDARD_INPUT))
    throw new ChimerError(
      'TC_USAGE',
      'Standard input has no name: give its proof too, as in truechimer verify - NAME.chime.',
    )
  for (const given of files) yield* walkGiven(given)
}

async function* walkGiven(given: string): AsyncGenerator<ProofFound> {
  const wantsProofs = given.endsWith(CHIME) || (await kindOf(given)) === 'directory'
  const isWanted = wantsProofs ? (path: string) => path.endsWith(CHIME) : (path: string) => !isOurs(path)
  for await (const found of walkFiles([given], isWanted)) {
    const { path } = found
    if (found.type === 'skipped') continue
    if (found.type === 'file') yield foundOf(path)
    else yield { type: 'failed', file: path, proof: path, why: found.why }
  }
}

const foundOf = (path: string): ProofFound => {
  if (path.endsWith(BROKEN)) return { type: 'evidence', file: path, proof: path }
  if (isProof(path)) return { type: 'pair', file: path.replace(/\.chime(?:\.\d+)?$/, ''), proof: path }
  return { type: 'pair', file: path, proof: chimeOf(path) }
}
