/**
 * What all scenarios of twins share: keys, a validator set of equal weights, and everything that can be said in them, made and
 * signed once. So a scenario costs what the step machines cost. Signatures are ideal ones (ideal-signatures.ts).
 */
import assert from 'node:assert/strict'
import { NS_PER_MS, NS_PER_SEC } from '../base/index.ts'
import {
  CONSENSUS_DEFAULTS,
  EMPTY_COMMIT,
  makeBlock,
  NO_TIME,
  proposalPart,
  proposersOf,
  RoundMachine,
  timePart,
  ValidatorSet,
  votePart,
} from '../consensus/index.ts'
import type {
  Block,
  BlockId,
  ProposalHead,
  SignedProposalHead,
  SignedPart,
  SignedVote,
  TimeAttestation,
  VoteBody,
  VoteChoice,
} from '../consensus/index.ts'
import { domainDigest } from '../crypto/index.ts'
import { IdealSignatures } from './ideal-signatures.ts'
import { participant } from './participants.ts'
import type { Participant } from './participants.ts'

const HEIGHT = 1
const NETWORK_ID = domainDigest('truechimer/twins/1', new Uint8Array())
const WEIGHT = 1_000_000_000n
/** When the first round's proposal is received, TAI ns, and how wide every interval is. */
const BEGUN = 1_800_000_000n * NS_PER_SEC
const WIDTH_NS = 10n * NS_PER_MS

export class TwinsWorld {
  readonly networkId = NETWORK_ID
  readonly validators: ValidatorSet
  readonly verifier: IdealSignatures
  /** Places in the set, in the order in which they first lead: validator k of a scenario is at `places[k]`. */
  readonly places: readonly number[]
  readonly #owners: readonly Participant[]
  readonly #blocks = new Map<string, Block>()
  readonly #heads = new Map<string, SignedProposalHead>()
  readonly #votes = new Map<string, SignedVote>()

  /** @param count validators, all of one weight. */
  constructor(count: number) {
    const owners = Array.from({ length: count }, (_, number) => participant(number))
    this.validators = new ValidatorSet(owners.map(({ id, key }) => ({ id, key, weight: WEIGHT })))
    this.places = proposersOf({ networkId: NETWORK_ID, validators: this.validators, height: HEIGHT, count })
    this.verifier = new IdealSignatures(owners)
    this.#owners = this.places.map((place) => {
      const owner = owners.find(({ key }) => this.validators.indexOf(key) === place)
      assert(owner !== undefined)
      return owner
    })
  }

  /** The validator of a scenario whose key this is, as this world hands it out; -1 for any other. */
  validatorOf(key: Uint8Array): number {
    return this.#owners.findIndex((owner) => owner.key === key)
  }

  /** A new step machine for one copy of a validator. */
  machine(validator: number): RoundMachine {
    return new RoundMachine({
      networkId: NETWORK_ID,
      height: HEIGHT,
      validators: this.validators,
      parentTime: NO_TIME,
      parameters: CONSENSUS_DEFAULTS,
      self: this.places[validator],
    })
  }

  #keyOf(validator: number): Uint8Array {
    const owner = this.#owners[validator]
    assert(owner !== undefined)
    return owner.key
  }

  #sign(validator: number, { domain, body }: SignedPart): Uint8Array {
    return this.verifier.sign(this.#keyOf(validator), domain, body)
  }

  /** The block that an instance makes when it leads a round and is bound to none: no two instances make the same. */
  block({
    instance,
    validator,
    round,
  }: {
    readonly instance: number
    readonly validator: number
    readonly round: number
  }): Block {
    return made(this.#blocks, `${instance} ${round}`, () =>
      makeBlock({
        header: {
          networkId: NETWORK_ID,
          height: HEIGHT,
          round,
          parent: Buffer.from(NETWORK_ID).toString('hex'),
          time: NO_TIME,
          stateRoot: new Uint8Array(32).fill(instance),
          weightsRoot: new Uint8Array(32),
          availability: [],
          emergency: false,
          proposer: this.#keyOf(validator),
        },
        body: { lastCommit: EMPTY_COMMIT, transactions: [], witnessed: [], offences: [] },
      }),
    )
  }

  head(validator: number, choice: Pick<ProposalHead, 'round' | 'validRound' | 'block'>): SignedProposalHead {
    const { round, validRound, block } = choice
    return made(this.#heads, `${validator} ${round} ${validRound} ${block}`, () => {
      const head = { networkId: NETWORK_ID, height: HEIGHT, round, validRound, block, author: this.#keyOf(validator) }
      return { ...head, signature: this.#sign(validator, proposalPart(head)) }
    })
  }

  vote(validator: number, { kind, round, block, validRound }: VoteChoice): SignedVote {
    return made(this.#votes, `${validator} ${kind} ${round} ${block} ${validRound}`, () => {
      const body: VoteBody = {
        networkId: NETWORK_ID,
        height: HEIGHT,
        round,
        kind,
        block,
        validRound,
        author: this.#keyOf(validator),
      }
      const vote = { ...body, signature: this.#sign(validator, votePart(body)) }
      return { vote, time: kind === 'precommit' && block !== null ? this.#time(validator, round, block) : null }
    })
  }

  #time(validator: number, round: number, block: BlockId): TimeAttestation {
    const earliest = BEGUN + BigInt(round) * NS_PER_SEC
    const received = { earliest, latest: earliest + WIDTH_NS }
    const body = { networkId: NETWORK_ID, height: HEIGHT, round, block, received, author: this.#keyOf(validator) }
    return { ...body, signature: this.#sign(validator, timePart(body)) }
  }
}

/** What a map holds under a key, made where it does not. */
const made = <T>(known: Map<string, T>, key: string, make: () => T): T => {
  const before = known.get(key)
  if (before !== undefined) return before
  const value = make()
  known.set(key, value)
  return value
}
