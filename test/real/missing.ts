/** The one way in which a test may be skipped: the real program that it needs is not there, and it says so aloud. */
import type { TestContext } from 'node:test'

/** True where `path` is undefined; then the test has been skipped, in words that nobody overlooks. */
export const missing = (t: TestContext, program: string, path: string | undefined): boolean => {
  if (path !== undefined) return false
  const words = `${program} IS MISSING on this machine: what it would have shown is not tested here`
  t.diagnostic(words)
  process.stderr.write(`${words}\n`)
  t.skip(words)
  return true
}
