/** Starts the dashboard. */
import { createRoot } from 'react-dom/client'
import { config } from 'zod'
import 'uplot/dist/uPlot.min.css'
import './style/base.css'
import './style/headline.css'
import './style/hero.css'
import './style/panels.css'
import './style/nodes.css'
import './style/clock.css'
import './style/network.css'
import './style/chain.css'
import './style/chain-tables.css'
import { connect, openNode } from './api/connect.ts'
import { openStore } from './api/store.ts'
import { App } from './App.tsx'

// The page's Content-Security-Policy forbids compiling code from text, which the shapes' checker would try for speed.
config({ jitless: true })

const root = document.getElementById('root')
if (root !== null) {
  const store = openStore()
  const client = openNode()
  void connect(client, store, new AbortController().signal)
  createRoot(root).render(<App store={store} client={client} />)
}
