/**
 * Ten minutes of the picture: one frame a slot, oldest first, bounded. Frames carry offsets in ns and the status at the
 * time, so that a trace can change its look where the verdict changed.
 */
import type { NodeDetailView, NodeView } from '../../../src/services/schema.ts'

/** How much is kept, seconds; and how many frames at most, whatever the slot's length. */
export const HISTORY_SEC = 600
export const FRAMES_MAX = 1200

export type NodeStatus = NodeView['status']

export interface Point {
  readonly loNs: number
  readonly hiNs: number
  readonly status: NodeStatus
}

export interface Frame {
  readonly slot: number
  /** By node id; a node without an offset at that slot is missing. */
  readonly points: ReadonlyMap<string, Point>
}

const pointOf = (node: NodeView): readonly [string, Point] | undefined =>
  node.offset === null || node.status === 'absent'
    ? undefined
    : [node.id, { loNs: node.offset.loNs, hiNs: node.offset.hiNs, status: node.status }]

export const frameOf = (slot: number, nodes: readonly NodeView[]): Frame => ({
  slot,
  points: new Map(nodes.map(pointOf).filter((entry) => entry !== undefined)),
})

const trim = (frames: readonly Frame[], slotNs: number): readonly Frame[] => {
  const newest = frames.at(-1)?.slot ?? 0
  const oldest = newest - Math.ceil((HISTORY_SEC * 1e9) / slotNs)
  return frames.filter(({ slot }) => slot >= oldest).slice(-FRAMES_MAX)
}

/** Adds a frame, or replaces the one of the same slot. A slot far behind the newest begins anew: another network. */
export const appendFrame = (frames: readonly Frame[], frame: Frame, slotNs: number): readonly Frame[] => {
  const newest = frames.at(-1)
  if (newest === undefined || frame.slot > newest.slot) return trim([...frames, frame], slotNs)
  if (newest.slot - frame.slot > 10) return [frame]
  return frames.map((other) => (other.slot === frame.slot ? frame : other))
}

/** Lays what a node's own record says under what is already there; known points win. */
export const backfill = (
  frames: readonly Frame[],
  id: string,
  record: NodeDetailView['history'],
  slotNs: number,
): readonly Frame[] => {
  const bySlot = new Map(frames.map((frame) => [frame.slot, frame]))
  for (const { slot, status, offset } of record) {
    const frame = bySlot.get(slot)
    if (offset === null || status === 'absent' || frame?.points.has(id) === true) continue
    const points = new Map(frame?.points).set(id, { loNs: offset.loNs, hiNs: offset.hiNs, status })
    bySlot.set(slot, { slot, points })
  }
  return trim(
    [...bySlot.values()].sort((a, b) => a.slot - b.slot),
    slotNs,
  )
}

/**
 * Where "now" is on the slot axis: the browser's counter minus the slot's time, smoothed so that a late event does not make
 * the strip jerk, and taken afresh after a gap. Seconds.
 */
export const smoothLag = (
  lagSec: number | undefined,
  arrivalSec: number,
  slotSec: number,
  slotLengthSec: number,
): number => {
  const seen = arrivalSec - slotSec
  return lagSec === undefined || Math.abs(seen - lagSec) > 2 * slotLengthSec ? seen : lagSec + (seen - lagSec) * 0.15
}
