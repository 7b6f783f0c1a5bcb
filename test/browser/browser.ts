/**
 * One headless browser page for a test: Debian's chromium where it stands, the one named in CHROMIUM, or else the browser
 * that the package @sparticuz/chromium carries. It starts with an empty profile in a folder of its own, and closing it
 * takes browser and folder away.
 *
 * Not promised: speed, fonts, or a GPU. The flags keep the browser from talking to anything but what the test opens.
 */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BrowserContext, chromium, type Page } from 'playwright-core'

export interface BrowserOptions {
  /** CSS pixels; 1440 × 900 unless told. */
  readonly width?: number
  readonly height?: number
  readonly colorScheme?: 'light' | 'dark'
  readonly reducedMotion?: 'reduce' | 'no-preference'
}

export interface OpenBrowser extends AsyncDisposable {
  readonly page: Page
  /** What went wrong in the page so far: uncaught errors and console errors, Content-Security-Policy refusals among them. */
  readonly problems: readonly string[]
  /** Which browser runs. */
  readonly executable: string
}

/** Problems kept at most; a page in a loop must not fill the test's memory. */
const PROBLEMS_MAX = 100

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
] as const

interface Found {
  readonly executable: string
  /** What the browser needs in its environment beside the test's own. */
  readonly environment: Readonly<Record<string, string>>
}

const findBrowser = async (): Promise<Found> => {
  const named = process.env['CHROMIUM']
  if (named !== undefined && named !== '') return { executable: named, environment: {} }
  if (existsSync('/usr/bin/chromium')) return { executable: '/usr/bin/chromium', environment: {} }
  return unpackBrowser()
}

/** The package's browser, with the libraries and fonts that a bare system lacks, which the package carries too. */
const unpackBrowser = async (): Promise<Found> => {
  const { default: packaged, inflate } = await import('@sparticuz/chromium')
  const executable = await packaged.executablePath()
  const folder = fileURLToPath(new URL('../bin/', import.meta.resolve('@sparticuz/chromium')))
  const libraries = await inflate(join(folder, 'al2023.tar.br'))
  const fonts = await inflate(join(folder, 'fonts.tar.br'))
  return { executable, environment: { LD_LIBRARY_PATH: join(libraries, 'lib'), FONTCONFIG_PATH: fonts } }
}

/** The test's environment, without what is not set. */
const inherited = (): Record<string, string> =>
  Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined))

const watch = (page: Page, problems: string[]): void => {
  const note = (problem: string): void => void (problems.length < PROBLEMS_MAX && problems.push(problem))
  page.on('pageerror', (error) => note(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') note(message.text())
  })
}

/** Opens one page. Rejects where no browser can be started, with what the browser said. */
export const openBrowser = async (options: BrowserOptions = {}): Promise<OpenBrowser> => {
  const { executable, environment } = await findBrowser()
  const profile = await mkdtemp(join(tmpdir(), 'truechimer-browser-'))
  const dropProfile = (): Promise<void> => rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  let context: BrowserContext
  try {
    context = await chromium.launchPersistentContext(profile, {
      executablePath: executable,
      headless: true,
      env: { ...inherited(), ...environment },
      args: [...FLAGS],
      viewport: { width: options.width ?? 1440, height: options.height ?? 900 },
      // Without a language of the system's, Chromium calls its own one that Intl does not know.
      locale: 'en-GB',
      colorScheme: options.colorScheme ?? 'light',
      reducedMotion: options.reducedMotion ?? 'no-preference',
    })
  } catch (error) {
    await dropProfile()
    throw error
  }
  const page = context.pages()[0] ?? (await context.newPage())
  const problems: string[] = []
  watch(page, problems)
  return {
    page,
    problems,
    executable,
    [Symbol.asyncDispose]: async () => {
      await context.close()
      await dropProfile()
    },
  }
}
