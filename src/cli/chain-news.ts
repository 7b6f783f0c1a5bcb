/**
 * What a node's log says of a chain that stands still: once when no quorum can come about, with who is silent, and once when blocks come
 * again; when this node falls behind; and when it begins or ceases to vote. For an operator who has nothing but the log.
 *
 * It looks from time to time, since a chain that stands still has no events. `/v1/status` has all of it at any time.
 */
import type { Cancel, Time } from '../base/index.ts'
import { NS_PER_SEC } from '../base/index.ts'
import type { ChainStatusView } from '../services/schema.ts'

const LOOK_NS = 5n * NS_PER_SEC
/** Heights behind that are no news: what a block or two take on their way. */
const BEHIND_MIN = 10

type Round = ChainStatusView['round']

export interface ChainNews {
  readonly level: 'info' | 'warn'
  readonly message: string
  readonly facts: Readonly<Record<string, string | number>>
}

type Trouble = 'stuck' | 'behind' | undefined

/** Remembers what it has told. Whether the node votes is told when it changes, and not at first. */
export class ChainHerald {
  #told: Trouble
  #height = 0
  #isVoting: boolean | undefined

  news({ round }: Pick<ChainStatusView, 'round'>): readonly ChainNews[] {
    return [...this.#ofVoting(round), ...this.#ofTrouble(round)]
  }

  #ofVoting({ validator, height }: Round): readonly ChainNews[] {
    const before = this.#isVoting
    this.#isVoting = validator
    if (before === undefined || before === validator) return []
    const message = validator ? 'this node votes from now on' : 'this node votes no more'
    return [{ level: 'info', message, facts: { height } }]
  }

  #ofTrouble(round: Round): readonly ChainNews[] {
    const { height } = round
    const trouble = troubleOf(round)
    // Whatever it was is over only with a block: somebody who speaks again for a moment is no end of it.
    const isNews = trouble === undefined ? this.#told !== undefined && height > this.#height : trouble !== this.#told
    if (!isNews) return []
    this.#told = trouble
    this.#height = height
    return [troubleNews(trouble, round)]
  }
}

const troubleNews = (trouble: Trouble, { height, round, behind, waiting }: Round): ChainNews => {
  if (trouble === undefined) return { level: 'info', message: 'blocks come again', facts: { height } }
  return trouble === 'stuck'
    ? { level: 'warn', message: `no block can be decided. ${waiting}`, facts: { height, round } }
    : { level: 'warn', message: 'this node is behind the chain', facts: { height, behind } }
}

const troubleOf = ({ stuck, behind }: Round): Trouble => (stuck ? 'stuck' : behind >= BEHIND_MIN ? 'behind' : undefined)

/** Looks every five seconds, and tells. */
export const heraldChain = (
  time: Time,
  see: () => Pick<ChainStatusView, 'round'>,
  tell: (news: ChainNews) => void,
): Disposable => {
  const herald = new ChainHerald()
  let cancel: Cancel = () => {}
  const look = (): void => {
    for (const news of herald.news(see())) tell(news)
    cancel = time.schedule(LOOK_NS, look)
  }
  look()
  return { [Symbol.dispose]: () => cancel() }
}
