/**
 * The chain as the page holds it, and as sentences: the newest blocks, the round that is going on, who votes. Pure. Blocks are kept by
 * height; a settled one replaces what was told of it before, never the other way round.
 */
import type {
  BlockSummary,
  ChainStatusView,
  EmergencyView,
  EpochView,
  EventView,
  RoundView,
  ValidatorsView,
  ValidatorView,
} from '../../../src/services/schema.ts'
import { countText, durationText, listText, signed } from './format.ts'
import type { Headline } from './words.ts'

/** Blocks kept, the newest. */
export const BLOCKS_MAX = 120
/** As many of them are held without gaps. */
const STRIP_BLOCKS = 64

export interface Chain {
  readonly halted: string
  readonly round: RoundView
  readonly epoch: EpochView
  readonly emergency: EmergencyView
  /** The newest first, heights differ. */
  readonly blocks: readonly BlockSummary[]
  readonly validators: ValidatorsView | undefined
}

const NUMBER = new Intl.NumberFormat('en-GB')
/** A height as people read it: `1,234`. */
export const heightText = (height: number): string => NUMBER.format(height)

/** A part of a whole: `67 %`, `0.4 %`. */
export const shareText = (part: number, whole: number): string => {
  const percent = whole <= 0 ? 0 : (part / whole) * 100
  return `${percent >= 10 || percent === 0 ? Math.round(percent) : Number(percent.toPrecision(2))} %`
}

/** Of parts per billion. */
export const ppbText = (ppb: number): string => shareText(ppb, 1e9)

/** A change of parts per billion, in points of a hundred, with its sign; empty where it is too small to tell. */
export const pointsText = (ppb: number): string => {
  const points = signed(ppb / 1e7, 1).replace(/\.0$/, '')
  return Number(points.replace('−', '-')) === 0 ? '' : points
}

const withBlocks = (chain: Chain, more: readonly BlockSummary[]): Chain => {
  const byHeight = new Map(chain.blocks.map((block) => [block.height, block]))
  for (const block of more) if (byHeight.get(block.height)?.settled !== true) byHeight.set(block.height, block)
  const blocks = [...byHeight.values()].sort((a, b) => b.height - a.height).slice(0, BLOCKS_MAX)
  return { ...chain, blocks }
}

/** What a status says; without a chain there is none. Another network's blocks (heights that go back) are forgotten. */
export const chainOfStatus = (chain: Chain | undefined, status: ChainStatusView | null): Chain | undefined => {
  if (status === null) return undefined
  const { halted, round, epoch, emergency, tip } = status
  const isSame = (chain?.blocks[0]?.height ?? 0) <= round.height + 1
  const base: Chain =
    chain === undefined || !isSame
      ? { halted, round, epoch, emergency, blocks: [], validators: undefined }
      : { ...chain, halted, round, epoch, emergency }
  return tip === null ? base : withBlocks(base, [tip])
}

export const chainOfBlocks = (chain: Chain | undefined, blocks: readonly BlockSummary[]): Chain | undefined =>
  chain === undefined ? undefined : withBlocks(chain, blocks)

/** Is something of the newest blocks missing that the node could tell: a height, or that one has been settled since? */
export const isTorn = ({ blocks }: Chain): boolean =>
  blocks.slice(1, STRIP_BLOCKS).some(({ height, settled }, place) => !settled || blocks[place]?.height !== height + 1)

/** The epoch after a height was decided. */
export const epochAfter = (epoch: EpochView, height: number): EpochView => {
  if (height <= epoch.firstHeight + epoch.decided - 1) return epoch
  const number = epoch.number + Math.floor((height - epoch.firstHeight + 1) / epoch.slots)
  const firstHeight = number * epoch.slots + 1
  return { ...epoch, number, firstHeight, lastHeight: firstHeight + epoch.slots - 1, decided: height - firstHeight + 1 }
}

type ChainEvent = Extract<EventView, { type: 'block' | 'round' | 'emergency' }>

export const chainOfEvent = (chain: Chain | undefined, event: ChainEvent): Chain | undefined => {
  if (chain === undefined) return undefined
  if (event.type === 'round') {
    const { type: _, ...round } = event
    return { ...chain, round }
  }
  if (event.type === 'emergency') {
    const { type: _, height: __, ...emergency } = event
    return { ...chain, emergency }
  }
  const { block, before } = event
  const told = withBlocks(chain, before === null ? [block] : [before, block])
  return { ...told, epoch: epochAfter(chain.epoch, block.height) }
}

/** Half a block's interval, as a bound around its timestamp. */
const boundText = ({ time }: BlockSummary): string => (time === null ? '' : `± ${durationText(time.widthNs / 2)}`)

/** What every page must show, or nothing. Verdicts stand still where no block comes, and would be taken for fresh. */
export const alarmOf = (chain: Chain): { readonly head: string; readonly says: string } | undefined => {
  const { emergency, halted, round } = chain
  if (halted !== '') return { head: 'This node has stopped deciding', says: halted }
  if (emergency.emergency) return { head: 'Time emergency', says: emergency.explanation }
  if (!round.stuck) return undefined
  const says = `A third of the weight or more is silent. Verdicts stand as after block ${heightText(round.height - 1)} until blocks come again.`
  return { head: 'No block can be decided', says }
}

/** The two sentences over the picture. */
export const chainHeadline = (chain: Chain | undefined, isAsked: boolean): Headline => {
  if (chain === undefined)
    return isAsked
      ? { tone: 'quiet', says: 'This node takes part in no chain.', means: 'It keeps its clock and judges others.' }
      : { tone: 'quiet', says: 'Asking this node.', means: 'Nothing has come back yet.' }
  const { halted, emergency, round, blocks } = chain
  const [tip] = blocks
  if (halted !== '') return { tone: 'alarm', says: 'This node has stopped deciding.', means: halted }
  if (emergency.emergency) {
    const says = `Time emergency: ${ppbText(emergency.outShare)} of the weight is out of time.`
    const means =
      tip === undefined
        ? round.waiting
        : `Block ${heightText(tip.height)} is decided all the same: what those do does not count, and the chain goes on.`
    return { tone: 'alarm', says, means }
  }
  if (round.stuck) {
    const says = `Block ${heightText(round.height)} waits: ${shareText(round.silentWeight, round.total)} of the weight is silent.`
    return { tone: 'alarm', says, means: round.waiting }
  }
  if (round.behind > 0) {
    const says = `${heightText(round.behind)} block${round.behind === 1 ? '' : 's'} behind.`
    return { tone: 'quiet', says, means: 'This node is catching up with its peers and checks every block on the way.' }
  }
  if (tip === undefined) return { tone: 'quiet', says: 'Waiting for the first block.', means: round.waiting }
  return calmHeadline(tip)
}

const calmHeadline = (tip: BlockSummary): Headline => {
  const bound = boundText(tip)
  const says = `Block ${heightText(tip.height)} is decided${bound === '' ? '.' : `, its time known to ${bound}.`}`
  const by =
    tip.validators === 0 ? countText(tip.signers, 'validator') : `${tip.signers} of ${tip.validators} validators`
  const means = `Signed by ${by}, proposed by ${tip.proposer.name}. The next block settles its time.`
  return { tone: 'calm', says, means }
}

/** How sure the time of blocks is lately, and how often a round failed. */
export interface Lately {
  readonly count: number
  /** The middle one of the widths, ns; undefined where none is known. */
  readonly widthNs: number | undefined
  readonly laterRounds: number
}

export const latelyOf = (blocks: readonly BlockSummary[]): Lately => {
  const widths = blocks.flatMap(({ time }) => time?.widthNs ?? []).sort((a, b) => a - b)
  return {
    count: blocks.length,
    widthNs: widths[Math.floor((widths.length - 1) / 2)],
    laterRounds: blocks.filter(({ round }) => round > 0).length,
  }
}

/** What the last epoch's end did to somebody, for a title. */
export const changeText = ({ changed }: ValidatorView): string => {
  if (changed === null) return 'What the last epoch changed is not known to this node.'
  const { accuracy, placedSlots, judgedSlots, falseSlots } = changed
  const moves = [
    ['weight', changed.weight],
    ['reputation', changed.reputation],
    ['integrity', changed.integrity],
  ] as const
  const told = moves.flatMap(([name, ppb]) => (pointsText(ppb) === '' ? [] : [`${name} ${pointsText(ppb)} points`]))
  const accurate = accuracy === null ? 'never placed' : `accuracy ${ppbText(accuracy)}`
  const of = `placed in ${placedSlots} of ${judgedSlots} slots${falseSlots === 0 ? '' : `, out of time in ${falseSlots}`}`
  return `Last epoch: ${told.length === 0 ? 'nothing moved' : listText(told)}; ${accurate}, ${of}.`
}
