/**
 * How the dashboard is built: `npx vite build web` from the root puts it into web/dist, which the node serves at `/`.
 * Everything is a file of its own (no inlined scripts or data), because the node's Content-Security-Policy allows only
 * what it serves itself.
 */
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2023',
  },
})
