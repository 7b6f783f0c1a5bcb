/**
 * The docket as bytes, and back: part of the chain's state, so that all nodes hold the same one and whoever joins can be given
 * it. What did not change since the block before is not encoded again: lines, pages and draws are never changed in place, so
 * the bytes of each are kept beside it.
 *
 * Rule V-15 in docs/spec/validation.md. It does not say that a docket is the chain's; the root of the state does.
 */
import { equalBytes } from '../base/index.ts'
import { encodeArrayOf, encodeData, fixedBytes, int64, list, tuple, uint, word } from '../codec/index.ts'
import type { Field } from '../codec/index.ts'
import { nodeIdText } from '../crypto/index.ts'
import type { Member } from '../proofs/index.ts'
import { DocketDraw } from './docket-draws.ts'
import { Docket, OPEN_SLOTS_MAX } from './docket.ts'
import type { DocketContent, DocketLine, DocketOptions, DocketPage } from './docket.ts'
import { NODE_STATUSES, STATUS_REASONS } from './verdict.ts'

/** Members of a docket that is written down, at most. */
export const DOCKET_MEMBERS_MAX = 2048
/** Greatest `lagSlots` of a docket that is written down. */
export const DOCKET_LAG_MAX = 256

const ids = uint({ max: DOCKET_MEMBERS_MAX - 1 })

interface LineData {
  readonly status: DocketLine['verdict']['status']
  readonly reason: DocketLine['verdict']['reason']
  readonly since: number
  readonly unwitnessedSlots: number
  readonly unplacedSlots: number
}
const lineField = tuple<LineData>({
  status: word(NODE_STATUSES),
  reason: word(STATUS_REASONS),
  since: uint(),
  unwitnessedSlots: uint(),
  unplacedSlots: uint(),
})
interface VoiceData {
  readonly key: Uint8Array
  readonly weight: bigint
}
const drawField = list(tuple<VoiceData>({ key: fixedBytes(32), weight: int64({ min: 1n }) }), DOCKET_MEMBERS_MAX)
interface EntryData {
  readonly witness: number
  readonly lo: bigint
  readonly hi: bigint
}
const pageField = list(tuple<EntryData>({ witness: ids, lo: int64(), hi: int64() }), DOCKET_MEMBERS_MAX)
interface SubjectData {
  readonly subject: number
  readonly page: readonly EntryData[]
}
interface SlotData {
  readonly slot: number
  readonly subjects: readonly SubjectData[]
}
interface DocketData {
  readonly closed: number
  readonly lines: readonly LineData[]
  /** Different draws, in the order in which `places` first names them. */
  readonly draws: readonly (readonly VoiceData[])[]
  readonly places: readonly number[]
  readonly open: readonly SlotData[]
}
const slotField = tuple<SlotData>({
  slot: uint(),
  subjects: list(tuple<SubjectData>({ subject: ids, page: pageField }), DOCKET_MEMBERS_MAX),
})
const docketField: Field<DocketData> = tuple<DocketData>({
  closed: uint(),
  lines: list(lineField, DOCKET_MEMBERS_MAX),
  draws: list(drawField, DOCKET_LAG_MAX + 2),
  places: list(uint({ max: DOCKET_LAG_MAX + 1 }), DOCKET_LAG_MAX + 2),
  open: list(slotField, DOCKET_LAG_MAX + OPEN_SLOTS_MAX),
})

const lineBytes = new WeakMap<DocketLine, Uint8Array>()
const drawBytes = new WeakMap<DocketDraw, Uint8Array>()
/** A docket makes its pages anew where its members change, so a page means one order of members. */
const pageBytes = new WeakMap<DocketPage, Uint8Array>()

/** What `make` gives for `key`, made once. */
const kept = <K extends object>(shelf: WeakMap<K, Uint8Array>, key: K, make: () => Uint8Array): Uint8Array => {
  const known = shelf.get(key)
  if (known !== undefined) return known
  const made = make()
  shelf.set(key, made)
  return made
}

const bytesOfLine = (line: DocketLine): Uint8Array =>
  kept(lineBytes, line, () => encodeData(lineField.write({ ...line, ...line.verdict })))

const bytesOfDraw = (draw: DocketDraw): Uint8Array =>
  kept(drawBytes, draw, () => encodeData(drawField.write(draw.members)))

/** The docket as one CBOR item: a tuple of closed slot, lines, draws, which of them when, and what is open. */
export const encodeDocket = (docket: Docket): Uint8Array => {
  const { closed, lines, draws, open } = docket.content()
  const different: Uint8Array[] = []
  const places = draws.map((draw) => placeAmong(different, bytesOfDraw(draw)))
  const indexes = new Map(docket.members.map(({ id }, index) => [id, index]))
  const slots = [...open].sort(([a], [b]) => a - b)
  return encodeArrayOf([
    encodeData(closed),
    encodeArrayOf(lines.map(bytesOfLine)),
    encodeArrayOf(different),
    encodeData(places),
    encodeArrayOf(slots.map(([slot, pages]) => bytesOfSlot(slot, pages, indexes))),
  ])
}

const placeAmong = (different: Uint8Array[], bytes: Uint8Array): number => {
  const found = different.findIndex((one) => one === bytes || equalBytes(one, bytes))
  return found === -1 ? different.push(bytes) - 1 : found
}

type Indexes = ReadonlyMap<string, number>

const bytesOfSlot = (slot: number, pages: ReadonlyMap<string, DocketPage>, indexes: Indexes): Uint8Array => {
  const subjects = [...pages]
    .map(([id, page]) => ({ subject: indexes.get(id) ?? 0, page }))
    .sort((a, b) => a.subject - b.subject)
  const parts = subjects.map(({ subject, page }) => encodeArrayOf([encodeData(subject), bytesOfPage(page, indexes)]))
  return encodeArrayOf([encodeData(slot), encodeArrayOf(parts)])
}

const bytesOfPage = (page: DocketPage, indexes: Indexes): Uint8Array =>
  kept(pageBytes, page, () =>
    encodeData(pageField.write(page.map(({ witness, offset }) => ({ witness: indexes.get(witness) ?? 0, ...offset })))),
  )

/**
 * A docket from decoded data of anybody, for members whose order is known; nothing where the data is not of the shape, or
 * not what `encodeDocket` writes. `slot` of the options does not matter.
 */
export const readDocket = (data: unknown, options: Omit<DocketOptions, 'slot'>): Docket | undefined => {
  const read = docketField.read(data)
  if (read === undefined || !isWellMade(read, options)) return undefined
  const members = new Map(options.members.map((member) => [keyText(member.key), member]))
  const draws = read.draws.map((voices) => new DocketDraw(voices.map((voice) => memberOfVoice(voice, members))))
  const content: DocketContent = {
    closed: read.closed,
    lines: read.lines.map(({ status, reason, since, ...silence }) => ({
      verdict: { status, reason, since },
      ...silence,
    })),
    draws: read.places.flatMap((place) => draws[place] ?? []),
    open: new Map(read.open.map(({ slot, subjects }) => [slot, pagesOf(subjects, options.members)])),
  }
  return new Docket({ ...options, slot: read.closed + 1 }, content)
}

const keyText = (key: Uint8Array): string => key.join(' ')

/** A member as it was weighed then. One that has left is known by its key. */
const memberOfVoice = ({ key, weight }: VoiceData, members: ReadonlyMap<string, Member>): Member => {
  const member = members.get(keyText(key))
  return member?.weight === weight ? member : { id: member?.id ?? nodeIdText(key), key, weight }
}

const pagesOf = (subjects: readonly SubjectData[], members: readonly Member[]): Map<string, DocketPage> => {
  const idOf = (index: number): string => members[index]?.id ?? ''
  return new Map(
    subjects.map(({ subject, page }) => [
      idOf(subject),
      page.map(({ witness, lo, hi }) => ({ witness: idOf(witness), offset: { lo, hi } })),
    ]),
  )
}

/** Does everything refer to what is there, each once and in order? */
const isWellMade = (read: DocketData, { members, lagSlots = 0 }: Omit<DocketOptions, 'slot'>): boolean => {
  const { closed, lines, draws, places, open } = read
  if (lines.length !== members.length || places.length !== lagSlots + 2) return false
  if (!arePlacesInOrder(places, draws.length) || !draws.every(areVoicesDifferent)) return false
  const farthest = closed + lagSlots + OPEN_SLOTS_MAX
  if (!isRising(open.map(({ slot }) => slot)) || !open.every(({ slot }) => slot > closed && slot <= farthest))
    return false
  return open.every(({ subjects }) => areSubjectsWellMade(subjects, members.length))
}

const areSubjectsWellMade = (subjects: readonly SubjectData[], count: number): boolean =>
  isRising(subjects.map(({ subject }) => subject)) &&
  subjects.every(
    ({ subject, page }) =>
      subject < count &&
      new Set(page.map(({ witness }) => witness)).size === page.length &&
      page.every(({ witness, lo, hi }) => witness < count && witness !== subject && lo <= hi),
  )

const isRising = (values: readonly number[]): boolean =>
  values.every((value, i) => i === 0 || value > (values[i - 1] ?? 0))

/** Every draw is named, and the first naming of each comes after that of the one before. */
const arePlacesInOrder = (places: readonly number[], count: number): boolean => {
  let next = 0
  for (const place of places) {
    if (place > next) return false
    if (place === next) next += 1
  }
  return next === count
}

const areVoicesDifferent = (voices: readonly VoiceData[]): boolean =>
  new Set(voices.map(({ key }) => keyText(key))).size === voices.length
