/** The light client in a real browser: the same modules, bundled, believe a proof that Node made and no other. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { encodeLightProof, makeLightProof } from '../src/consensus/index.ts'
import { LightChain, PROPOSAL_DELAY_NS, ed25519Scheme, networkId } from '../src/consensus/light-chain.test-kit.ts'
import { lightClientBuild } from '../web/light-client-build.ts'
import { openBrowser } from './browser/browser.ts'
import type { Told } from './browser/light-client-page.ts'

const HEIGHT = 100_000
const ENTRY = fileURLToPath(new URL('./browser/light-client-page.ts', import.meta.url))
const PAGE = '<!doctype html><title>light client</title><script type="module" src="light-client.js"></script>'

/** Twenty voters, three of them others each epoch. */
const chain = new LightChain({
  scheme: ed25519Scheme(),
  heightLast: HEIGHT + 1,
  epochSlots: 3600,
  voters: (epoch) => Array.from({ length: 20 }, (_, i) => [3 * epoch + i, 10n]),
  isLinked: (height) => height === HEIGHT + 1,
})

const servePage = async (directory: string): Promise<{ readonly address: string } & AsyncDisposable> => {
  const server = createServer(({ url }, response) => {
    const isScript = url === '/light-client.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? readFileSync(join(directory, 'light-client.js')) : PAGE)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const at = server.address()
  ok(typeof at === 'object' && at !== null)
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return { address: `http://127.0.0.1:${at.port}/`, [Symbol.asyncDispose]: close }
}

test('a proof over a hundred thousand heights is believed; with one bit turned it is not', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'truechimer-light-client-'))
  try {
    await build(lightClientBuild({ entry: ENTRY, outDir: directory }))
    await using served = await servePage(directory)
    await using browser = await openBrowser()
    const { page } = browser
    await page.goto(served.address)
    await page.waitForFunction(() => 'verifyLightProof' in globalThis)

    const made = makeLightProof(chain, { from: 1, to: HEIGHT })
    ok(made.verdict === 'accept' && made.value.steps.length > 1)
    const bytes = encodeLightProof(made.value)
    const { height, block } = chain.trust(1)
    const told: Told = { networkId: [...networkId], proposalDelayNs: String(PROPOSAL_DELAY_NS), height, block }
    const ask = (proof: Uint8Array, trusted: Told = told): Promise<unknown> =>
      page.evaluate(`verifyLightProof(${JSON.stringify(trusted)}, ${JSON.stringify([...proof])})`)

    const { id } = chain.blockAt(HEIGHT)
    equal(await ask(bytes), `${HEIGHT} ${id} ${chain.timeOf(HEIGHT).timestamp}`)
    const turned = (at: number): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
    const signature = made.value.steps.at(-1)?.commit.entries.at(-1)?.voteSignature
    ok(signature !== undefined)
    equal(await ask(turned(Buffer.from(bytes).indexOf(signature) + 40)), 'light-wrong-commit')
    equal(await ask(turned(0)), 'malformed')
    equal(await ask(bytes, { ...told, block: id }), 'light-wrong-start')
    deepEqual(browser.problems, [])
  } finally {
    await rm(directory, { recursive: true })
  }
})
