/** A source with a bug in it. */
import type { Edit } from './plant.ts'

/** Undefined where the text of an edit does not stand there exactly once. */
export const planted = (edits: readonly Pick<Edit, 'text' | 'replacement'>[], source: string): string | undefined => {
  let changed = source
  for (const { text, replacement } of edits) {
    const parts = changed.split(text)
    if (parts.length !== 2 || text === '') return undefined
    changed = parts.join(replacement)
  }
  return changed
}
