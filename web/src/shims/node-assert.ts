/** `node:assert/strict` for a browser, as far as the cores that run there use it: a bug throws an AssertionError. */

class AssertionError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'AssertionError'
  }
}

function check(value: unknown, message = 'an assertion did not hold'): asserts value {
  if (value === false || value === undefined || value === null || value === 0 || value === '')
    throw new AssertionError(message)
}

const equal = (actual: unknown, expected: unknown, message?: string): void =>
  check(Object.is(actual, expected), message ?? `${String(actual)} is not ${String(expected)}`)

const fail = (message?: string): never => {
  throw new AssertionError(message ?? 'this cannot be')
}

const assert: typeof check & { equal: typeof equal; fail: typeof fail } = Object.assign(check, { equal, fail })

// Node's own door is a default export.
// oxlint-disable-next-line import/no-default-export
export default assert
