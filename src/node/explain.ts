/**
 * What is wrong with what a person wrote, in words: the key, what it must be, and for a misspelt key the nearest right one.
 */
import type { z } from 'zod'

/** One sentence part for each fault, joined with semicolons. `schema` is asked for the keys that exist. */
export const explainIssues = (error: z.ZodError, schema: z.ZodType): string =>
  error.issues.map((issue) => explainIssue(issue, schema)).join('; ')

const explainIssue = (issue: z.core.$ZodIssue, schema: z.ZodType): string => {
  const place = issue.path.join('.')
  if (issue.code !== 'unrecognized_keys') return `${place === '' ? 'the file' : place}: ${issue.message}`
  const known = keysAt(schema, issue.path)
  return issue.keys
    .map((key) => {
      const full = [...issue.path, key].join('.')
      const nearest = nearestWord(key, known)
      return `unknown key ${full}${nearest === undefined ? `; known are ${known.join(', ')}` : `; did you mean ${nearest}?`}`
    })
    .join('; ')
}

/** The keys that `schema` knows at a path; none where it is no object. */
export const keysAt = (schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] => {
  let at: unknown = unwrapped(schema)
  for (const step of path) at = unwrapped(typeof step === 'number' ? member(at, 'element') : member(member(at, 'shape'), step))
  const shape = member(at, 'shape')
  return typeof shape === 'object' && shape !== null ? Object.keys(shape) : []
}

const member = (value: unknown, key: PropertyKey): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined

/** Defaults and optionals wrap the schema that has the keys. */
const unwrapped = (schema: unknown): unknown => {
  const inner = member(member(schema, 'def'), 'innerType')
  return inner === undefined ? schema : unwrapped(inner)
}

/** The word of `known` that takes the fewest edits from `typed`, if that is less than half of it. */
export const nearestWord = (typed: string, known: readonly string[]): string | undefined => {
  const ranked = known
    .map((name) => ({ name, distance: editDistance(typed.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
  const [best] = ranked
  return best !== undefined && best.distance <= Math.max(2, Math.floor(typed.length / 2)) ? best.name : undefined
}

/** Insertions, deletions and replacements from one word to another (Levenshtein 1966). */
const editDistance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i += 1) {
    const above = row
    row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(replaced, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
  }
  return row[b.length] ?? 0
}
