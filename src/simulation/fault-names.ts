/** What can go wrong in a run, by name, in the groups in which people think of it. What each does: faults.ts. */
export const FAULT_GROUPS = {
  network: ['delay', 'loss', 'duplication', 'reordering', 'partition', 'slow-link', 'oversized', 'malformed'],
  disk: ['crash', 'torn-write', 'lost-fsync', 'bit-flip', 'stale-restore', 'full-disk', 'bad-signer'],
  clock: [
    'clock-step',
    'clock-ramp',
    'clock-freeze',
    'clock-drift',
    'leap-second',
    'week-rollover',
    'common-source-spoof',
    'suspend',
  ],
  behaviour: [
    'equivocation',
    'amnesia',
    'withholding',
    'selective-sending',
    'future-times',
    'per-peer-lies',
    'subset-picking',
    'twin',
    'forged-blocks',
    'foreign-evidence',
  ],
  membership: ['join', 'leave', 'mixed-versions', 'mass-invalidation'],
} as const

export type FaultGroup = keyof typeof FAULT_GROUPS
export type FaultName = (typeof FAULT_GROUPS)[FaultGroup][number]

export const FAULT_NAMES: readonly FaultName[] = [
  ...FAULT_GROUPS.network,
  ...FAULT_GROUPS.disk,
  ...FAULT_GROUPS.clock,
  ...FAULT_GROUPS.behaviour,
  ...FAULT_GROUPS.membership,
]

export const isFaultName = (name: string): name is FaultName => FAULT_NAMES.some((known) => known === name)
