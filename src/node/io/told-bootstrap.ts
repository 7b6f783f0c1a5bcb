/**
 * Says in the log why a way to the first peers does not work: once for each message, not at every round. What the way finds
 * and how it fails stay as they are. Rule: docs/spec/network.md N-33.
 */
import { ChimerError } from '../../base/index.ts'
import type { BootstrapWay } from '../../network/index.ts'

export type Tell = (trouble: { readonly code: string; readonly message: string }) => void

/** The same way; `tell` hears of a failure when it differs from how the way did before. */
export const toldBootstrap = (way: BootstrapWay, tell: Tell): BootstrapWay => {
  let last: string | undefined
  return {
    kind: way.kind,
    name: way.name,
    find: async (signal) => {
      try {
        const found = await way.find(signal)
        last = undefined
        return found
      } catch (error) {
        if (error instanceof ChimerError && error.message !== last) {
          last = error.message
          tell(error)
        }
        throw error
      }
    },
    [Symbol.asyncDispose]: async () => way[Symbol.asyncDispose]?.(),
  }
}
