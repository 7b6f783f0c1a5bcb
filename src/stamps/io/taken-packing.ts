/** Stamps that are taken, packed to be written by whichever thread (taken-rows.ts). */
import { joinBytes } from '../../base/index.ts'
import { bytesOfBlockId } from '../../consensus/index.ts'
import { IMPRINT_ALGORITHMS } from '../entry.ts'
import type { KeptEntry, KeptGroup } from '../stamping-port.ts'
import { encodeGroup } from '../stamping-rows.ts'
import { BEACON_BYTES } from './taken-rows.ts'
import type { TakenRows } from './taken-rows.ts'

/** Columns of entries that follow each other, and of their groups. */
export const packTaken = (entries: readonly KeptEntry[], groups: readonly KeptGroup[]): TakenRows => {
  const beacons = new Uint8Array(BEACON_BYTES * entries.length)
  for (const [i, { entry }] of entries.entries())
    if (entry.beacon !== null) beacons.set(bytesOfBlockId(entry.beacon), i * BEACON_BYTES)
  const contents = groups.map(encodeGroup)
  return {
    first: entries[0]?.position ?? 0,
    entries: entries.map(({ entry: { algorithm, imprint }, beaconHeight }) => ({
      ordinal: IMPRINT_ALGORITHMS.indexOf(algorithm),
      length: imprint.length,
      beaconHeight,
    })),
    ids: joinBytes(...entries.map(({ id }) => id)),
    leaves: joinBytes(...entries.map(({ leaf }) => leaf)),
    imprints: joinBytes(...entries.map(({ entry }) => entry.imprint)),
    beacons,
    groups: groups.map(({ first }, i) => ({ first, length: contents[i]?.length ?? 0 })),
    contents: joinBytes(...contents),
  }
}
