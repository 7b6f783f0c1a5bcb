/**
 * What every Network must do, run on each implementation by its own test file. Waits for events, never for time: a thing
 * that must not happen is shown by a later thing that has happened on the same path. Rules: docs/spec/network.md.
 */
import { test } from 'node:test'
import { GOSSIP_RULES, LIMIT_RULES } from './conformance/gossip.test-suite.ts'
import { CONNECTION_RULES, QUEUE_RULES, STANDING_RULES } from './conformance/peers.test-suite.ts'
import { FAILURE_RULES, LIFETIME_RULES, REQUEST_RULES } from './conformance/requests.test-suite.ts'
import type { Harness } from './conformance/meshes.test-suite.ts'

export { Inbox } from './conformance/meshes.test-suite.ts'

const RULES = [
  ...GOSSIP_RULES,
  ...LIMIT_RULES,
  ...REQUEST_RULES,
  ...FAILURE_RULES,
  ...LIFETIME_RULES,
  ...CONNECTION_RULES,
  ...STANDING_RULES,
  ...QUEUE_RULES,
]

/** Registers every rule as a test of the implementation called `name`. */
export const networkConformance = (name: string, harness: Harness): void => {
  for (const [what, holds] of RULES) void test(`${name}: ${what}`, () => holds(harness))
}
