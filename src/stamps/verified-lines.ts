/**
 * A verified stamp in plain words, line by line, each with what was checked for it and what it rests on; and in the same way why a proof
 * shows nothing. For the command line (`--explain`) and for the page. Rules T-28, T-29 in docs/spec/stamps.md.
 */
import {
  NS_PER_DAY,
  NS_PER_HOUR,
  NS_PER_MINUTE,
  NS_PER_MS,
  NS_PER_SEC,
  NS_PER_US,
  floorDiv,
  hexOf,
  max,
} from '../base/index.ts'
import { utcFromTai } from '../clock/index.ts'
import type { StampLink, StampReason, VerifiedStamp } from './stamp-words.ts'

export interface StampLine {
  /** The link that the line rests on most. */
  readonly link: StampLink
  readonly text: string
  readonly explanation: string
  /** Something that the reader should not overlook. */
  readonly isWarning: boolean
}

/** To the millisecond: what a stamp says is never finer. */
const utc = (tai: bigint, rounding: 'down' | 'up'): string => {
  const whole = rounding === 'down' ? tai : tai + NS_PER_MS - 1n
  return utcFromTai(whole).replace(/(\.\d{3})\d*Z$/, '$1Z')
}

/** From what length on a unit is used, its name, and its own length. */
const UNITS: readonly (readonly [from: bigint, unit: string, lengthNs: bigint])[] = [
  [2n * NS_PER_DAY, 'days', NS_PER_DAY],
  [2n * NS_PER_HOUR, 'h', NS_PER_HOUR],
  [2n * NS_PER_MINUTE, 'min', NS_PER_MINUTE],
  [NS_PER_SEC, 's', NS_PER_SEC],
  [NS_PER_MS, 'ms', NS_PER_MS],
  [NS_PER_US, 'µs', NS_PER_US],
]

/** A length of time >= 0 with up to three digits, rounded up: `512 ms`. */
const lengthText = (ns: bigint): string => {
  const found = UNITS.find(([from]) => ns >= from)
  if (found === undefined) return `${ns} ns`
  const [, unit, lengthNs] = found
  const whole = ns / lengthNs
  const steps = whole < 10n ? 100n : whole < 100n ? 10n : 1n
  const rounded = (ns * steps + lengthNs - 1n) / lengthNs
  return `${Number(rounded) / Number(steps)} ${unit}`
}

/** Rounded down: what is said to hold the weight does hold it. */
const percentOf = (weight: bigint, total: bigint): string => {
  const tenths = (1000n * weight) / total
  return `${tenths / 10n}.${tenths % 10n}`
}

const shortHex = (text: string): string => `${text.slice(0, 12)}…`

/** What the proof shows, the most asked for first. */
export const verifiedLines = (verified: VerifiedStamp): readonly StampLine[] => [
  upperLine(verified),
  lowerLine(verified),
  timeLine(verified),
  attestedLine(verified),
  imprintLine(verified),
  receiptLine(verified),
  promiseLine(verified),
  trustLine(verified),
  ...(verified.emergency ? [emergencyLine()] : []),
]

const line = (link: StampLink, text: string, explanation: string, isWarning = false): StampLine => ({
  link,
  text,
  explanation,
  isWarning,
})

const upperLine = ({ interval, height, block }: VerifiedStamp): StampLine =>
  line(
    'block',
    `existed no later than ${utc(interval.notAfter, 'up')}`,
    `The imprint is in block ${height} (${shortHex(block)}): a path leads from it to the root of its batch, that root stands in a transaction that the node ` +
      'signed, and a path leads from the transaction to the header of the block. The next header states the latest instant at which the block can have been proposed.',
  )

const lowerLine = ({ interval, beacon, isBeaconApart }: VerifiedStamp): StampLine =>
  interval.notBefore === undefined || beacon === undefined
    ? line(
        'beacon',
        `submitted at any time before: ${isBeaconApart ? 'the beacon is too far from the block to be shown' : 'no beacon was mixed in'}`,
        isBeaconApart
          ? 'A block was mixed in, but the node was so late with the stamp that the proof does not lead back to it. So it gives an upper bound alone.'
          : 'Whoever asked for the stamp mixed in no block of the network. So the proof gives an upper bound alone.',
      )
    : line(
        'beacon',
        `submitted no earlier than ${utc(interval.notBefore, 'down')}`,
        `What was stamped names block ${beacon.height} (${shortHex(beacon.block)}), whose id nobody knew before it was proposed; the header after it states the earliest instant of that. ` +
          'This dates the asking: the thing itself may be older.',
      )

const timeLine = ({ blockTime: { earliest, latest, timestamp } }: VerifiedStamp): StampLine => {
  // As far as it takes to reach both ends from the middle as it is written, not as it is.
  const written = floorDiv(timestamp, NS_PER_MS) * NS_PER_MS
  return line(
    'headers',
    `true time within ± ${lengthText(max(written - earliest, latest - written))} of ${utc(written, 'down')}`,
    `The interval of the block's proposal, from ${utc(earliest, 'down')} to ${utc(latest, 'up')}, tallied from what a quorum's own clocks said. ` +
      'It holds the true time as long as less than a third of the weight is false. ' +
      'The voters for the next header vouch for the tally.',
  )
}

const attestedLine = ({ attestedBy }: VerifiedStamp): StampLine => {
  const { count, of, weight, total, names } = attestedBy
  return line(
    'votes',
    `attested by ${count} of ${of} validators holding ${percentOf(weight, total)} % of the weight`,
    `The signatures of these validators over the header that settles the time were checked, and together they are more than two thirds of all weight: ${names.join(', ')}. ` +
      'The proof carries only as many votes as that takes; more may have been given.',
  )
}

const imprintLine = ({ algorithm, imprint, isDigestChecked, isSalted }: VerifiedStamp): StampLine =>
  isDigestChecked
    ? line(
        'imprint',
        `of this very thing (${algorithm}${isSalted ? ', salted' : ''})`,
        `The hash of the thing${isSalted ? ', hashed again with a salt that only the holder of the proof has,' : ''} is the imprint that was stamped: ${hexOf(imprint)}.`,
      )
    : line(
        'imprint',
        `of whatever has the imprint ${shortHex(hexOf(imprint))} (${algorithm})`,
        `Nothing was given to compare with: the proof is checked for the imprint ${hexOf(imprint)} alone.`,
        true,
      )

const receiptLine = ({ receipt, sources }: VerifiedStamp): StampLine => {
  const { earliest, latest } = receipt.received
  const stood = sources.length === 0 ? 'nothing that it names' : sources.join(', ')
  return line(
    'receipt',
    `taken by ${receipt.name}; sources of its clock (its own word): ${stood}`,
    `Its signed receipt says: entry ${receipt.position} of its log, between ${utc(earliest, 'down')} and ${utc(latest, 'up')} by its clock. ` +
      "The receipt is one node's word; the time above does not rest on it.",
  )
}

const promiseLine = ({ receipt, height, isPromiseKept }: VerifiedStamp): StampLine =>
  isPromiseKept
    ? line(
        'receipt',
        `promise kept: block ${height}, promised by block ${receipt.heightPromised}`,
        'The node promised in its receipt that a block of that height or a lower one would have the entry.',
      )
    : line(
        'receipt',
        `promise broken: block ${height}, promised by block ${receipt.heightPromised}`,
        'The node promised an earlier block than the one that has the entry. What the proof shows holds all the same.',
        true,
      )

const trustLine = ({ trustedHeight, isBridged }: VerifiedStamp): StampLine =>
  line(
    'trust',
    trustedHeight === 0 ? 'rests on the genesis alone' : `rests on the checkpoint of block ${trustedHeight}`,
    `${trustedHeight === 0 ? 'Who votes first is told by the genesis' : 'Who voted there is told by the checkpoint'}, and more than a third of that weight ` +
      `${isBridged ? 'vouches, step by step, for those who voted here' : 'is among the votes here'}; one of them is honest where less than a third is false.`,
  )

const emergencyLine = (): StampLine =>
  line(
    'headers',
    'the network had declared a time emergency',
    'More than a third of the weight was out of range when these blocks were made. The interval of the time may not hold.',
    true,
  )

/** What a link is, where it does not hold. */
const LINK_WORDS: Readonly<Record<StampLink, string>> = {
  imprint: 'from the thing to its imprint',
  receipt: "from the imprint to the node's receipt",
  tree: 'from the imprint to the root of its batch',
  transaction: "from the batch to the node's transaction",
  block: 'from the transaction to its block',
  headers: 'from header to header',
  beacon: "from the beacon's block to the stamp's",
  weights: 'from the last header to who votes on it',
  votes: 'from the last header to the votes for it',
  trust: 'from the votes to what you trust',
}

const REASON_WORDS: Readonly<Record<StampReason, string>> = {
  'stamp-wrong-network': 'The proof is of another network than the genesis or checkpoint that you gave.',
  'stamp-wrong-algorithm': 'The imprint is of another hash algorithm than the digest that you gave.',
  'stamp-wrong-digest': 'This is another thing than the one that was stamped, or it has been changed since.',
  'stamp-unknown-key': 'The proof names its node by a place among the members of the genesis where there is nobody.',
  'stamp-wrong-receipt': 'The receipt is not signed by the node for this imprint and beacon.',
  'stamp-not-in-batch': 'The path does not lead from the imprint to the root that the proof says.',
  'stamp-wrong-transaction': 'The transaction that fixes the batch is not signed by the node.',
  'stamp-not-in-block': 'The path does not lead from the transaction to the root that the proof says.',
  'stamp-wrong-headers': 'The headers do not follow one another up to the one that was voted for.',
  'stamp-wrong-beacon': 'What is named as the beacon is no block.',
  'stamp-wrong-validators': 'The validators are not those that the header names.',
  'stamp-too-few-votes': 'The votes hold two thirds of the weight or less.',
  'stamp-wrong-vote': 'A vote is not signed for this header by a validator.',
  'stamp-before-checkpoint':
    'The checkpoint is of a later block than the stamp, and vouches for nothing before it. Verify with the genesis or with an older checkpoint.',
  'stamp-trust-expired':
    'The checkpoint is older than it may be. Get a newer one from somebody you believe, or verify with the genesis.',
  'stamp-wrong-bridge': 'The steps that lead from what you trust to the voters do not hold.',
  'stamp-other-chain': 'The headers pass by a block that you trust: they are of another chain.',
  'stamp-too-little-trusted':
    'A third or less of the weight that you trust is among the votes. Ask a node for the proof again, from the height that you trust, or use a checkpoint nearer to the stamp.',
}

/** Why a proof shows nothing, in a sentence that names the link. */
export const refusedLines = (reason: StampReason, link: StampLink): readonly StampLine[] => [
  line(
    link,
    `broken ${LINK_WORDS[link]}: ${REASON_WORDS[reason]}`,
    `Link: ${link}. Reason: ${reason}. Nothing of the proof is to be believed.`,
    true,
  ),
]
