/**
 * How the dashboard is built: `npx vite build web` from the root puts it into web/dist, which the node serves at `/`.
 * Everything is a file of its own (no inlined scripts or data), because the node's Content-Security-Policy allows only
 * what it serves itself. The page of stamps has the verifier of `truechimer/stamps` in it, with stand-ins for what that uses of Node.
 */
import react from '@vitejs/plugin-react'
import { join } from 'node:path'
import { defineConfig } from 'vite'
import { LIGHT_CLIENT_ALIASES } from './light-client-build.ts'

/** The product's cores do nothing when they are loaded: what is not used of them is left out. */
const CORES = join(import.meta.dirname, '../src/')
const treeshake = { moduleSideEffects: (id: string): boolean => !id.startsWith(CORES) }

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [react()],
  resolve: { alias: { ...LIGHT_CLIENT_ALIASES } },
  worker: { format: 'es', rolldownOptions: { treeshake } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2023',
    rolldownOptions: { treeshake },
  },
})
