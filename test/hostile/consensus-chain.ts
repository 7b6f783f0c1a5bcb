/** The chain as a hostile peer has it: asked of its victim, block after block, so that it can say what comes next. */
import { applyBlock, genesisState, openBlock, openCommit, proposerOf } from '../../src/consensus/index.ts'
import type { ChainState, Commit } from '../../src/consensus/index.ts'
import { ANSWER_BYTES_MAX, blocksAnswerCodec, blocksQuestionCodec } from '../../src/consensus/questions.ts'
import { consensusProtocol } from '../../src/network/index.ts'
import type { ConsensusQuestionName } from '../../src/network/index.ts'
import { frameOf, readFrame } from '../../src/network/io/frames.ts'
import { chainGenesisOf } from '../../src/node/index.ts'
import type { Genesis } from '../../src/node/index.ts'
import type { HostilePeer } from './peer.ts'
import type { HostileMember } from './stage.ts'

/** What comes back; undefined where the stream was reset. */
export const askBytes = async (
  peer: HostilePeer,
  {
    question,
    networkId,
    bytes,
  }: { readonly question: ConsensusQuestionName; readonly networkId: Uint8Array; readonly bytes: Uint8Array },
): Promise<Uint8Array | undefined> => {
  const stream = await peer.say(consensusProtocol(question, networkId), frameOf(bytes))
  const said = await readFrame(stream, { bytesMax: 2 * ANSWER_BYTES_MAX, signal: AbortSignal.timeout(20_000) })
  return 'bytes' in said ? said.bytes : undefined
}

export class FollowedChain {
  readonly #genesis: Genesis
  readonly #peer: HostilePeer
  state: ChainState
  /** Of the newest block. */
  commit: Commit | undefined

  constructor(genesis: Genesis, peer: HostilePeer) {
    this.#genesis = genesis
    this.#peer = peer
    this.state = genesisState(chainGenesisOf(genesis))
  }

  /** Takes in what has been decided since. */
  async follow(): Promise<Commit> {
    const { networkId, consensus } = this.#genesis
    for (;;) {
      const bytes = blocksQuestionCodec.encode({ from: this.state.height + 1 })
      const answer = blocksAnswerCodec.decode(
        (await askBytes(this.#peer, { question: 'blocks', networkId, bytes })) ?? new Uint8Array(0),
      )
      const blocks = answer.verdict === 'accept' ? answer.value.blocks : []
      for (const stored of blocks) {
        const block = openBlock(stored.block, { networkId, bytesMax: consensus.blockBytesMax })
        const commit = openCommit(stored.commit)
        if (block.verdict !== 'accept' || commit.verdict !== 'accept') throw new TypeError('no block')
        this.state = applyBlock(this.state, block.value).state
        this.commit = commit.value
      }
      if (blocks.length === 0 && this.commit !== undefined) return this.commit
    }
  }

  /** The first round of the next height in which this member's turn it is to propose. */
  turnOf({ key }: HostileMember): number {
    const { validators, height } = this.state
    const { networkId } = this.#genesis
    const place = validators.indexOf(key.publicKey)
    for (let round = 0; round < validators.size; round += 1)
      if (proposerOf({ networkId, validators, height: height + 1, round }) === place) return round
    throw new TypeError('never its turn')
  }
}
