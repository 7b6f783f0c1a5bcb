/** Where things stand in the picture, in CSS pixels: the columns of "now", and notes that must not cover one another. */

export interface HeroLayout {
  /** Left edge of the strip: right of the axis labels. */
  readonly left: number
  /** Where history ends and "now" begins. */
  readonly nowLeft: number
  readonly right: number
  readonly top: number
  readonly bottom: number
  /** Width of one node's column. */
  readonly column: number
  /** A telephone's width: shorter words, no unit on the axis. */
  readonly narrow: boolean
}

export const HERO_TOP = 26
/** Room under the strip: names and offsets of the nodes. */
export const HERO_BOTTOM = 62

/** Columns narrower than this, px, carry the mark over the name instead of beside it. */
export const STACKED_PX = 72

/** `nodes` counts the columns; at least one is laid out, so that an empty strip has the same shape. */
export const heroLayout = (width: number, height: number, nodes: number): HeroLayout => {
  const narrow = width < 640
  const left = narrow ? 36 : 66
  const count = Math.max(1, nodes)
  const share = narrow ? 0.62 : 0.4
  const column = Math.min(narrow ? 56 : 84, ((width - left) * share) / count)
  return {
    left,
    nowLeft: width - column * count,
    right: width,
    top: HERO_TOP,
    bottom: height - HERO_BOTTOM - (column < STACKED_PX ? 14 : 0),
    column,
    narrow,
  }
}

/**
 * Tops of notes of equal height that would like their middle at `wants` (px), kept within [min, max] and apart from one
 * another in their order. Too many for the room: the last ones overlap at the bottom.
 */
export const placeNotes = (wants: readonly number[], height: number, min: number, max: number): readonly number[] => {
  const order = wants.map((want, index) => ({ want, index })).sort((a, b) => a.want - b.want)
  const tops = wants.map(() => 0)
  let free = min
  for (const { want, index } of order) {
    const top = Math.max(free, Math.min(want - height / 2, max - height))
    tops[index] = top
    free = top + height
  }
  const [last] = order.slice(-1)
  const over = last === undefined ? 0 : Math.max(0, (tops[last.index] ?? 0) + height - max)
  return over === 0 ? tops : tops.map((top) => Math.max(min, top - over))
}
