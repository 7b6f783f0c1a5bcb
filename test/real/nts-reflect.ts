/**
 * The three functions of the Reflect metadata proposal that @peculiar/x509 needs and does not bring: a table of facts beside
 * objects, inherited as properties are. Import it before that package. For tests only.
 */
const facts = new WeakMap<object, Map<unknown, unknown>>()

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'

const getMetadata = (key: unknown, target: unknown): unknown => {
  if (!isObject(target)) return undefined
  const own = facts.get(target)
  return own?.has(key) === true ? own.get(key) : getMetadata(key, Object.getPrototypeOf(target))
}

Object.assign(Reflect, {
  defineMetadata: (key: unknown, value: unknown, target: object): void => {
    const known = facts.get(target) ?? new Map<unknown, unknown>()
    facts.set(target, known.set(key, value))
  },
  getOwnMetadata: (key: unknown, target: object): unknown => facts.get(target)?.get(key),
  getMetadata,
})
