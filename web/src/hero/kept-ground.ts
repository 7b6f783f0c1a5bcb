/** The ground of the picture, drawn once and copied until something of it changes: it is most of a frame's work. */
import { drawGround, type Pen } from './draw-ground.ts'

/** Puts the ground on the pen's canvas; the pen's own transform is not used. */
export type Ground = (pen: Pen, windowSec: number) => void

export const keptGround = (): Ground => {
  const kept = document.createElement('canvas')
  const c = kept.getContext('2d')
  let drawn = ''
  return (pen, windowSec) => {
    if (c === null) return
    const { canvas } = pen.c
    const key = JSON.stringify([
      canvas.width,
      canvas.height,
      devicePixelRatio,
      pen.at,
      pen.range,
      pen.bandNs,
      pen.palette,
      windowSec,
    ])
    if (key !== drawn) {
      kept.width = canvas.width
      kept.height = canvas.height
      c.scale(devicePixelRatio, devicePixelRatio)
      drawGround({ ...pen, c }, windowSec)
      drawn = key
    }
    pen.c.drawImage(kept, 0, 0)
  }
}
