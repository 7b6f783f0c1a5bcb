/** `GET /v1/nodes`, `/v1/nodes/:id` and `/v1/proofs/:cid`: what this node knows of others. Rules. */
import { z } from 'zod'
import { nodeDetailSchema, nodesSchema, proofSchema } from './schema.ts'
import type { Backend } from './backend.ts'
import type { ApiApp } from './routes.ts'
import { refuse } from './problems.ts'
import { CID_EXAMPLE, NODE_DETAIL_EXAMPLE, NODE_ID_EXAMPLE, NODES_EXAMPLE, PROOF_EXAMPLE } from './examples.ts'

/** The alphabets only: whether an id names anything is for the backend to say. base58btc; multibase base32, lower case. */
const nodeParams = z.object({
  id: z
    .string()
    .regex(/^[1-9A-HJ-NP-Za-km-z]{40,64}$/, 'a node id is 40 to 64 characters of base58')
    .meta({ description: 'the node key as a libp2p peer id', example: NODE_ID_EXAMPLE }),
})
const proofParams = z.object({
  cid: z
    .string()
    .regex(/^b[a-z2-7]{40,99}$/, 'a CID is the letter b and 40 to 99 characters of base32')
    .meta({ description: 'the CID of the proof', example: CID_EXAMPLE }),
})

export const nodeRoutes = (app: ApiApp, backend: Backend): void => {
  app.route({
    method: 'GET',
    url: '/v1/nodes',
    config: { example: NODES_EXAMPLE },
    schema: {
      operationId: 'listNodes',
      tags: ['network'],
      summary: 'Every node that this node knows, and who keeps good time',
      description: 'One node’s view, drawn from the attestations that it holds. Other nodes may know more or less.',
      response: { 200: nodesSchema },
    },
    handler: async () => backend.nodes(),
  })
  app.route({
    method: 'GET',
    url: '/v1/nodes/:id',
    config: { problems: ['TC_API_BAD_REQUEST', 'TC_API_UNKNOWN_NODE'], example: NODE_DETAIL_EXAMPLE },
    schema: {
      operationId: 'getNode',
      tags: ['network'],
      summary: 'One node, with the evidence',
      description: 'The attestations behind the newest verdict, and the verdicts before it.',
      params: nodeParams,
      response: { 200: nodeDetailSchema },
    },
    handler: async (request) => {
      const node = backend.node(request.params.id)
      if (node === undefined) throw refuse('TC_API_UNKNOWN_NODE')
      return node
    },
  })
  app.route({
    method: 'GET',
    url: '/v1/proofs/:cid',
    config: { problems: ['TC_API_BAD_REQUEST', 'TC_API_UNKNOWN_PROOF'], example: PROOF_EXAMPLE },
    schema: {
      operationId: 'getProof',
      tags: ['network'],
      summary: 'One time proof',
      description:
        'Field by field, and as the signed bytes that its CID names, so that it can be checked without this node.',
      params: proofParams,
      response: { 200: proofSchema },
    },
    handler: async (request) => {
      const proof = backend.proof(request.params.cid)
      if (proof === undefined) throw refuse('TC_API_UNKNOWN_PROOF')
      return proof
    },
  })
}
