/** Finds every code and every reason that the product can say, in the syntax trees of its sources. */
import { Visitor, parseSync } from 'oxc-parser'

export interface Sayings {
  /** `TC_…`: what the world can do to us. */
  readonly codes: ReadonlySet<string>
  /** kebab-case: what is made of bytes from outside, and of nodes. */
  readonly reasons: ReadonlySet<string>
}

/** Functions whose first argument is a reason. */
const REFUSERS = new Set(['reject', 'ignore'])

export const findSayings = (files: ReadonlyMap<string, string>): Sayings => {
  const codes = new Set<string>()
  const reasons = new Set<string>()
  const addReasons = (node: unknown): void => {
    for (const literal of literalsIn(node)) if (isReason(literal)) reasons.add(literal)
  }
  for (const [path, text] of files)
    new Visitor({
      Literal: ({ value }) => {
        if (typeof value === 'string' && /^TC_[A-Z_]+$/.test(value) && !value.endsWith('_')) codes.add(value)
      },
      VariableDeclarator: ({ id, init }) => {
        if (id.type === 'Identifier' && id.name.endsWith('_REASONS')) addReasons(init)
      },
      CallExpression: ({ callee, arguments: given }) => {
        if (callee.type === 'Identifier' && REFUSERS.has(callee.name)) addReasons(given[0])
      },
      Property: ({ key, value }) => {
        if (key.type === 'Identifier' && key.name === 'reason') addReasons(value)
      },
    }).visit(parseSync(path, text).program)
  return { codes, reasons }
}

const isReason = (literal: string): boolean => /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(literal)

/** All string literals below a node. */
const literalsIn = (node: unknown): string[] => {
  if (Array.isArray(node)) return node.flatMap(literalsIn)
  if (typeof node !== 'object' || node === null) return []
  if ('type' in node && node.type === 'Literal' && 'value' in node)
    return typeof node.value === 'string' ? [node.value] : []
  return Object.values(node).flatMap(literalsIn)
}
