/**
 * Reads the syntax trees of all sources and names every offence against the house rules, one line each.
 * Syntax trees, not patterns: a comment may speak of `Date.now`, and a renamed or re-exported import is still seen.
 */
import { dirname, join } from 'node:path/posix'
import { parseSync, Visitor } from 'oxc-parser'

/** Rooms, bottom to top. A room may import itself and any room named before it. */
export const ROOMS = [
  'base',
  'codec',
  'crypto',
  'log',
  'clock',
  'proofs',
  'availability',
  'validation',
  'standing',
  'consensus',
  'ledger',
  'stamps',
  'registers',
  'execution',
  'network',
  'node',
  'simulation',
  'services',
  'cli',
]
/** Rooms that are all shell: they may touch the world anywhere. */
const SHELLS = ['services', 'cli']
const FILE_LINES_MAX = 500
const FUNCTION_LINES_MAX = 70

const TIMERS = new Set(['setTimeout', 'setInterval', 'setImmediate'])
const CHANCE = new Set([
  'getRandomValues',
  'randomBytes',
  'randomInt',
  'randomUUID',
  'randomFillSync',
  'generateKeyPairSync',
])
/** Members that read a clock or draw chance, by the object they hang on. */
const MEMBERS = new Map([
  ['Date.now', 'read time from the injected Time'],
  ['performance.now', 'read time from the injected Time'],
  ['performance.timeOrigin', 'read time from the injected Time'],
  ['process.hrtime', 'read time from the injected Time'],
  ['Math.random', 'take chance from the injected Random'],
  ['crypto.getRandomValues', 'take chance from the injected Random'],
])

const room = (path: string): string => (path.startsWith('src/') ? (path.split('/')[1] ?? '') : '')
const inRoom = (path: string): boolean => path.startsWith('src/') && path.split('/').length > 2
const isIo = (path: string): boolean => path.split('/')[2] === 'io' || SHELLS.includes(room(path))
const isTest = (path: string): boolean => /\.test(-suite|-kit)?\.tsx?$/.test(path)
/** A test may use anything, but the house's order holds for it too. */
const isCore = (path: string): boolean => inRoom(path) && !isIo(path) && !isTest(path)

/** @param files every source, by its path from the repository's root. */
export const inspect = (files: ReadonlyMap<string, string>): readonly string[] =>
  [...files].flatMap(([path, text]) => inspectFile(path, text).map((say) => `${path}: ${say}`))

const inspectFile = (path: string, text: string): string[] => {
  const { program, errors } = parseSync(path, text)
  if (errors.length > 0) return ['does not parse']
  const found: string[] = []
  const lines = lineCounter(text)
  const total = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  if (total > FILE_LINES_MAX) found.push(`${total} lines, at most ${FILE_LINES_MAX}`)
  if (inRoom(path) && !ROOMS.includes(room(path))) found.push(`no such room: ${room(path)}`)

  const importing = (source: { readonly value: unknown } | null | undefined): void => {
    if (typeof source?.value === 'string') found.push(...importFaults(path, source.value))
  }
  const tooLong = (node: Span): void => {
    const length = lines(node)
    if (length > FUNCTION_LINES_MAX && !isTest(path) && !path.startsWith('test/'))
      found.push(`a function of ${length} lines, at most ${FUNCTION_LINES_MAX}`)
  }
  new Visitor({
    ImportDeclaration: (node) => {
      importing(node.source)
      if (isCore(path)) found.push(...chanceFaults(node.specifiers))
    },
    ExportNamedDeclaration: (node) => importing(node.source),
    ExportAllDeclaration: (node) => importing(node.source),
    ImportExpression: (node) => importing('value' in node.source ? node.source : undefined),
    FunctionDeclaration: tooLong,
    FunctionExpression: tooLong,
    ArrowFunctionExpression: tooLong,
    ThrowStatement: ({ argument }) => {
      if (argument.type !== 'NewExpression' || !path.startsWith('src/') || isTest(path)) return
      if (argument.callee.type === 'Identifier' && argument.callee.name === 'Error')
        found.push('a bare Error: use ChimerError')
    },
    NewExpression: ({ callee, arguments: given }) => {
      if (isCore(path) && callee.type === 'Identifier' && callee.name === 'Date' && given.length === 0)
        found.push('new Date(): read time from the injected Time')
    },
    MemberExpression: (node) => {
      if (isCore(path)) found.push(...memberFaults(text.slice(node.start, node.end)))
    },
    CallExpression: ({ callee }) => {
      if (!isCore(path)) return
      const called = text.slice(callee.start, callee.end).replace(/^globalThis\./, '')
      if (TIMERS.has(called)) found.push(`${called}: return a timer effect`)
      if (called === 'fetch') found.push('fetch belongs to the shell')
    },
  }).visit(program)
  return found
}

interface Span {
  readonly start: number
  readonly end: number
}

const lineCounter =
  (text: string) =>
  ({ start, end }: Span): number =>
    text.slice(start, end).split('\n').length

const importFaults = (path: string, target: string): string[] => {
  if (target.startsWith('node:')) return isCore(path) ? nodeFaults(path, target) : []
  if (!target.startsWith('.')) return []
  const to = join(dirname(path), target)
  if (path.startsWith('web/')) return webFaults(path, to)
  if (!inRoom(path)) return []
  const faults: string[] = []
  if (ROOMS.indexOf(room(to)) > ROOMS.indexOf(room(path))) faults.push(`an upward import: ${to}`)
  if (isCore(path) && isIo(to)) faults.push(`a core imports io/: ${to}`)
  const throughDoor = to.endsWith('/index.ts') || isIo(to) || room(to) === room(path)
  if (isCore(path) && !throughDoor) faults.push(`past the door of ${room(to)}/: ${to}`)
  return faults
}

/**
 * The dashboard speaks HTTP: of the product it may import the typed client and its shapes; and, to check stamps without a network, the
 * verifier and what reads the genesis it rests on, which are pure.
 */
const WEB_DOORS = ['src/services/client.ts', 'src/services/schema.ts', 'src/stamps/door.ts']

const webFaults = (path: string, to: string): string[] =>
  to.startsWith('web/') || WEB_DOORS.includes(to) || isTest(path) ? [] : [`the dashboard imports ${to}`]

const nodeFaults = (path: string, target: string): string[] =>
  target.startsWith('node:assert') || (target === 'node:crypto' && room(path) === 'crypto')
    ? []
    : [`${target} belongs in io/ (node:crypto: in crypto/)`]

const chanceFaults = (specifiers: readonly Specifier[]): string[] =>
  specifiers
    .map(({ imported, local }) => imported?.name ?? imported?.value ?? local.name)
    .filter((name) => CHANCE.has(name))
    .map((name) => `${name}: take chance from the injected Random`)

interface Specifier {
  readonly local: { readonly name: string }
  readonly imported?: { readonly name?: string; readonly value?: string }
}

const memberFaults = (source: string): string[] => {
  const path = source.replace(/^globalThis\./, '')
  const say = MEMBERS.get(path)
  if (say !== undefined) return [`${path}: ${say}`]
  return path.startsWith('process.') ? [`${path}: the process belongs to the shell`] : []
}
