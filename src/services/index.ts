/** The doors of a node: the HTTP API, its typed client and their shapes. */
export { openHttpApi } from './http-api.ts'
export type { HttpApi, HttpApiOptions } from './http-api.ts'
export { API_LIMITS, RATE_LIMIT } from './limits.ts'
export type { ApiLimits, RateLimit } from './limits.ts'
export type { Backend } from './backend.ts'
export * from './client.ts'
export * from './schema.ts'
