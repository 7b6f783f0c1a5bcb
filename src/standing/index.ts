/** Standing: how a node's record becomes weight. */
export * from './parameters.ts'
