/** Nodes and statuses for the tests of this folder; the page itself never imports them. */
import type { NodeView, StatusView } from '../../../src/services/schema.ts'

export const node = (name: string, over: Partial<NodeView> = {}): NodeView => ({
  id: name.padEnd(52, 'x'),
  name,
  self: name === 'Ada',
  connected: true,
  weight: 1,
  status: 'truechimer',
  reason: '',
  explanation: '',
  since: 1,
  actionsValid: true,
  offset: { loNs: -1_000_000, hiNs: 1_000_000 },
  offsetSlot: 1,
  witnesses: { agreeing: 4, asked: 4 },
  overconfident: 0,
  proof: null,
  ...over,
})

export const liar = (name: string): NodeView =>
  node(name, { status: 'falseticker', actionsValid: false, offset: { loNs: 249_000_000, hiNs: 251_000_000 } })

export const status = (clock: StatusView['clock']['status']): StatusView => ({
  version: '0.1.0',
  network: { id: '0'.repeat(64), name: 'devnet' },
  node: { id: 'Ada'.padEnd(52, 'x'), name: 'Ada' },
  devnet: true,
  uptimeNs: 0,
  clock: { status: clock, uncertaintyNs: null, likely: null, frequencyPpb: 0, hostOffsetNs: null },
  sources: [],
  verdict: { status: 'unproven', reason: '' },
  slot: 1,
  slotNs: 1_000_000_000,
  acceptedVarianceNs: 50_000_000,
  peers: [],
  addresses: [],
  counts: { proofs: 0, attestations: 0, refused: {} },
  chain: null,
})
