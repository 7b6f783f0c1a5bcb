/**
 * What a devnet tells of its chain: the first block, what the end of an epoch did to the weight of who kept bad time, and time emergencies.
 * One block a second is too much to tell; the dashboard shows them.
 */
import { durationText } from '../../services/explanations.ts'
import { ApiError, openClient } from '../../services/client.ts'
import type { ValidatorView } from '../../services/schema.ts'
import { percentText } from '../../services/chain-explanations.ts'
import type { ChainEvent } from './watch.ts'

const SHARE_ONE = 1_000_000_000n
/** A wider interval of a block says nothing to people: nobody's clock was set yet. */
const TOLD_WIDTH_NS_MAX = 60e9

/** Lines on who had slots as a falseticker in the epoch that has ended, and what it weighs now. */
export const weightLines = (validators: readonly ValidatorView[]): readonly string[] =>
  validators
    .filter(({ changed }) => changed !== null && changed.falseSlots > 0)
    .map(({ name, share, changed }) => {
      const slots = changed?.falseSlots ?? 0
      const why = `was a falseticker for ${slots} slot${slots === 1 ? '' : 's'} of the epoch that has ended`
      return `${name} ${why}, and has ${percentText(BigInt(share), SHARE_ONE)} of the weight from now on`
    })

/** Told events of one node; it asks that node at `api` for weights once an epoch. */
export const openChainTale = ({
  api,
  tell,
}: {
  readonly api: string
  readonly tell: (line: string) => void
}): ((event: ChainEvent) => void) => {
  const client = openClient({ baseUrl: api })
  /** The height that ends the running epoch; 0 before it is known. */
  let epochEnd = 0
  const tellWeights = async (isEnd: boolean): Promise<void> => {
    try {
      const { epoch, validators } = await client.validators()
      epochEnd = epoch.lastHeight
      if (isEnd) for (const line of weightLines(validators)) tell(line)
    } catch (error) {
      // The next block asks again; that a node has ended is told elsewhere.
      if (!(error instanceof ApiError)) throw error
    }
  }
  let isFirst = true
  return (event) => {
    if (event.type === 'emergency')
      return tell(event.emergency ? `time emergency. ${event.explanation}` : 'the time emergency is over')
    const { height, time } = event.block
    if (isFirst && time !== null)
      tell(
        time.widthNs < TOLD_WIDTH_NS_MAX
          ? `block ${height} is decided, its time known to ± ${durationText(BigInt(Math.round(time.widthNs / 2)))}`
          : `block ${height} is decided, before enough clocks were set to know its time`,
      )
    isFirst = false
    if (epochEnd === 0) return void tellWeights(false)
    if (height >= epochEnd) {
      epochEnd = 0
      void tellWeights(true)
    }
  }
}
