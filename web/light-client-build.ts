/**
 * How the light client is bundled for a browser: the product's own modules, with stand-ins for what they use of Node. The first
 * import of an entry is src/shims/buffer.ts, which puts in place what is found by name and not by import.
 */
import { join } from 'node:path'
import type { InlineConfig } from 'vite'

const SHIMS = join(import.meta.dirname, 'src/shims')

/** Aliases for any bundle that has cores of src/ in it. */
export const LIGHT_CLIENT_ALIASES: Readonly<Record<string, string>> = {
  'node:assert/strict': join(SHIMS, 'node-assert.ts'),
  'node:crypto': join(SHIMS, 'node-crypto.ts'),
}

/** For vite's `build`: `entry` as one module `light-client.js` in `outDir`. */
export const lightClientBuild = (options: { readonly entry: string; readonly outDir: string }): InlineConfig => ({
  configFile: false,
  logLevel: 'warn',
  resolve: { alias: { ...LIGHT_CLIENT_ALIASES } },
  build: {
    lib: { entry: options.entry, formats: ['es'], fileName: () => 'light-client.js' },
    outDir: options.outDir,
    emptyOutDir: true,
    target: 'es2023',
    // The cores do nothing when they are loaded: what is not used of them is left out.
    rolldownOptions: { treeshake: { moduleSideEffects: (id) => id.startsWith(SHIMS) || id === options.entry } },
  },
})
