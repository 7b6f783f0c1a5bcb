/**
 * The dashboard in a real browser, on a real devnet: a node is bent with the page's own control, turns falseticker before the
 * eyes of whoever watches, and comes back when it is set right.
 */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { openBrowser } from './browser/browser.ts'
import { runProgram } from './devnet/run.ts'

const PATIENCE_MS = 60_000

test('a node is bent, struck off, set right and taken back, all on the page', async () => {
  const devnet = runProgram(['devnet', '--no-lie', '--json', '--api', '127.0.0.1:0'])
  try {
    const [, address = ''] = await devnet.line(/dashboard (http:\/\/\S+)/)
    await using browser = await openBrowser()
    await playOn(browser.page, address)
    deepEqual(browser.problems, [], 'nothing went wrong in the page, and no rule of its policy was broken')
  } finally {
    devnet.kill('SIGINT')
    await devnet.ended()
  }
  const { stdout } = await devnet.ended()
  const { falsetickersFound, honestFramed } = JSON.parse(stdout.at(-1) ?? '{}')
  deepEqual({ falsetickersFound, honestFramed }, { falsetickersFound: 1, honestFramed: 0 })
})

const playOn = async (page: Page, address: string): Promise<void> => {
  page.setDefaultTimeout(PATIENCE_MS)
  await page.goto(address)
  await page.waitForSelector('.page[data-link="open"][data-struck="0"]')
  for (const name of ['Ada', 'Bede', 'Cyra', 'Dondi', 'Elma'])
    await page.waitForSelector(`tr[data-node="${name}"][data-status="truechimer"]`)
  await page.waitForSelector('[data-hook="clock"][data-clock="synchronised"]')
  match((await page.locator('.hero-canvas').getAttribute('aria-label')) ?? '', /\w/)

  await seeClock(page)
  const chartBefore = await chartHeight(page)
  await page.selectOption('form[data-hook="bend"] select[name="node"]', { label: 'Bede' })
  await page.click('[data-preset="250"]')
  await page.click('form[data-hook="bend"] button[type="submit"]')
  await page.waitForSelector('tr[data-node="Bede"][data-status="falseticker"][data-actions-valid="false"]')
  match((await page.locator('[data-hook="headline"]').textContent()) ?? '', /Bede .* ahead/)
  await page.waitForSelector('li[data-event="Bede"][data-tone="bad"]')
  await page.locator('[data-hook="announcement"]', { hasText: 'Bede' }).waitFor({ state: 'attached' })

  await page.click('[data-hook="set-right"]')
  await page.waitForSelector('tr[data-node="Bede"][data-status="truechimer"]')
  await page.waitForSelector('.page[data-struck="0"]')
  equal(await page.locator('tr[data-status="falseticker"]').count(), 0)

  await seeNetwork(page)
  await seeBlocks(page)
  await page.locator('[data-hook="allan"] svg[role="img"][aria-label*=" at "]').waitFor()
  ok(Math.abs((await chartHeight(page)) - chartBefore) < 1, 'the chart stands where its place was kept')
}

/** The page of the network, reached with the keyboard: who is linked to whom, a peer with why, and back. */
const seeNetwork = async (page: Page): Promise<void> => {
  await page.locator('.pages a', { hasText: 'Network' }).focus()
  await page.keyboard.press('Enter')
  await page.waitForSelector('.pages a[aria-current="page"][href="#network"]')
  await page.locator('[data-hook="headline"]', { hasText: 'Connected to 4 peers over' }).waitFor()
  for (const name of ['Ada', 'Bede', 'Cyra', 'Dondi', 'Elma'])
    await page.waitForSelector(`[data-net-node="${name}"][data-connected="true"]`)
  const circle = page.locator('[data-hook="circle"] svg[role="img"]')
  match((await circle.getAttribute('aria-label')) ?? '', /(?:Cyra and Elma|Elma and Cyra): [\d.]+\s(?:µs|ms)/)
  await page.locator('tbody[data-peer="Bede"] .peer-open').press('Enter')
  await page.waitForSelector('tbody[data-peer="Bede"][data-open="true"] [data-hook="peer-why"]')
  await page.waitForSelector('[data-net-node="Bede"][aria-pressed="true"]')
  await page.goBack()
  await page.waitForSelector('tr[data-node="Bede"]')
}

/** The page of the chain: blocks come, one is opened with what proves it, and everybody's weight has its reason. */
const seeBlocks = async (page: Page): Promise<void> => {
  await page.locator('.pages a', { hasText: 'Blocks' }).press('Enter')
  await page.waitForSelector('.pages a[aria-current="page"][href="#blocks"]')
  await page.locator('[data-hook="headline"]', { hasText: /^Block [\d,]+ is decided, its time known to ±/ }).waitFor()
  await page.locator('tr[data-settled="true"] .block-open').first().press('Enter')
  await page.locator('[data-hook="block"] .proven', { hasText: 'more than two thirds decide' }).waitFor()
  await page.locator('[data-hook="signers"] li').nth(3).waitFor()
  for (const name of ['Ada', 'Bede', 'Cyra', 'Dondi', 'Elma'])
    await page.locator(`tr[data-validator="${name}"] .why`, { hasText: 'of a voice' }).waitFor()
  match(
    (await page.locator('[data-hook="strip"] svg[role="img"]').getAttribute('aria-label')) ?? '',
    /^Blocks \d+ to \d+, each from its earliest to its latest instant/,
  )
  await page.goBack()
  await page.waitForSelector('tr[data-node="Bede"]')
}

const chartHeight = (page: Page): Promise<number> =>
  page.locator('[data-hook="allan"]').evaluate((element) => element.getBoundingClientRect().height)

/** The node's own clock: its interval with the likely range, and its source with its health. */
const seeClock = async (page: Page): Promise<void> => {
  const range = page.locator('[data-hook="range"] [role="img"]')
  match((await range.getAttribute('aria-label')) ?? '', /true time lies from .* to .*; with 95 % likelihood within ± /)
  const source = page.locator('.sources tbody[data-state="selected"]').first()
  await source.waitFor()
  match(
    (await source.locator('svg[role="img"]').getAttribute('aria-label')) ?? '',
    /[1-8] of the last 8 polls answered/,
  )
  match((await source.textContent()) ?? '', /selected, ntp, stratum 2/)
}
