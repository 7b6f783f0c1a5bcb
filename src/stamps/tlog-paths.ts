/**
 * Where the parts of a log stand under its prefix: `tile/<level>/<index>`, `tile/entries/<index>`, and `.p/<width>` behind the last ones,
 * which are not full.
 *
 * Source: C2SP tlog-tiles. Rule T-67 in docs/spec/stamps.md.
 */
import assert from 'node:assert/strict'

/** Digests, or entries, of a full tile. */
export const TILE_WIDTH = 256
/** Of the levels that the specification has, 0 to 63, a log of 2^32 entries has four. */
export const TILE_LEVEL_MAX = 63

export interface TilePlace {
  readonly level: number | 'entries'
  readonly index: number
  /** 1 to TILE_WIDTH. */
  readonly width: number
}

/** Three digits a part, all but the last behind an `x`: 1234067 is `x001/x234/067`. */
const indexText = (index: number): string => {
  const last = String(index % 1000).padStart(3, '0')
  const text = (rest: number): string =>
    rest === 0 ? '' : `${text(Math.floor(rest / 1000))}x${String(rest % 1000).padStart(3, '0')}/`
  return text(Math.floor(index / 1000)) + last
}

export const tilePath = ({ level, index, width }: TilePlace): string => {
  assert(Number.isSafeInteger(index) && index >= 0 && width >= 1 && width <= TILE_WIDTH)
  return `tile/${level}/${indexText(index)}${width === TILE_WIDTH ? '' : `.p/${width}`}`
}

const PATH = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/){0,4}\d{3})(?:\.p\/(\d{1,3}))?$/

/** What a path asks for; undefined for every other spelling. */
export const parseTilePath = (path: string): TilePlace | undefined => {
  const [, level = '', index = '', width] = PATH.exec(path) ?? []
  const place = {
    level: level === 'entries' ? 'entries' : Number(level),
    index: Number(index.replaceAll(/[x/]/g, '')),
    width: width === undefined ? TILE_WIDTH : Number(width),
  } as const
  const isPlace =
    place.width >= 1 && place.width <= TILE_WIDTH && (place.level === 'entries' || place.level <= TILE_LEVEL_MAX)
  return isPlace && tilePath(place) === path ? place : undefined
}

/** How wide the tile at a place is in a log of `size` entries: 0 where there is none. */
export const tileWidth = (size: number, { level, index }: Pick<TilePlace, 'level' | 'index'>): number => {
  const nodes = Math.floor(size / TILE_WIDTH ** (level === 'entries' ? 0 : level))
  return Math.max(0, Math.min(TILE_WIDTH, nodes - index * TILE_WIDTH))
}
