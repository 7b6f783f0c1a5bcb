/**
 * The page of stamps in a real browser, on a real devnet: a file is dropped, stamped, its proof saved; then the network is cut off and the proof
 * is checked with its file, with another file, cut short, and with a genesis of the visitor's own.
 */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { openBrowser } from './browser/browser.ts'
import { runProgram } from './devnet/run.ts'

const PATIENCE_MS = 60_000
const NAME = 'contract with a name.txt'
const WORDS = 'What was agreed upon, word for word.\n'.repeat(2000)

/** What a browser says of requests that did not get through: here they are cut off on purpose. */
const isCutOff = (problem: string): boolean => /net::ERR_(?:FAILED|INTERNET_DISCONNECTED)/.test(problem)

interface Played {
  readonly page: Page
  readonly address: string
  readonly folder: string
}

test('from drop to verified, with the network cut off before verifying', async () => {
  const devnet = runProgram(['devnet', '--no-lie', '--json', '--api', '127.0.0.1:0'])
  const folder = await mkdtemp(join(tmpdir(), 'truechimer-stamps-page-'))
  try {
    const [, address = ''] = await devnet.line(/dashboard (http:\/\/\S+)/)
    await using browser = await openBrowser({ width: 390, height: 844, reducedMotion: 'reduce' })
    await devnet.line(/every node holds every other for a truechimer/)
    const { page } = browser
    page.setDefaultTimeout(PATIENCE_MS)
    const played = { page, address, folder }
    await stampIt(played)
    await cutOff(page)
    await checkIt(played)
    deepEqual(
      browser.problems.filter((problem) => !isCutOff(problem)),
      [],
      'nothing went wrong in the page, and no rule of its policy was broken',
    )
  } finally {
    devnet.kill('SIGINT')
    await devnet.ended()
    await rm(folder, { recursive: true })
  }
})

/** A drop as the browser gives it: files cannot be dragged in from outside, so the event is made in the page. */
const dropFile = (page: Page, hook: string, name: string, text: string): Promise<unknown> =>
  page.evaluate(`{
    const dataTransfer = new DataTransfer()
    dataTransfer.items.add(new File([${JSON.stringify(text)}], ${JSON.stringify(name)}))
    const drop = new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true })
    document.querySelector('[data-hook="${hook}"]').dispatchEvent(drop)
  }`)

/** Hashed here, refused once by a network that is away, stamped, final, checked, and saved. Nothing but the hash leaves the browser. */
const stampIt = async ({ page, address, folder }: Played): Promise<void> => {
  const sent: string[] = []
  page.on('request', (request) => void (request.method() === 'POST' && sent.push(request.postData() ?? '')))
  await page.goto(`${address}#stamp`)
  await page.waitForSelector('[data-hook="trust"][data-from="node"]')
  await page.route('**/v1/stamps', (route) => route.abort())
  await dropFile(page, 'drop-stamp', NAME, WORDS)
  await page.locator('[data-hook="trouble"]', { hasText: 'The hash is kept: this page keeps asking.' }).waitFor()
  await page.unroute('**/v1/stamps')
  await page.click('[data-hook="ask-now"]')

  const card = page.locator('[data-hook="stamp-card"]')
  await page.waitForSelector('[data-hook="stamp-card"][data-stage="final"] [data-verdict="holds"]')
  equal(await card.locator('[data-step][data-state="done"]').count(), 4)
  match((await card.locator('[data-step="final"]').textContent()) ?? '', /^Finalblock [\d,]+, after \d/)
  const imprint = createHash('sha256').update(WORDS).digest('hex')
  deepEqual(new Set(sent), new Set([JSON.stringify({ algorithm: 'sha-256', imprint })]))

  const [download] = await Promise.all([page.waitForEvent('download'), page.click('[data-hook="save"]')])
  equal(download.suggestedFilename(), `${NAME}.chime`)
  await download.saveAs(join(folder, `${NAME}.chime`))
  await writeFile(join(folder, NAME), WORDS)
  const genesis = await page.request.get(`${address}v1/genesis`)
  await writeFile(join(folder, 'genesis.json'), JSON.stringify(Reflect.get(Object(await genesis.json()), 'genesis')))
}

/** From here on the page gets no byte from anywhere. */
const cutOff = async (page: Page): Promise<void> => {
  await page.route('**/*', (route) => route.abort())
  await page.context().setOffline(true)
}

const checkIt = async ({ page, folder }: Played): Promise<void> => {
  const [file, proof, genesis] = [NAME, `${NAME}.chime`, 'genesis.json'].map((name) => join(folder, name))
  ok(file !== undefined && proof !== undefined && genesis !== undefined)
  const choose = (paths: readonly string[]): Promise<void> =>
    page.setInputFiles('[data-hook="drop-check"] input', [...paths])
  const card = page.locator('[data-hook="check-card"]')
  const putAway = async (): Promise<void> => {
    await card.locator('.card-remove').click()
    equal(await card.count(), 0)
  }

  // The proof first, then its file.
  await choose([proof])
  await page.waitForSelector('[data-hook="check-card"] [data-verdict="holds"]')
  await page.waitForSelector('[data-hook="needs-file"]')
  await choose([file])
  await card.getByText('This file is what was stamped, and the stamp holds.').waitFor()
  await seeLines(page)

  // With a genesis of the visitor's own it holds as well.
  await page.setInputFiles('[data-hook="trust-file"] input', genesis)
  await page.waitForSelector('[data-hook="trust"][data-from="genesis"]')
  await card.getByText('This file is what was stamped, and the stamp holds.').waitFor()
  await putAway()

  const other = join(folder, 'other.txt')
  await writeFile(other, `${WORDS}.`)
  await choose([other, proof])
  await page.waitForSelector('[data-hook="outcome"][data-verdict="fails"][data-link="imprint"]')
  await page.waitForSelector('[data-link="imprint"][data-state="fails"]')
  await card.getByText('This is not the file that was stamped.').waitFor()
  await putAway()

  const short = join(folder, 'short.chime')
  const whole = await readFile(proof)
  await writeFile(short, whole.subarray(0, whole.length / 2))
  await choose([file, short])
  await card.getByText('The proof cannot be read.').waitFor()
}

/** Every line has its explanation, by the keyboard too; the picture says what it shows; nothing is wider than a phone. */
const seeLines = async (page: Page): Promise<void> => {
  const card = page.locator('[data-hook="check-card"]')
  const picture = card.locator('[data-hook="timeline"] svg[role="img"]')
  match(
    (await picture.getAttribute('aria-label')) ?? '',
    /^The stamp was asked for within .*Beacon: block \d+, ± .*Settled by block \d+\.$/,
  )
  const lines = card.locator('.outcome-lines li[data-state="holds"]')
  ok((await lines.count()) >= 7)
  await lines.first().locator('summary').press('Enter')
  await lines.first().locator('details[open] p').waitFor()
  for (const says of ['Existed no later than', 'Submitted no earlier than', 'Attested by'])
    await lines.getByText(says, { exact: false }).first().waitFor()
  ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), 'no part of the page is cut off')
}
