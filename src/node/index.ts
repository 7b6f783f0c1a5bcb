/** One node, assembled from the rooms below; its genesis, its configuration, and what it tells those who watch it. */
export * from './chimer.ts'
export * from './events.ts'
export {
  GENESIS_DOMAIN,
  MEMBERS_MAX,
  SLOT_NS_DEFAULT,
  chainGenesisOf,
  genesisSchema,
  readGenesis,
} from '../consensus/index.ts'
export type { Genesis, GenesisFile, NamedMember } from '../consensus/index.ts'
export * from './config.ts'
export * from './timekeeper.ts'
export * from './bent-source.ts'
export * from './judging.ts'
export { WAITING_PER_WITNESS_MAX } from './waiting-room.ts'
export { ANSWERS_PER_SLOT_MAX, PROVING_REASONS } from './proving.ts'
export { ANSWER_NS_MAX, WITNESSING_REASONS } from './witnessing.ts'
export * from './networking.ts'
export { DRAWINGS_MAX, OFFLINE_DESK_REASONS, OfflineDesk } from './offline-desk.ts'
export type { OfflineAnswer, OfflineShelf } from './offline-desk.ts'
export { Cosigning } from './cosigning.ts'
export { CosigningWitness, WITNESS_ORIGIN_REASONS, WITNESS_REFUSAL_REASONS } from './cosigning-witness.ts'
export type { RefusedWitness, WitnessAnswer, WitnessRefusal } from './cosigning-witness.ts'
