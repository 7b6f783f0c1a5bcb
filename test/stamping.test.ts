/**
 * Stamps as people have them: a devnet of five processes, and every command a process of its own. From the README's example to what is shown when a file, a proof, a
 * genesis or a node is not what it should be.
 */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { cpSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { NS_PER_DAY, bytesOfHex, hexOf } from '../src/base/index.ts'
import { decodeHeader, encodeHeader } from '../src/consensus/index.ts'
import { nodeIdText } from '../src/crypto/index.ts'
import { openReuse } from '../src/proofs/index.ts'
import { encodeEntry, openPendingStamp, openStampProof } from '../src/stamps/index.ts'
import { programPath } from './real/program.ts'
import { Stage, patience, ran } from './stamping/stage.ts'
import { readLog } from './tlog-reader.ts'

const README = new URL('../README.md', import.meta.url)
const stage = new Stage()
before(() => stage.start())
after(() => stage[Symbol.asyncDispose]())

describe('on one devnet', { concurrency: 3 }, () => {
  test('the README’s example, word by word', async () => {
    const words = [
      ...readFileSync(README, 'utf8').matchAll(/^npm run -s truechimer -- ((?:stamp|verify) .*?)\s*(?:#.*)?$/gm),
    ]
    const commands = words.map(([, command = '']) => command.split(' '))
    deepEqual(
      commands.map(([command]) => command),
      ['stamp', 'verify'],
    )
    const cwd = stage.folder({ 'README.md': readFileSync(README, 'utf8') })
    const [stamps, verifies] = commands
    await stage.runs(0, stamps ?? [], { cwd })
    const { size } = statSync(join(cwd, 'README.md.chime'))
    ok(size <= 2048, `${size} bytes`)
    // Whom it would ask is nobody.
    const { said } = await stage.runs(0, verifies ?? [], { cwd, env: { TRUECHIMER_API: 'http://127.0.0.1:1' } })
    match(said, /^valid +README\.md\n/)
    for (const line of [/existed no later than/, /submitted no earlier than/, /of 5 validators/, /ntp/])
      match(said, line)
  })

  test('a directory and a pipe', async () => {
    const folder = stage.folder({ a: 'a', b: 'b', empty: '' })
    const proof = join(folder, 'pipe.chime')
    const input = 'through a pipe'
    const [directory] = await Promise.all([
      stage.runs(0, ['stamp', folder, '--json']),
      stage.runs(0, ['stamp', '-', '--out', proof], { input }),
    ])
    equal(directory.said.split('\n').filter((line) => line.includes('"final"')).length, 3)
    const whole = await stage.run(['verify', join(folder, 'a'), join(folder, 'b'), join(folder, 'empty'), '--json'])
    deepEqual(
      whole.said
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).valid),
      [true, true, true],
    )
    await stage.runs(0, ['verify', '-', proof], { input })
    await stage.runs(1, ['verify', '-', proof], { input: `${input}?` })
  })

  test('with a genesis, a checkpoint, and neither; what is another’s, expired, cut short or of another file is not valid', async () => {
    const folder = stage.folder({ contract: 'what was agreed' })
    const [file, genesis, checkpoint, old] = ['contract', 'g.json', 'c.json', 'o.json'].map((name) =>
      join(folder, name),
    )
    const other = join(folder, 'other')
    ok(file !== undefined && genesis !== undefined && checkpoint !== undefined && old !== undefined)
    await stage.runs(0, ['genesis', '--out', genesis])
    await Promise.all([
      stage.runs(0, ['checkpoint', 'save', '--out', checkpoint, '--genesis', genesis]),
      stage.runs(0, ['init', '--data', other, '--no-encrypt']),
    ])
    // An aged copy is another block of that height: no header of the proof may come to it.
    await stage.passes(JSON.parse(readFileSync(checkpoint, 'utf8')).height)
    await stage.runs(0, ['stamp', file])
    age(checkpoint, old)
    const stranger = ['--networks', join(folder, 'none')]
    const cut = join(folder, 'cut.chime')
    writeFileSync(cut, readFileSync(`${file}.chime`).subarray(0, -1))
    const wrong = join(folder, 'wrong')
    writeFileSync(wrong, 'what was not')
    const told: readonly (readonly [code: number, args: readonly string[], words: RegExp])[] = [
      [0, [file, '--genesis', genesis, '--explain', ...stranger], /^valid /],
      [0, [file, '--checkpoint', checkpoint, ...stranger], /no older than 14 days/],
      [3, [file, ...stranger], /\[TC_STAMP_UNTRUSTED\]/],
      [1, [file, '--checkpoint', old], /first failing link: trust \[stamp-trust-expired\]/],
      [0, [file, '--checkpoint', old, '--trust-days', '30'], /^valid /],
      [1, [file, '--genesis', join(other, 'genesis.json')], /first failing link: trust \[stamp-wrong-network\]/],
      [1, [file, cut], /is no whole proof/],
      [1, [wrong, `${file}.chime`], /first failing link: imprint \[stamp-wrong-digest\]/],
    ]
    for (const [code, args, words] of told) {
      const { said, noted } = await stage.runs(code, ['verify', ...args])
      match(said + noted, words, args.join(' '))
    }
  })

  test('an attribution chain of three, to a verified picture', async () => {
    const folder = stage.folder({ 'photo.raw': 'light', 'photo.jpg': 'less light' })
    const at = (name: string): string => join(folder, name)
    const keys = await Promise.all(
      ['camera', 'ada', 'bede'].map(async (name) => {
        const made = await stage.runs(0, ['chain', 'key', '--out', at(`${name}.key`), '--no-encrypt', '--json'])
        return /12D3KooW\w+/.exec(made.said)?.[0] ?? ''
      }),
    )
    const by = (name: string): readonly string[] => ['--name', name, '--key-file', at(`${name}.key`)]
    const chain = at('photo.chain')
    const add = (...args: readonly string[]) => stage.runs(0, ['chain', 'add', chain, '--relation', ...args])
    await stage.runs(0, ['chain', 'new', chain, '--content', at('photo.raw'), ...by('camera')])
    await add('transferred', '--to', keys[1] ?? '', ...by('camera'))
    await add('received', ...by('ada'))
    await add('transformed', '--content', at('photo.jpg'), ...by('ada'))
    await add('reviewed', ...by('bede'))
    await stage.runs(0, ['chain', 'verify', chain, '--content', at('photo.jpg')])
    await stage.runs(1, ['chain', 'verify', chain, '--content', at('photo.raw')])
    await stage.runs(0, ['chain', 'show', chain, '--svg', at('photo.svg')])
    const svg = readFileSync(at('photo.svg'), 'utf8')
    match(svg, /^<svg /)
    for (const word of ['camera', 'ada', 'bede', 'Handed on', 'Reviewed']) ok(svg.includes(word), word)
  })

  test('a commit of git, in its notes', async (t) => {
    if (programPath('git') === undefined) return t.skip('git is not installed here')
    const cwd = stage.folder({ a: '1' })
    const [name, email] = ['Ada', 'ada@example.com']
    const configured = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' }
    const author = { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email }
    const env = { ...configured, ...author, GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: email }
    const git = async (...args: readonly string[]): Promise<string> => {
      const { code, said, noted } = await ran('git', args, { cwd, env })
      equal(code, 0, noted)
      return said
    }
    await git('init', '--quiet')
    await git('add', 'a')
    await git('commit', '--quiet', '-m', 'first')
    await stage.runs(0, ['git-stamp', '--repository', cwd], { env })
    match(await git('log', '--show-notes=truechimer'), /existed no later than .+Z\n/)
    await stage.runs(0, ['git-stamp', 'verify', 'HEAD', '--repository', cwd], { env })
    await git('commit', '--quiet', '--amend', '-m', 'not the first')
    await stage.runs(1, ['git-stamp', 'verify', 'HEAD', '--repository', cwd], { env })
  })

  test('a token of RFC 3161, asked for and checked by openssl', async (t) => {
    const openssl = programPath('openssl')
    if (openssl === undefined) return t.skip('openssl is not installed here')
    const cwd = stage.folder({ data: 'to be timed', other: 'to be timed?' })
    const query = await ran(openssl, ['ts', '-query', '-data', 'data', '-sha256', '-cert', '-out', 'query.tsq'], {
      cwd,
    })
    equal(query.code, 0, query.noted)
    writeFileSync(join(cwd, 'ca.pem'), await (await fetch(`${stage.api}/tsa/ca.pem`)).text())
    const headers = { 'content-type': 'application/timestamp-query' }
    const body = readFileSync(join(cwd, 'query.tsq'))
    const reply = await fetch(`${stage.api}/tsa`, { method: 'POST', headers, body })
    deepEqual([reply.status, reply.headers.get('content-type')], [200, 'application/timestamp-reply'])
    writeFileSync(join(cwd, 'reply.tsr'), Buffer.from(await reply.arrayBuffer()))
    const verify = (...of: readonly string[]) =>
      ran(openssl, ['ts', '-verify', '-in', 'reply.tsr', '-CAfile', 'ca.pem', ...of], { cwd })
    match((await verify('-queryfile', 'query.tsq')).said, /^Verification: OK/)
    match((await verify('-data', 'data')).said, /^Verification: OK/)
    ok((await verify('-data', 'other')).code !== 0)
  })

  test('the log, walked by a reader of others’ specifications, with a quorum’s cosignatures; and counted in metrics', async () => {
    const file = join(stage.folder({ logged: 'an entry' }), 'logged')
    await stage.runs(0, ['stamp', file])
    const opened = openStampProof(new Uint8Array(readFileSync(`${file}.chime`)))
    ok(opened.verdict === 'accept')
    const { receipt, algorithm, imprint, parent, hasBeacon } = opened.value
    const entry = encodeEntry({ algorithm, imprint, beacon: hasBeacon ? hexOf(parent) : null })
    // Every block may bring the next checkpoint.
    for await (const _ of stage.client.events({ types: ['block'], signal: patience() })) {
      const answer = await fetch(`${stage.api}/log/checkpoint`)
      const size = Number((await answer.text()).split('\n')[1])
      if (answer.status !== 200 || size <= receipt.position) continue
      const { entries, witnesses } = await readLog(`${stage.api}/log`)
      deepEqual(entries[receipt.position]?.equals(entry), true)
      if (witnesses.size >= 4) break
    }
    const metrics = await (await fetch(`${stage.api}/metrics`)).text()
    for (const name of ['taken', 'final']) {
      const count = new RegExp(`^truechimer_stamps_${name}_total (\\d+)$`, 'm').exec(metrics)
      ok(
        Number(count?.[1]) > receipt.position,
        metrics
          .split('\n')
          .filter((line) => line.includes('stamps_'))
          .join('\n'),
      )
    }
  })

  test('a journey without a network, and a copy of its directory that uses a vector again', async () => {
    const folder = stage.folder({ first: '1', second: '2', instead: '3' })
    const [ship, copy] = [join(folder, 'ship'), join(folder, 'copy')]
    for (const part of ['genesis.json', 'keys'])
      cpSync(join(stage.dataOf(5), part), join(ship, part), { recursive: true })
    await stage.runs(0, ['offline', 'prepare', '--data', ship, '--count', '3', '--valid', '1h'])
    const nobody = { env: { TRUECHIMER_API: 'http://127.0.0.1:1' } }
    const away = (data: string, name: string) =>
      stage.runs(0, ['offline', 'stamp', '--data', data, join(folder, name)], nobody)
    await away(ship, 'first')
    cpSync(ship, copy, { recursive: true })
    await away(ship, 'second')
    await away(copy, 'instead')
    await stage.runs(0, ['offline', 'submit', '--data', ship])
    for (const name of ['first', 'second']) {
      const { said } = await stage.runs(0, ['offline', 'verify', join(folder, name), '--data', ship], nobody)
      match(said, /^valid /)
    }
    const again = await stage.run(['offline', 'submit', '--data', copy])
    match(
      again.noted,
      /A vector was used twice, or the drawing was returned with different stamps\. The evidence is kept\..+\[offline-reused\]/,
    )
    ok(again.code !== 0)
    const [drawing = ''] = readdirSync(join(ship, 'journey')).map((name) => name.slice(0, 64))
    const shown = openReuse(await stage.client.offline.evidence(drawing))
    const { members } = JSON.parse(readFileSync(join(ship, 'genesis.json'), 'utf8'))
    deepEqual([shown?.index, nodeIdText(shown?.node ?? new Uint8Array(32))], [1, members[4].id])
  })
})

test('a node that is killed after the receipt: the same command goes on with it, and the promise is kept', async () => {
  const folder = stage.folder({ kept: 'by a receipt' })
  const file = join(folder, 'kept')
  await stage.runs(0, ['stamp', file, '--wait', 'receipt'])
  await stage.killFirst()
  const pending = openPendingStamp(new Uint8Array(readFileSync(`${file}.chime`)))
  ok(pending.verdict === 'accept')
  const receipt = join(folder, 'receipt.chime')
  cpSync(`${file}.chime`, receipt)
  await stage.runs(1, ['verify', file])
  const nobody = await stage.runs(3, ['stamp', file])
  match(nobody.noted, /\[TC_API_UNREACHABLE\]/)
  await stage.start()
  const { said } = await stage.runs(0, ['stamp', file])
  match(said, /goes on with its receipt/)
  const valid = await stage.runs(0, ['verify', file, '--json'])
  deepEqual(JSON.parse(valid.said).receipt.position, pending.value.receipt.position)
  const promise = await stage.run(['proof', 'promise', receipt, '--json'])
  deepEqual(
    [promise.code, /^{"state":"(?:kept|open)"/.test(promise.said.replaceAll(/\s/g, ''))],
    [1, true],
    promise.said,
  )
})

/** The same checkpoint of twenty days before. Who gives it is believed. */
const age = (from: string, to: string): void => {
  const file = JSON.parse(readFileSync(from, 'utf8'))
  const networkId = bytesOfHex(file.networkId)
  const header = decodeHeader(bytesOfHex(file.header) ?? new Uint8Array(0), networkId ?? new Uint8Array(0))
  ok(header.verdict === 'accept')
  const back = 20n * NS_PER_DAY
  const { earliest, latest, timestamp } = header.value.time
  const time = { earliest: earliest - back, latest: latest - back, timestamp: timestamp - back }
  writeFileSync(to, JSON.stringify({ ...file, header: hexOf(encodeHeader({ ...header.value, time })) }))
}
