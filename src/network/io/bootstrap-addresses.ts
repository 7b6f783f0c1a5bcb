/** Bootstrap from addresses that the operator gave: the way that needs nobody else. Rule: docs/spec/network.md N-33. */
import { BOOTSTRAP_FINDINGS_MAX } from '../discovery/bootstrap.ts'
import type { BootstrapWay } from '../discovery/bootstrap.ts'

/** @param addresses multiaddrs, with or without `/p2p/<peer id>` at the end; the first BOOTSTRAP_FINDINGS_MAX count. */
export const bootstrapAddresses = (addresses: readonly string[]): BootstrapWay => ({
  kind: 'addresses',
  name: addresses.length === 1 ? (addresses[0] ?? '') : `${addresses.length} addresses`,
  find: async () => ({ addresses: addresses.slice(0, BOOTSTRAP_FINDINGS_MAX), records: [] }),
})
