/**
 * What a light client is shown: from something that it trusts, in few steps, to a header of any height, and what is in that
 * block. Each step is a header, the validators who voted on it, and their commit. Bytes of it are bounded and have one spelling.
 *
 * Source: DESIGN §5.5 ("Finality is what a light client checks"). Rules B-100 to B-104 in docs/spec/consensus.md.
 */
import { accept, reject } from '../base/index.ts'
import type { Admission } from '../base/index.ts'
import { CODEC_REASONS, bytes, codecOf, fixedBytes, list, tuple, uint, word } from '../codec/index.ts'
import type { Field } from '../codec/index.ts'
import { DIGEST_BYTES, MERKLE_LEAVES_MAX, MERKLE_PATH_MAX } from '../crypto/index.ts'
import { headerField } from './block-bytes.ts'
import type { Header } from './block.ts'
import { commitField } from './commit.ts'
import type { Commit } from './commit.ts'
import { validatorsField } from './validators-bytes.ts'
import type { ValidatorSet } from './validators.ts'

/** The largest proof that is looked at, bytes: 14 steps of 1,024 validators each. */
export const LIGHT_PROOF_BYTES_MAX = 4_194_304
/** Steps of one proof: two epochs each at the least, so 512 epochs of the fastest change of weights that there can be. */
export const LIGHT_STEPS_MAX = 256
export const LIGHT_INCLUSIONS_MAX = 64
/** The largest thing whose inclusion is shown, bytes: a proof with all the attestations that a block may have of it. */
export const LIGHT_LEAF_BYTES_MAX = 16_384

/** A header that was decided. */
export interface LightStep {
  readonly header: Header
  /** Of this header, by the validators. As many entries as it takes; the whole commit where its time is what is shown. */
  readonly commit: Commit
  /** Who voted on it; undefined where they are those of the step before, or of what is trusted. */
  readonly validators: ValidatorSet | undefined
}

export const LIGHT_KINDS = ['transaction', 'witnessed', 'offence'] as const
/** In which of a block's lists a thing is. */
export type LightKind = (typeof LIGHT_KINDS)[number]

/** That a thing is in the block of the header that is shown. */
export interface LightInclusion {
  readonly kind: LightKind
  /** The leaf as the tree has it (B-23): a transaction's bytes, an offence's, or those of a proof with its attestations. */
  readonly leaf: Uint8Array
  readonly index: number
  readonly size: number
  readonly path: readonly Uint8Array[]
  /** The roots of the witnessed and of the offences, which together are the header's evidence root; empty for a transaction. */
  readonly halves: readonly Uint8Array[]
}

export interface LightProof {
  /** Of the trusted checkpoint, with who voted on it; undefined where the genesis is what is trusted. */
  readonly start: { readonly header: Header; readonly validators: ValidatorSet } | undefined
  /** Heights rise. */
  readonly steps: readonly LightStep[]
  /** The header that is shown, where it is the parent of the last step's, which settles its time; else it is the last step's own. */
  readonly target: Header | undefined
  readonly inclusions: readonly LightInclusion[]
}

export const LIGHT_PROOF_REASONS = [...CODEC_REASONS] as const
export type LightProofReason = (typeof LIGHT_PROOF_REASONS)[number]

/** Nothing is written as an empty list, and something as a list of it. */
interface Perhaps<T> {
  readonly value: T | undefined
}
const perhaps = <T>(item: Field<T>): Field<Perhaps<T>> => {
  const inner = list(item, 1)
  return {
    write: ({ value }) => inner.write(value === undefined ? [] : [value]),
    read: (data) => {
      const found = inner.read(data)
      return found === undefined ? undefined : { value: found[0] }
    },
  }
}

interface WrittenStep {
  readonly header: Header
  readonly commit: Commit
  readonly validators: Perhaps<ValidatorSet>
}
interface Written {
  readonly form: 'truechimer/light-proof/1'
  readonly start: Perhaps<{ readonly header: Header; readonly validators: ValidatorSet }>
  readonly steps: readonly WrittenStep[]
  readonly target: Perhaps<Header>
  readonly inclusions: readonly LightInclusion[]
}

const proofField = tuple<Written>({
  form: word(['truechimer/light-proof/1']),
  start: perhaps(tuple({ header: headerField, validators: validatorsField })),
  steps: list(
    tuple<WrittenStep>({ header: headerField, commit: commitField, validators: perhaps(validatorsField) }),
    LIGHT_STEPS_MAX,
  ),
  target: perhaps(headerField),
  inclusions: list(
    tuple<LightInclusion>({
      kind: word(LIGHT_KINDS),
      leaf: bytes(LIGHT_LEAF_BYTES_MAX),
      index: uint({ max: MERKLE_LEAVES_MAX - 1 }),
      size: uint({ min: 1, max: MERKLE_LEAVES_MAX }),
      path: list(fixedBytes(DIGEST_BYTES), MERKLE_PATH_MAX),
      halves: list(fixedBytes(DIGEST_BYTES), 2),
    }),
    LIGHT_INCLUSIONS_MAX,
  ),
})
const codec = codecOf(proofField, LIGHT_PROOF_BYTES_MAX)

/** A proof within the limits above; anything else is a bug. */
export const encodeLightProof = ({ start, steps, target, inclusions }: LightProof): Uint8Array =>
  codec.encode({
    form: 'truechimer/light-proof/1',
    start: { value: start },
    steps: steps.map(({ validators, ...step }) => ({ ...step, validators: { value: validators } })),
    target: { value: target },
    inclusions,
  })

/** A proof from bytes of anybody: well-formed and in its one spelling. What it proves, a LightClient says. Never throws. */
export const openLightProof = (given: Uint8Array): Admission<LightProof, LightProofReason> => {
  const decoded = codec.decode(given)
  if (decoded.verdict !== 'accept') return reject(decoded.reason)
  const { start, steps, target, inclusions } = decoded.value
  return accept({
    start: start.value,
    steps: steps.map(({ validators, ...step }) => ({ ...step, validators: validators.value })),
    target: target.value,
    inclusions,
  })
}
