/**
 * The built dashboard as static files. Names under `assets/` carry a hash of what they hold, so they may be kept for ever;
 * everything else is asked for anew each time, with an ETag. Files whose names start with a dot are not served.
 */
import { statSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'
import fastifyStatic from '@fastify/static'
import { ChimerError } from '../base/index.ts'
import type { ApiApp } from './routes.ts'

const FOR_EVER = 'public, max-age=31536000, immutable'

/** @param webRoot a folder with index.html. Rejects with TC_API_WEB_ROOT where there is none. */
export const dashboardFiles = async (app: ApiApp, webRoot: string): Promise<void> => {
  const root = resolve(webRoot)
  if (statSync(join(root, 'index.html'), { throwIfNoEntry: false })?.isFile() !== true)
    throw new ChimerError(
      'TC_API_WEB_ROOT',
      `There is no built dashboard (index.html) in ${root}. Build it, or name none.`,
      {
        facts: { webRoot: root },
      },
    )
  await app.register(fastifyStatic, {
    root,
    prefix: '/',
    index: ['index.html'],
    dotfiles: 'ignore',
    decorateReply: false,
    cacheControl: false,
    setHeaders: (reply, path) => {
      reply.header('cache-control', path.startsWith(join(root, 'assets') + sep) ? FOR_EVER : 'no-cache')
    },
  })
}
