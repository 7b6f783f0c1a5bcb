/** Stamps as the API shows them: `StampRecord`s in the shapes of stamp-schema.ts. */
import { hexOf } from '../base/index.ts'
import type { TimeInterval } from '../base/index.ts'
import { utcFromTai } from '../clock/index.ts'
import { encodeReceipt } from '../stamps/index.ts'
import type { StampChange, StampDesk, StampEntry, StampRecord } from '../stamps/index.ts'
import type { StampNewsView, StampsView, StampView } from './stamp-schema.ts'

type Newest = ReturnType<StampDesk['beacon']>

/** @param newest the block whose height is known, where the entry's beacon is that. */
export const stampView = (record: StampRecord, newest: Newest): StampView => {
  const { id, state, entry, receipt, height } = record
  return {
    id,
    state,
    height: height ?? null,
    entry: entryView(entry, newest),
    position: receipt.position,
    heightPromised: receipt.heightPromised,
    received: receivedView(receipt.received),
    receipt: Buffer.from(encodeReceipt(receipt)).toString('base64'),
  }
}

const entryView = ({ algorithm, imprint, beacon }: StampEntry, newest: Newest): StampView['entry'] => ({
  algorithm,
  imprint: hexOf(imprint),
  beacon,
  ...(newest !== undefined && newest.block === beacon ? { beaconHeight: newest.height } : {}),
})

let newestReceived: { readonly of: TimeInterval; readonly view: StampView['received'] } | undefined

/** Stamps that were taken together have one interval, so the last one that was written down is kept. */
const receivedView = (received: TimeInterval): StampView['received'] => {
  const { earliest, latest } = received
  const last = newestReceived
  if (last !== undefined && last.of.earliest === earliest && last.of.latest === latest) return last.view
  const utc = { earliest: utcFromTai(earliest), latest: utcFromTai(latest) }
  const view = { earliest: String(earliest), latest: String(latest), utc }
  newestReceived = { of: received, view }
  return view
}

export const stampNewsView = ({ id, state, height }: StampRecord): StampNewsView => ({
  id,
  state,
  height: height ?? null,
})

export const changedNewsView = (id: string, { state, height }: StampChange): StampNewsView => ({
  id,
  state,
  height: height ?? null,
})

/** What `JSON.stringify` makes of it, in less time: no text of a stamp has a character that must be escaped. */
export const stampsText = ({ stamps }: StampsView): string => `{"stamps":[${stamps.map(stampText).join(',')}]}`

const stampText = ({ id, state, height, entry, position, heightPromised, received, receipt }: StampView): string =>
  `{"id":"${id}","state":"${state}","height":${height},"entry":${entryText(entry)},"position":${position},` +
  `"heightPromised":${heightPromised},"received":{"earliest":"${received.earliest}","latest":"${received.latest}",` +
  `"utc":{"earliest":"${received.utc.earliest}","latest":"${received.utc.latest}"}},"receipt":"${receipt}"}`

const entryText = ({ algorithm, imprint, beacon, beaconHeight }: StampView['entry']): string =>
  `{"algorithm":"${algorithm}","imprint":"${imprint}","beacon":${beacon === null ? 'null' : `"${beacon}"`}` +
  `${beaconHeight === undefined ? '' : `,"beaconHeight":${beaconHeight}`}}`
