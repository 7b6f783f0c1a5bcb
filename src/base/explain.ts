/**
 * What is wrong with what a person wrote, in words: the key, what it must be, and for a misspelt key the nearest right one.
 */
import type { z } from 'zod'

export interface ExplainOptions {
  /** Asked for the keys that exist. */
  readonly schema: z.ZodType
  /** How a person knows a key, such as by the flag that sets it; the key's path unless told. */
  readonly nameOf?: (key: string) => string
}

/** One sentence part for each fault, joined with semicolons. */
export const explainIssues = (error: z.ZodError, options: ExplainOptions): string =>
  error.issues.map((issue) => explainIssue(issue, options)).join('; ')

const explainIssue = (issue: z.core.$ZodIssue, { schema, nameOf = (key) => key }: ExplainOptions): string => {
  const place = issue.path.join('.')
  if (issue.code !== 'unrecognized_keys') return `${place === '' ? 'the file' : nameOf(place)}: ${sayIssue(issue)}`
  const known = keysAt(schema, issue.path)
  return issue.keys
    .map((key) => {
      const full = [...issue.path, key].join('.')
      const nearest = nearestWord(key, known)
      const advice =
        nearest === undefined
          ? `; known are ${known.join(', ')}`
          : `; did you mean ${[...issue.path, nearest].join('.')}?`
      return `unknown key ${full}${advice}`
    })
    .join('; ')
}

/** What kinds of value are called in a JSON file. */
const KINDS: Readonly<Record<string, string>> = {
  string: 'a text in quotes',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list in [ ]',
  object: 'an object in { }',
}

/** What a value must be. */
const sayIssue = (issue: z.core.$ZodIssue): string => {
  if (issue.code === 'invalid_type') return `must be ${KINDS[issue.expected] ?? issue.expected}`
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`
  if (issue.code === 'too_big') return `must ${measureOf(issue.origin)} at most ${issue.maximum}${unitOf(issue.origin)}`
  if (issue.code !== 'too_small') return issue.message
  const least = issue.inclusive === false ? 'above' : 'at least'
  return `must ${measureOf(issue.origin)} ${least} ${issue.minimum}${unitOf(issue.origin)}`
}

const UNITS: Readonly<Record<string, string>> = { string: ' characters', array: ' entries' }
const unitOf = (origin: string): string => UNITS[origin] ?? ''
const measureOf = (origin: string): string => (origin in UNITS ? 'have' : 'be')

/** The keys that `schema` knows at a path; none where it is no object. */
export const keysAt = (schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] => {
  let at: unknown = unwrapped(schema)
  for (const step of path)
    at = unwrapped(typeof step === 'number' ? member(at, 'element') : member(member(at, 'shape'), step))
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

/** A word that goes on from at least this much of another is meant by it, characters. */
const STEM_MIN = 3

/**
 * The word of `known` that takes the fewest edits from `typed`, if that is at most half of it, or else one that begins with
 * it; case does not count.
 */
export const nearestWord = (typed: string, known: readonly string[]): string | undefined => {
  const lower = typed.toLowerCase()
  const ranked = known
    .map((name) => ({ name, distance: editDistance(lower, name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
  const [best] = ranked
  if (best !== undefined && best.distance <= Math.max(2, Math.floor(typed.length / 2))) return best.name
  return lower.length < STEM_MIN ? undefined : known.find((name) => name.toLowerCase().startsWith(lower))
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
