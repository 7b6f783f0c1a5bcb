/** The dashboard's files: what is served, for how long it may be kept, and what is not served. */
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { ask, askRaw } from './asking.test-kit.ts'
import { openHttpApi } from './http-api.ts'
import type { HttpApi } from './http-api.ts'
import { tableBackend } from './table-backend.test-kit.ts'

const folder = mkdtempSync(join(tmpdir(), 'truechimer-web-'))
after(() => rmSync(folder, { recursive: true }))
const webRoot = join(folder, 'dist')
mkdirSync(join(webRoot, 'assets'), { recursive: true })
writeFileSync(join(folder, 'secret.txt'), 'secret')
writeFileSync(join(webRoot, 'index.html'), '<!doctype html><title>Truechimer</title>')
writeFileSync(join(webRoot, 'icon.svg'), '<svg/>')
writeFileSync(join(webRoot, '.env'), 'secret')
writeFileSync(join(webRoot, 'assets', 'index-BX3f9kQ1.js'), 'export {}')

const open = (root: string): Promise<HttpApi> =>
  openHttpApi({ backend: tableBackend(), listen: { host: '127.0.0.1', port: 0 }, webRoot: root })

describe('files of the dashboard', () => {
  const served: [string, string, string][] = [
    ['/', 'text/html; charset=utf-8', 'no-cache'],
    ['/index.html', 'text/html; charset=utf-8', 'no-cache'],
    ['/icon.svg', 'image/svg+xml', 'no-cache'],
    ['/assets/index-BX3f9kQ1.js', 'application/javascript; charset=utf-8', 'public, max-age=31536000, immutable'],
  ]
  for (const [path, type, cache] of served)
    test(`${path} as ${type}, ${cache}`, async () => {
      await using api = await open(webRoot)
      const { status, headers } = await ask(api.address + path)
      deepEqual([status, headers['content-type'], headers['cache-control']], [200, type, cache])
      equal(headers['x-content-type-options'], 'nosniff')
      match(String(headers['content-security-policy']), /script-src 'self'/)
      const etag = String(headers['etag'])
      equal((await ask(api.address + path, { headers: { 'if-none-match': etag } })).status, 304)
    })

  const refused = [
    '/v1/nothing',
    '/nothing.html',
    '/.env',
    '/assets',
    '/assets/',
    '/..%2fsecret.txt',
    '/assets/%2e%2e/.env',
  ]
  for (const path of refused)
    test(`${path} is a problem, not a page`, async () => {
      await using api = await open(webRoot)
      const answer = await ask(api.address + path)
      deepEqual([answer.status, answer.headers['content-type']], [404, 'application/json; charset=utf-8'])
      ok(answer.text.includes('TC_API_NOT_FOUND') && !answer.text.includes('secret'))
      equal(answer.headers['cache-control'], 'no-store')
    })

  test('a way up that no client would send finds nothing', async () => {
    await using api = await open(webRoot)
    for (const path of ['/../secret.txt', '/assets/../../secret.txt', '//secret.txt', '/assets/..\\..\\secret.txt']) {
      const text = await askRaw(api.address, `GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`)
      match(text, /^HTTP\/1\.1 40[04] /)
      ok(!/\r\n\r\nsecret/.test(text))
    }
  })

  test('a folder without a dashboard is named', () =>
    rejects(open(folder), { code: 'TC_API_WEB_ROOT', message: new RegExp(`index.html.*${folder}`) }))
})
