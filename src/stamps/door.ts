/**
 * `truechimer/stamps`: verifying stamps with a genesis file or a checkpoint alone. Runs in Node as it stands and in a browser with the
 * stand-ins of web/src/shims (web/light-client-build.ts says how it is bundled). No network is used.
 */
export * from './index.ts'
export { taiFromUnixNs, utcFromTai } from '../clock/index.ts'
export { chainGenesisOf, readGenesis } from '../consensus/index.ts'
export type { ChainGenesis, Genesis } from '../consensus/index.ts'
export { ed25519Verifier } from '../crypto/index.ts'
