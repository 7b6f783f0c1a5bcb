/** Deterministic bytes: DAG-CBOR, wire shapes with limits, content addresses. */
export * from './codec.ts'
export * from './fields.ts'
export * from './flat-encoding.ts'
export * from './assembly.ts'
export * from './cid.ts'
export { DATA_DEPTH_MAX } from './nesting.ts'
export { CID } from 'multiformats/cid'
