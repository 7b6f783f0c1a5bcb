/**
 * One validator of the benchmark of stamps: a whole node, as `truechimer node --validator` runs it, over loopback. One of them also serves
 * the HTTP API, and beside it, in the same process and so under the same conditions, a bare Fastify route that reads JSON and answers JSON.
 */
import Fastify from 'fastify'
import { readConfig } from '../src/node/index.ts'
import { readConfigFile } from '../src/node/io/data-directory.ts'
import { realRandom, realTime } from '../src/node/io/real-ports.ts'
import { startNode } from '../src/node/io/start-node.ts'
import type { RunningNode } from '../src/node/io/start-node.ts'
import { openHttpApi } from '../src/services/http-api.ts'
import { openNodeBackend } from '../src/services/node-backend.ts'
import type { FromStampNode, ToStampNode } from './stamps-messages.ts'

const NO_LIMIT = 1_000_000_000

const bareRoute = async (): Promise<string> => {
  const app = Fastify()
  app.post<{ Body: { readonly imprint: string } }>('/', async ({ body: { imprint } }) => ({ ok: true, imprint }))
  return app.listen({ host: '127.0.0.1', port: 0 })
}

const serve = async ({ chimer, time, stamping }: RunningNode): Promise<string> => {
  const api = await openHttpApi({
    backend: openNodeBackend({ chimer, time, version: 'bench', stamps: stamping }),
    listen: { host: '127.0.0.1', port: 0 },
    rateLimit: { requestsMax: NO_LIMIT, windowMs: 60_000 },
    limits: { stampsPerMinute: NO_LIMIT },
  })
  return api.address
}

const open = async ({ directory, bootstrap, isServing }: ToStampNode): Promise<FromStampNode> => {
  const running = await startNode({
    time: realTime,
    random: realRandom,
    directory,
    config: readConfig(await readConfigFile(directory), { bootstrap }),
    passphrase: undefined,
    agent: 'truechimer/bench',
    tell: ({ code, message }) => void process.stderr.write(`${code} ${message}\n`),
  })
  running.chimer.events.listen((event) => {
    if (event.type === 'trouble') process.stderr.write(`${event.code} ${event.message}\n`)
  })
  return {
    type: 'opened',
    addresses: running.chimer.network.addresses(),
    api: isServing ? await serve(running) : '',
    bare: isServing ? await bareRoute() : '',
  }
}

process.on('message', (message: ToStampNode) => void open(message).then((opened) => process.send?.(opened)))
process.on('disconnect', () => process.exit(0))
