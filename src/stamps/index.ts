/** Stamps: showing that something existed, from when to when, to somebody who trusts nobody. */
export * from './entry.ts'
export * from './stamp-batch.ts'
export * from './receipt.ts'
export * from './port.ts'
export * from './stamp-proof.ts'
