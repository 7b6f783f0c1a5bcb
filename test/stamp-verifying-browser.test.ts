/** The verifier of stamps in a real browser: the same modules, bundled, say of a proof what Node says, without a network. */
import { deepEqual, match, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { openStampProof, readCheckpoint, verifiedLines, verifyStamp } from '../src/stamps/index.ts'
import { stampedChain } from '../src/stamps/stamp-chain.test-kit.ts'
import { lightClientBuild } from '../web/light-client-build.ts'
import { openBrowser } from './browser/browser.ts'

const ENTRY = fileURLToPath(new URL('./browser/stamp-page.ts', import.meta.url))
const PAGE =
  '<!doctype html><title>stamps</title><link rel="icon" href="data:,"><script type="module" src="light-client.js"></script>'

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

test('a stamp is verified with the network cut off; with one bit turned, or of another thing, it is not', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'truechimer-stamps-'))
  try {
    await build(lightClientBuild({ entry: ENTRY, outDir: directory }))
    await using served = await servePage(directory)
    await using browser = await openBrowser()
    const { page } = browser
    await page.goto(served.address)
    await page.waitForFunction(() => 'verifyStampProof' in globalThis)
    await page.context().setOffline(true)

    const { bytes, checkpoint, thing, digest } = stampedChain({ salt: new Uint8Array(16).fill(7) })
    const ask = async (proof: Uint8Array, of: Uint8Array = thing, from: unknown = checkpoint): Promise<unknown> =>
      page.evaluate(
        `verifyStampProof(${JSON.stringify(from)}, ${JSON.stringify([...of])}, ${JSON.stringify([...proof])})`,
      )

    const trust = readCheckpoint(checkpoint)
    const opened = openStampProof(bytes)
    ok(trust.verdict === 'accept' && opened.verdict === 'accept')
    const found = verifyStamp(opened.value, { trust: trust.value, digest })
    ok(found.verdict === 'accept')
    deepEqual(
      await ask(bytes),
      verifiedLines(found.value).map(({ text }) => text),
    )
    const turned = (part: Uint8Array | undefined): Uint8Array => {
      ok(part !== undefined)
      const at = Buffer.from(bytes).indexOf(part) + 20
      return bytes.with(at, (bytes[at] ?? 0) ^ 1)
    }
    const { votes, transaction, receipt } = opened.value
    match(String(await ask(turned(votes.signatures.at(-1)?.signature))), /^broken from the last header to the votes/)
    match(String(await ask(turned(transaction.signature))), /^broken from the batch to the node's transaction/)
    match(String(await ask(turned(receipt.signature))), /^broken from the imprint to the node's receipt/)
    match(String(await ask(bytes, Uint8Array.of(1, 2, 3))), /^broken from the thing to its imprint/)
    deepEqual(await ask(bytes.subarray(0, 900)), ['malformed'])
    deepEqual(await ask(bytes, thing, { ...checkpoint, height: 6 }), ['checkpoint-wrong-header'])
    deepEqual(browser.problems, [])
  } finally {
    await rm(directory, { recursive: true })
  }
})
