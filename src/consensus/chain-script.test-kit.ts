/**
 * A chain that a test writes block by block: members with clocks that are off by so much, what their witnesses measure of them, commits by
 * whoever votes. One block a slot unless told otherwise.
 */
import assert from 'node:assert/strict'
import { NS_PER_MS, NS_PER_SEC } from '../base/index.ts'
import { domainDigest, ed25519Verifier, nodeIdText, sha3, sign, signingKeyOf } from '../crypto/index.ts'
import type { SigningKey, Verifier } from '../crypto/index.ts'
import {
  ATTESTATION_DOMAIN,
  TIME_PROOF_DOMAIN,
  ZERO_DIGEST,
  encodeAttestationBody,
  encodeTimeProofBody,
  sealAttestation,
  sealTimeProof,
} from '../proofs/index.ts'
import type { SealedProof } from '../proofs/index.ts'
import { STANDING_DEFAULTS } from '../standing/index.ts'
import { JUDGEMENT_DEFAULTS } from '../validation/index.ts'
import { applyBlock } from './apply-block.ts'
import type { Applied } from './apply-block.ts'
import { blockFault, nextBlock } from './block-rules.ts'
import type { Block, WitnessedProof } from './block.ts'
import { committeeOf, genesisState } from './chain-state.ts'
import type { ChainGenesis, ChainState } from './chain-state.ts'
import { EMPTY_COMMIT, verifyCommit } from './commit.ts'
import type { Commit } from './commit.ts'
import type { Evidence } from './evidence.ts'
import { CONSENSUS_DEFAULTS } from './parameters.ts'
import type { ConsensusParameters } from './parameters.ts'
import { proposerOf } from './proposer.ts'
import { NO_TIME } from './tally.ts'
import type { BlockTime } from './tally.ts'
import { sealTransaction, transactionPart } from './transaction.ts'
import type { SealedTransaction, TransactionBody, TransactionKind } from './transaction.ts'
import { timePart, votePart } from './vote.ts'
import type { Vote, VoteBody } from './vote.ts'

/** Where scripts begin, TAI ns: in the middle of a slot. */
const SCRIPT_START = 1_800_000_000n * NS_PER_SEC + NS_PER_SEC / 2n
/** Says yes to every signature. */
export const trustingVerifier: Verifier = { verify: () => true }
const NO_SIGNATURE = new Uint8Array(64)

export interface ScriptMember {
  readonly id: string
  readonly key: Uint8Array
  readonly signing: SigningKey
}

/** Somebody with a key that follows from a name. */
export const scriptMember = (name: string): ScriptMember => {
  const signing = signingKeyOf(sha3(new TextEncoder().encode(name)))
  return { id: nodeIdText(signing.publicKey), key: signing.publicKey, signing }
}

export const scriptParameters = (given: Partial<ConsensusParameters> = {}): ConsensusParameters => ({
  ...CONSENSUS_DEFAULTS,
  slotNs: NS_PER_SEC,
  judgement: JUDGEMENT_DEFAULTS,
  standing: STANDING_DEFAULTS,
  ...given,
})

export interface ScriptOptions {
  readonly members: readonly ScriptMember[]
  /** By place in `members`; 1 where not given. */
  readonly stakes?: readonly bigint[]
  readonly parameters?: Partial<ConsensusParameters>
  /** True signatures, checked; else none, and none checked. */
  readonly isSigned?: boolean
}

export interface ScriptStep {
  readonly transactions?: readonly SealedTransaction[]
  readonly offences?: readonly Evidence[]
  /** Ids that are not heard: they prove and witness nothing, and do not vote. */
  readonly silent?: ReadonlySet<string>
  /** Slots since the block before; 1 where not given. */
  readonly slots?: number
  /** No attestations in this block. */
  readonly isWithoutEvidence?: boolean
}

export class ChainScript {
  readonly genesis: ChainGenesis
  readonly verifier: Verifier
  readonly blocks: Block[] = []
  /** How far somebody's clock is ahead, ns, by id. */
  readonly offsets = new Map<string, bigint>()
  state: ChainState
  /** True time, when the newest block was proposed. */
  now = SCRIPT_START
  #people = new Map<string, ScriptMember>()
  readonly #isSigned: boolean
  readonly #proofs = new Map<string, SealedProof>()

  constructor({ members, stakes = [], parameters, isSigned = false }: ScriptOptions) {
    const networkId = domainDigest('truechimer/script/1', new Uint8Array(1))
    this.genesis = {
      networkId,
      parameters: scriptParameters(parameters),
      members: members.map(({ id, key }, i) => ({ id, key, stake: stakes[i] ?? 1n })),
    }
    for (const member of members) this.#people.set(member.id, member)
    this.state = genesisState(this.genesis)
    this.#isSigned = isSigned
    this.verifier = isSigned ? ed25519Verifier : trustingVerifier
  }

  get slot(): number {
    return Number(this.now / this.genesis.parameters.slotNs)
  }

  /** Somebody who may sign from now on. */
  meet(member: ScriptMember): void {
    this.#people.set(member.id, member)
  }

  #sign(id: string, part: { readonly domain: string; readonly body: Uint8Array }): Uint8Array {
    const person = this.#people.get(id)
    assert(person !== undefined)
    return this.#isSigned ? sign(person.signing, part.domain, part.body) : NO_SIGNATURE
  }

  transaction(
    member: ScriptMember,
    what: { readonly kind: TransactionKind; readonly sequence: number; readonly atNs?: bigint; readonly mark?: number },
  ): SealedTransaction {
    const { kind, sequence, atNs = 0n, mark = 0 } = what
    const at = this.now + this.genesis.parameters.slotNs + (this.offsets.get(member.id) ?? 0n) + atNs
    const body: TransactionBody = {
      networkId: this.genesis.networkId,
      author: member.key,
      sequence,
      acted: { earliest: at - NS_PER_MS, latest: at + NS_PER_MS },
      kind,
      payload: kind === 'mark' ? new Uint8Array(32).fill(mark) : new Uint8Array(0),
    }
    return sealTransaction({ ...body, signature: this.#sign(member.id, transactionPart(body)) })
  }

  vote(member: ScriptMember, what: Omit<VoteBody, 'networkId' | 'author'>): Vote {
    const body = { ...what, networkId: this.genesis.networkId, author: member.key }
    return { ...body, signature: this.#sign(member.id, votePart(body)) }
  }

  /** Two prevotes of one round. */
  equivocation(member: ScriptMember, height: number): Evidence {
    const vote = { height, round: 0, kind: 'prevote', validRound: -1 } as const
    const first = this.vote(member, { ...vote, block: '1'.repeat(64) })
    const second = this.vote(member, { ...vote, block: '2'.repeat(64) })
    return { type: 'votes', first, second }
  }

  /** Makes the next block, holds it against the rules, and applies it. */
  step(given: ScriptStep = {}): Applied {
    const block = this.make(given)
    assert.equal(blockFault(this.state, block, { verifier: this.verifier, isKnown: () => false }), undefined)
    const applied = applyBlock(this.state, block)
    this.state = applied.state
    this.blocks.push(block)
    return applied
  }

  /** `count` blocks; what closing slots said, all of it. */
  steps(count: number, given: ScriptStep = {}): void {
    for (let i = 0; i < count; i += 1) this.step(given)
  }

  /** The next block, and time goes on; the state does not. */
  make({
    transactions = [],
    offences = [],
    silent = new Set(),
    slots = 1,
    isWithoutEvidence = false,
  }: ScriptStep): Block {
    const { commit, time } = this.#lastCommit(silent)
    this.now += BigInt(slots) * this.genesis.parameters.slotNs
    const { networkId } = this.genesis
    const { validators, height } = this.state
    const place = proposerOf({ networkId, validators, height: height + 1, round: 0 })
    const proposer = validators.at(place)?.key
    assert(proposer !== undefined)
    const witnessed = isWithoutEvidence ? [] : this.#witnessed(silent)
    return nextBlock(this.state, {
      round: 0,
      proposer,
      lastCommit: commit,
      lastTime: time,
      transactions,
      offences,
      witnessed,
    })
  }

  #lastCommit(silent: ReadonlySet<string>): { readonly commit: Commit; readonly time: BlockTime } {
    const { height, blockId, lastValidators, time: parentTime } = this.state
    if (height === 0) return { commit: EMPTY_COMMIT, time: NO_TIME }
    const { networkId, parameters } = this.genesis
    const received = { earliest: this.now, latest: this.now + 20n * NS_PER_MS }
    const place = { networkId, height, round: 0, block: blockId }
    const vote = votePart({ ...place, kind: 'precommit', validRound: -1 })
    const commit: Commit = {
      height,
      round: 0,
      block: blockId,
      entries: lastValidators.list.flatMap(({ id }, index) =>
        silent.has(id)
          ? []
          : [
              {
                index,
                voteSignature: this.#sign(id, vote),
                received,
                timeSignature: this.#sign(id, timePart({ ...place, received })),
              },
            ],
      ),
    }
    const verified = verifyCommit(commit, {
      networkId,
      validators: lastValidators,
      verifier: trustingVerifier,
      parentTime,
      proposalDelayNs: parameters.proposalDelayNs,
    })
    assert(verified.verdict === 'accept' && verified.value.time !== undefined)
    return { commit, time: verified.value.time }
  }

  #witnessed(silent: ReadonlySet<string>): readonly WitnessedProof[] {
    return this.state.members.flatMap(({ id }) => {
      const witnesses = committeeOf(this.state, id, this.slot).filter((one) => !silent.has(one.id))
      if (silent.has(id) || witnesses.length === 0) return []
      const proof = this.#proof(id)
      return [{ proof, attestations: witnesses.map((witness) => this.#attestation(witness.id, proof)) }]
    })
  }

  #proof(id: string): SealedProof {
    const before = this.#proofs.get(id)
    const nodeId = this.#people.get(id)?.key
    assert(nodeId !== undefined)
    const body = {
      networkId: this.genesis.networkId,
      nodeId,
      sequence: (before?.proof.sequence ?? 0) + 1,
      tai: this.now + (this.offsets.get(id) ?? 0n),
      uncertaintyNs: 1_000_000,
      previous: before?.cid.multihash.digest ?? ZERO_DIGEST,
      beacon: ZERO_DIGEST,
      nonce: sha3(nodeId),
      sources: [{ kind: 'ntp', count: 4 }] as const,
    }
    const signature = this.#sign(id, { domain: TIME_PROOF_DOMAIN, body: encodeTimeProofBody(body) })
    const sealed = sealTimeProof({ ...body, signature })
    this.#proofs.set(id, sealed)
    return sealed
  }

  /** A witness whose clock is off measures everybody off by as much the other way. */
  #attestation(id: string, proof: SealedProof): WitnessedProof['attestations'][number] {
    const witness = this.#people.get(id)?.key
    assert(witness !== undefined)
    const reads = this.now + (this.offsets.get(id) ?? 0n)
    const body = {
      proof: proof.cid,
      witness,
      sentEarliest: reads - 2n * NS_PER_MS,
      receivedLatest: reads + 2n * NS_PER_MS,
      roundTripNs: 2_000_000,
    }
    const signature = this.#sign(id, { domain: ATTESTATION_DOMAIN, body: encodeAttestationBody(body) })
    return sealAttestation({ ...body, signature })
  }
}
