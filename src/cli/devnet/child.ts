/** The node's end of the process channel: takes lies for its sources, and hands on the faults that people ask for. */
import { accept, reject } from '../../base/index.ts'
import type { Backend } from '../../services/backend.ts'
import type { DevnetView } from '../../services/schema.ts'
import { toNodeSchema } from './messages.ts'
import type { ToDevnet } from './messages.ts'

export interface DevnetLink {
  readonly backend: NonNullable<Backend['devnet']>
  ready(node: { readonly id: string; readonly api: string; readonly addresses: readonly string[] }): void
}

/** @param bend is called whenever this node's sources are to lie by so many ms. */
export const connectToDevnet = (bend: (offsetMs: number) => void): DevnetLink => {
  let view: DevnetView = { token: '', nodes: [], faults: [] }
  const send = (message: ToDevnet): void => void process.send?.(message)
  process.on('message', (message) => {
    const parsed = toNodeSchema.parse(message)
    if (parsed.type === 'devnet') view = parsed.view
    else bend(parsed.offsetMs)
  })
  return {
    ready: ({ id, api, addresses }) => send({ type: 'ready', id, api, addresses: [...addresses] }),
    backend: {
      view: () => view,
      bend: (fault) => {
        if (!view.nodes.some(({ id }) => id === fault.id)) return Promise.resolve(reject('unknown-node'))
        send({ type: 'bend', fault })
        return Promise.resolve(accept(null))
      },
    },
  }
}
