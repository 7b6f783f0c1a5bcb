/** `GET /v1/peers`: the network as this node sees it. Rules. */
import { peersSchema } from './schema.ts'
import type { Backend } from './backend.ts'
import type { ApiApp } from './routes.ts'
import { PEERS_EXAMPLE } from './examples.ts'

export const peerRoutes = (app: ApiApp, backend: Backend): void => {
  app.route({
    method: 'GET',
    url: '/v1/peers',
    config: { example: PEERS_EXAMPLE },
    schema: {
      operationId: 'listPeers',
      tags: ['network'],
      summary: 'Who this node is connected to, how they stand with it, and what it dropped',
      description:
        'One node’s view. `links` is taken from public attestations: who has reached whom lately, by the witness’s word.',
      response: { 200: peersSchema },
    },
    handler: async () => backend.peers(),
  })
}
