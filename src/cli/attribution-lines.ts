/** What `truechimer chain verify` and `chain show` tell, as lines and as JSON. */
import { hexOf } from '../base/index.ts'
import type { TimeInterval } from '../base/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import { RELATION_WORDS, contentText, shortKey, shortened } from './attribution-story.ts'
import type { ToldChain, ToldLink } from './attribution-story.ts'
import { table } from './output.ts'
import type { Colours } from './output.ts'
import { utcDown, utcUp } from './stamp-lines.ts'

export interface ChainDrawing {
  readonly columns: number
  readonly paint: Colours
}

/** What each check asks, for people. */
const CHECK_WORDS: Readonly<Record<string, string>> = {
  form: 'its bytes are a link of this version',
  signature: 'its actor signed it',
  order: 'it names the link before it, of this network, and may stand here',
  actor: 'whoever had the content signed it, or whoever it was handed to',
  content: 'it begins with the content that the link before left, and leaves what its relation allows',
  stamp: 'a quorum fixed it in a block, with the block that it names mixed in',
  time: 'it can have followed the links before it',
}

/** What to do about reasons that are no forgery. */
const ADVICE: Readonly<Record<string, string>> = {
  'attribution-unstamped': 'Its stamp is not final yet: run truechimer chain stamp.',
  'stamp-wrong-network': 'Give the genesis of its own network.',
}

export const chainLines = (told: ToldChain, drawing: ChainDrawing): string[] => [
  ...told.links.flatMap((link) => linkLines(link, drawing)),
  ...endLines(told, drawing),
]

/** After a link was added: that one alone, where all hold. */
export const addedLines = (told: ToldChain, drawing: ChainDrawing): string[] =>
  told.fault === undefined
    ? [...told.links.slice(-1).flatMap((link) => linkLines(link, drawing)), ...endLines(told, drawing)]
    : chainLines(told, drawing)

/** Why a link would not hold, in words. */
export const faultText = ({ check, reason }: Pick<NonNullable<ToldChain['fault']>, 'check' | 'reason'>): string =>
  `${check} [${reason}]. Asked is that ${CHECK_WORDS[check] ?? ''}.`

const linkLines = ({ number, state, link, signed }: ToldLink, { columns, paint }: ChainDrawing): string[] => {
  const mark = state === 'good' ? paint.green('✓') : state === 'broken' ? paint.red('✗') : paint.dim('·')
  if (link === undefined) return [`${mark} ${number}  ${paint.dim('a link that cannot be read')}`]
  const { relation, name, actor, receiver, note, claimed } = link
  const to = receiver === undefined ? '' : ` to ${shortKey(receiver)}`
  const rows: string[][] = [
    ...(signed === undefined ? [] : [['signed', intervalText(signed)]]),
    ...(claimed === undefined ? [] : [['claimed', `done ${intervalText(claimed)}, by its own word`]]),
    ...(note === '' ? [] : [['note', note]]),
    ['content', `${link.content.algorithm}:${shortened(hexOf(link.content.digest))}`],
  ]
  return [
    `${mark} ${number}  ${paint.bold(RELATION_WORDS[relation])}${to} by ${name} ${paint.dim(shortKey(actor))}`,
    ...table(
      rows.map(([head = '', text = '']) => ['    ', paint.dim(head), text]),
      columns,
    ),
  ]
}

export const intervalText = ({ earliest, latest }: TimeInterval): string =>
  earliest === latest ? `at ${utcDown(earliest)}` : `between ${utcDown(earliest)} and ${utcUp(latest)}`

const endLines = (
  { verdict, fault, links, holder, isAwaited }: ToldChain,
  { columns, paint }: ChainDrawing,
): string[] => {
  if (verdict === undefined) return [paint.yellow('not checked'), ...table([['', UNCHECKED]], columns)]
  if (fault !== undefined) {
    const { number, check, reason } = fault
    const word = fault.verdict === 'ignore' ? paint.yellow('not proved') : paint.red('broken')
    const asked = `asked was that ${CHECK_WORDS[check] ?? ''}.`
    const advice = ADVICE[reason]
    return [
      `${word} at link ${number}, ${check} [${reason}]`,
      ...table([['', advice === undefined ? asked : `${asked} ${advice}`]], columns),
    ]
  }
  const whose = `in the hands of ${holder ?? ''}`
  return [
    `${paint.green('holds')} ${links.length === 1 ? 'one link' : `${links.length} links`}, ${whose}${isAwaited ? ', who has not signed for it yet' : ''}`,
  ]
}

const UNCHECKED =
  'Nothing says whom to trust, so no stamp was checked: what stands here is what the links say of themselves. Give --genesis or --checkpoint.'

/** One object. Instants are TAI in ns, as text. */
export const chainJson = (told: ToldChain, file: string): object => ({
  file,
  valid: told.verdict === undefined ? null : told.verdict === 'holds',
  ...(told.fault === undefined
    ? {}
    : { broken: { link: told.fault.number, check: told.fault.check, reason: told.fault.reason } }),
  holder: told.holder ?? null,
  isAwaited: told.isAwaited,
  links: told.links.map(linkJson),
})

const linkJson = ({ number, state, link, signed }: ToldLink): unknown => ({
  number,
  state,
  ...(link === undefined
    ? {}
    : {
        relation: link.relation,
        actor: nodeIdText(link.actor),
        name: link.name,
        note: link.note,
        receiver: link.receiver === undefined ? null : nodeIdText(link.receiver),
        before: link.before === undefined ? null : contentText(link.before),
        content: contentText(link.content),
        claimed: instants(link.claimed),
        beacon: hexOf(link.beacon),
      }),
  signed: instants(signed),
})

const instants = (interval: TimeInterval | undefined): unknown =>
  interval === undefined
    ? null
    : {
        earliest: interval.earliest.toString(),
        latest: interval.latest.toString(),
        utc: { earliest: utcDown(interval.earliest), latest: utcUp(interval.latest) },
      }
