/**
 * The chain as text: where the height that is being decided stands, one block with what is proven and what is open, the genesis. Names of
 * members come from the genesis file, which its people chose; what anybody else may write is shown without control characters.
 */
import { utcFromTai } from '../clock/index.ts'
import { percentText } from '../services/chain-explanations.ts'
import type { BlockSummary, BlockView, ChainStatusView, GenesisView, ValidatorView } from '../services/schema.ts'
import { table } from './output.ts'
import type { Drawing } from './peer-lines.ts'
import { boundText, signedText } from './source-lines.ts'

/** Transactions of a block that are told; `--json` has all. */
const TRANSACTIONS_TOLD_MAX = 20

const countText = (count: number, thing: string): string =>
  `${count.toLocaleString('en-GB')} ${thing}${count === 1 ? '' : 's'}`

const shareText = (part: number, whole: number): string => percentText(BigInt(part), BigInt(whole))

/** For `truechimer status`: height, round, step, what it waits for, the newest block; an emergency first. */
export const chainLines = (chain: ChainStatusView, { columns, paint }: Drawing): string[] => {
  const { round, epoch, emergency, halted } = chain
  const place = `height ${round.height}, round ${round.round}, ${round.step}`
  const within = `epoch ${epoch.number}, ${epoch.decided} of ${epoch.slots} heights`
  const lines = table(
    [
      ['chain  ', `${place}; ${within}`],
      ...(halted === '' ? [['', round.waiting]] : [['', `This node has stopped deciding: ${halted}`]]),
      ...(round.stuck && halted === '' ? [['', STUCK]] : []),
      ['block  ', tipText(chain)],
    ],
    columns,
  )
  const loud = lines.map((line) => (/stopped deciding|No block can/.test(line) ? paint.red(line) : line))
  return emergency.emergency ? [...alarmLines(emergency.explanation, { columns, paint }), ...loud] : loud
}

/** For `truechimer status`: does this node vote, and if not, why? `member`: what the chain holds of it; undefined for a stranger. */
export const votingLines = (
  { round: { validator }, halted }: ChainStatusView,
  member: ValidatorView | undefined,
  { columns, paint }: Drawing,
): string[] => {
  const isVoting = validator && halted === ''
  const isSilent = !isVoting && member !== undefined && member.weight > 0
  const lines = table([['votes  ', votingText({ isVoting, isHalted: halted !== '' }, member)]], columns)
  return isSilent ? lines.map((line) => paint.yellow(line)) : lines
}

const votingText = (
  { isVoting, isHalted }: { readonly isVoting: boolean; readonly isHalted: boolean },
  member: ValidatorView | undefined,
): string => {
  if (member === undefined)
    return 'no: its key is no member, so it follows the chain and checks it. To join: truechimer join'
  const share = percentText(BigInt(member.share), 1_000_000_000n)
  if (member.weight === 0) return `no: ${member.role}. ${member.why}`
  if (!isVoting) {
    const why = isHalted ? 'it has stopped deciding' : 'it was started without --validator'
    return `no: ${why}, so its ${share} of the weight is silent`
  }
  return member.role === 'leaving' ? `with ${share} of the weight. ${member.why}` : `with ${share} of the weight`
}

const alarmLines = (explanation: string, { columns, paint }: Drawing): string[] =>
  table([['TIME EMERGENCY', explanation]], columns).map((line) => paint.bold(paint.red(line)))

const STUCK =
  'No block can be decided until some of them speak again: a third of the weight or more is silent, which leaves no more than two thirds.'

const tipText = ({ tip, tipAgeNs, round }: ChainStatusView): string => {
  if (tip === null) return round.height > 1 ? `${round.height - 1}, which this node does not hold` : 'none yet'
  const age = tipAgeNs === null ? '' : `, ${boundText(tipAgeNs)} old`
  const width = tip.time === null ? '' : `, interval ${boundText(tip.time.widthNs)} wide`
  return `${tip.height}${age}${width}, by ${tip.proposer.name}, signed by ${tip.signers} of ${tip.validators}`
}

/** One block; `truechimer block`. */
export const blockLines = (block: BlockView, drawing: Drawing): string[] => {
  const { columns, paint } = drawing
  const head = table(
    [
      ['block', `${block.height}  ${block.id}`],
      ['time', timeText(block)],
      ...(block.time === null ? [] : [['', `from ${utcOf(block.time.earliest)} to ${utcOf(block.time.latest)}`]]),
      ['proposer', `${block.proposer.name}, decided in round ${block.round}`],
      ['proven', block.proven],
      ...(block.open === '' ? [] : [['open', block.open]]),
      ['holds', holdsText(block)],
      ['parent', block.parent],
    ],
    columns,
  )
  const alarm = block.emergency
    ? alarmLines('This block declares it: more than a third of the weight was out of time.', drawing)
    : []
  return [
    ...alarm,
    ...head,
    ...part(paint.dim('signed by'), signerRows(block), columns),
    ...part(paint.dim('transactions'), transactionRows(block), columns),
    ...part(
      paint.dim('offences'),
      block.offenceList.map(({ offender, explanation }) => [offender.name, explanation]),
      columns,
    ),
  ]
}

const part = (head: string, rows: readonly (readonly string[])[], columns: number): string[] =>
  rows.length === 0 ? [] : ['', head, ...table(rows, columns)]

const utcOf = (tai: string): string => utcFromTai(BigInt(tai))

const timeText = ({ time, settled }: BlockSummary): string =>
  time === null
    ? 'not known to this node yet'
    : `${time.utc}, interval ${boundText(time.widthNs)} wide, ${settled ? 'settled' : 'not settled yet'}`

const holdsText = ({ transactions, witnessed, attestations, offences, bytes }: BlockView): string =>
  [
    countText(transactions, 'transaction'),
    countText(witnessed, 'proof'),
    countText(attestations, 'attestation'),
    countText(offences, 'offence'),
    countText(bytes, 'byte'),
  ].join(', ')

const signerRows = ({ commit, time }: BlockView): string[][] => {
  if (commit === null) return []
  const { signers, missing, total } = commit
  const weightText = (weight: number | null): string =>
    weight === null || total === null ? '' : shareText(weight, total)
  return [
    ...signers.map((signer) => [signer.name, weightText(signer.weight), receivedText(signer, time)]),
    ...missing.map(({ name, weight }) => [name, weightText(weight), 'not in the commit; any quorum will do']),
  ]
}

type Signer = NonNullable<BlockView['commit']>['signers'][number]

/** Where a signer's interval lies against the block's timestamp. */
const receivedText = ({ received, widthNs }: Signer, time: BlockSummary['time']): string => {
  if (received === null) return 'its clock had no time'
  if (widthNs === null) return `late: by ${utcOf(received.latest)} at the latest`
  const middle = (BigInt(received.earliest) + BigInt(received.latest)) / 2n
  const bound = `± ${boundText(widthNs / 2)}`
  return time === null
    ? `received at ${utcFromTai(middle)} ${bound}`
    : `received ${signedText(Number(middle - BigInt(time.timestamp)))} from the timestamp, ${bound}`
}

const transactionRows = ({ transactionList }: BlockView): string[][] => {
  const shown = transactionList
    .slice(0, TRANSACTIONS_TOLD_MAX)
    .map(({ kind, author, payload, key }) => [kind, author.name, payload === '' ? key : payload])
  const left = transactionList.length - shown.length
  return left === 0 ? shown : [...shown, ['', '', `and ${left} more: --json tells them`]]
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Every setting by the path of its key. */
const settingsOf = (value: unknown, path: string): string[][] =>
  isRecord(value)
    ? Object.entries(value).flatMap(([key, inner]) => settingsOf(inner, path === '' ? key : `${path}.${key}`))
    : [[path, settingText(path, value)]]

const settingText = (path: string, value: unknown): string => {
  const text = JSON.stringify(value)
  if (typeof value !== 'number') return text
  if (path.endsWith('Ns')) return `${text}  (${boundText(value)})`
  return path.endsWith('Ppb') ? `${text}  (${percentText(BigInt(value), 1_000_000_000n)})` : text
}

/** `truechimer genesis`. */
export const genesisLines = ({ networkId, name, genesis }: GenesisView, { columns, paint }: Drawing): string[] => {
  const members = Array.isArray(genesis['members']) ? genesis['members'].filter(isRecord) : []
  const stakes = members.map(({ weight }) => (typeof weight === 'number' ? weight : 1))
  const total = stakes.reduce((sum, stake) => sum + stake, 0)
  return [
    ...table(
      [
        ['network', name],
        ['id', networkId],
      ],
      columns,
    ),
    ...part(
      paint.dim(`members: ${members.length}, stake ${total}`),
      members.map(({ name: called, id }, place) => [
        String(called),
        `${stakes[place]} (${shareText(stakes[place] ?? 0, total)})`,
        String(id),
      ]),
      columns,
    ),
    ...part(paint.dim('parameters'), settingsOf(genesis['parameters'], ''), columns),
  ]
}
