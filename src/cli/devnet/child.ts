/** The node's end of the process channel: takes lies for its sources, and hands on the faults that people ask for. */
import { accept, reject } from '../../base/index.ts'
import type { Backend } from '../../services/backend.ts'
import type { DevnetView } from '../../services/schema.ts'
import { toNodeSchema } from './messages.ts'
import type { ToDevnet } from './messages.ts'

export interface DevnetLink extends Disposable {
  readonly backend: NonNullable<Backend['devnet']>
  ready(node: { readonly id: string; readonly api: string; readonly addresses: readonly string[] }): void
}

/** @param bend is called whenever this node's sources are to lie by so many ms. */
export const connectToDevnet = (bend: (offsetMs: number) => void): DevnetLink => {
  let view: DevnetView = { token: '', nodes: [], faults: [] }
  const listeners = new Set<(faults: DevnetView['faults']) => void>()
  const send = (message: ToDevnet): void => void process.send?.(message)
  const hear = (message: unknown): void => {
    const parsed = toNodeSchema.parse(message)
    if (parsed.type === 'lie') return bend(parsed.offsetMs)
    view = parsed.view
    for (const listener of listeners) listener(view.faults)
  }
  process.on('message', hear)
  return {
    // An open channel that somebody listens to would keep the process alive.
    [Symbol.dispose]: () => void process.off('message', hear),
    ready: ({ id, api, addresses }) => send({ type: 'ready', id, api, addresses: [...addresses] }),
    backend: {
      view: () => view,
      bend: (fault) => {
        if (!view.nodes.some(({ id }) => id === fault.id)) return Promise.resolve(reject('unknown-node'))
        send({ type: 'bend', fault })
        return Promise.resolve(accept(null))
      },
      onFaults: (listener) => {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    },
  }
}
