/**
 * The command line from outside, as a person or a script meets it: exit codes, what stands on which stream, what is left
 * behind, and how it ends.
 */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { childrenOf, runProgram, untilGone } from './devnet/run.ts'

const PROGRAM = new URL('../bin/truechimer.js', import.meta.url).pathname
const root = mkdtempSync(join(tmpdir(), 'truechimer-cli-'))
after(() => rmSync(root, { recursive: true, force: true }))
const patience = (): AbortSignal => AbortSignal.timeout(30_000)

type Said = Awaited<ReturnType<ReturnType<typeof runProgram>['ended']>>
const run = (args: readonly string[], environment: Record<string, string> = {}): Promise<Said> =>
  runProgram(args, environment).ended()

let made = 0
const newPath = (): string => join(root, `${(made += 1)}`)
const base = newPath()
equal((await run(['init', '--data', base, '--no-encrypt'])).code, 0)
/** A copy of a node's directory, with whatever is to be wrong about it. */
const copied = (spoil: (directory: string) => void = () => {}): string => {
  const directory = newPath()
  cpSync(base, directory, { recursive: true })
  spoil(directory)
  return directory
}
const write = (name: string, text: string) => (directory: string) => writeFileSync(join(directory, name), text)

interface Refusal {
  readonly name: string
  readonly args: readonly string[]
  readonly environment?: Record<string, string>
  readonly code: 2 | 3
  readonly tells: RegExp
}

const GARBAGE = join(root, 'garbage.json')
writeFileSync(GARBAGE, '{"nam":"x","members":[]}')
const NODE = ['node', '--data', base, '--api', '127.0.0.1:0']
const refusals: readonly Refusal[] = [
  { name: 'a command of another name', args: ['devent'], code: 2, tells: /Did you mean devnet/ },
  { name: 'a flag of another name', args: ['node', '--nttp', 'x'], code: 2, tells: /Did you mean --ntp/ },
  { name: 'a command of a command', args: ['clock', 'wtach'], code: 2, tells: /Did you mean watch/ },
  { name: 'too few nodes', args: ['devnet', '--nodes', '3'], code: 2, tells: /from 4 to 20/ },
  { name: 'a time without a unit', args: ['devnet', '--for', '60'], code: 2, tells: /60s/ },
  { name: 'a block before the first', args: ['block', '0'], code: 2, tells: /first block is 1.*truechimer genesis/ },
  { name: 'a block that is none', args: ['block', 'abc'], code: 2, tells: /a height from 1 on, .* or latest/ },
  { name: 'no faults and all of them', args: ['simulate', '--faults', 'all,none'], code: 2, tells: /says it all/ },
  { name: 'a genesis where there is none', args: ['genesis', '--data', root], code: 3, tells: /truechimer init/ },
  { name: 'an address that is none', args: ['now', '--api', 'x'], code: 2, tells: /HOST:PORT/ },
  { name: 'one for a devnet', args: ['devnet', '--ntp', 'x'], code: 2, tells: /sources\.ntp.*HOST:PORT/ },
  { name: 'ports past the last', args: ['devnet', '--api', '127.0.0.1:65533'], code: 2, tells: /leaves no room/ },
  { name: 'a number that is none', args: [...NODE, '--host-bound-ms', 'abc'], code: 2, tells: /milliseconds/ },
  {
    name: 'one in the environment',
    args: NODE,
    environment: { TRUECHIMER_HOST_BOUND_MS: 'abc' },
    code: 2,
    tells: /TRUECHIMER_HOST_BOUND_MS.*must be a number/,
  },
  {
    name: 'a level that there is not',
    args: [...NODE, '--log-level', 'loud'],
    code: 2,
    tells: /must be one of trace, debug/,
  },
  {
    name: 'a genesis of garbage',
    args: ['init', '--data', join(root, 'none'), '--no-encrypt', '--genesis', GARBAGE],
    code: 2,
    tells: /unknown key nam; did you mean name\?/,
  },
  {
    name: 'a key without a passphrase',
    args: ['init', '--data', join(root, 'none')],
    code: 3,
    tells: /--passphrase-file.*--no-encrypt/,
  },
  { name: 'no data directory', args: ['node', '--data', join(root, 'none')], code: 3, tells: /truechimer init --data/ },
  {
    name: 'a directory that is a file',
    args: ['init', '--data', GARBAGE, '--no-encrypt'],
    code: 3,
    tells: /file of that name/,
  },
  { name: 'a second init', args: ['init', '--data', base, '--no-encrypt'], code: 3, tells: /nothing is overwritten/ },
  {
    name: 'a node that does not run',
    args: ['now', '--api', '127.0.0.1:9'],
    code: 3,
    tells: /Is the node running there/,
  },
  { name: 'a node of no devnet', args: [...NODE, '--devnet'], code: 2, tells: /truechimer devnet/ },
]
for (const { name, args, environment, code, tells } of refusals)
  test(`refused, with what to do: ${name}`, async () => {
    const said = await run([...args, '--json'], environment)
    match(said.stderr.join('\n'), tells)
    equal(said.code, code)
    equal(said.stdout.length, 1, 'one JSON object')
    const { error } = JSON.parse(said.stdout[0] ?? '')
    match(error.code, /^TC_[A-Z_]+$/)
    match(error.message, tells)
    ok(!existsSync(join(root, 'none')), 'nothing is half made')
  })

const spoilt: readonly (readonly [name: string, spoil: (directory: string) => void, code: number, tells: RegExp])[] = [
  [
    'a misspelt key',
    write('config.json', '{"sources":{"ntpp":[]}}'),
    2,
    /unknown key sources\.ntpp; did you mean sources\.ntp\?/,
  ],
  ['settings that are a list', write('config.json', '[]'), 2, /must be an object/],
  ['settings that are no JSON', write('config.json', '{'), 3, /config\.json is no JSON/],
  ['a genesis that is no JSON', write('genesis.json', 'x'), 3, /genesis\.json is no JSON/],
  [
    'a genesis with a bad member',
    write('genesis.json', '{"name":"a","members":[{"id":"x","name":"Ada"}]}'),
    2,
    /member Ada/,
  ],
  ['a key that others can read', (directory) => chmodSync(join(directory, 'keys', 'key.json'), 0o644), 3, /chmod 600/],
  [
    'settings that are a directory',
    (directory) => {
      rmSync(join(directory, 'config.json'))
      mkdirSync(join(directory, 'config.json'))
    },
    3,
    /it is a directory/,
  ],
]
for (const [name, spoil, code, tells] of spoilt)
  test(`a node refuses ${name}`, async () => {
    const said = await run(['node', '--data', copied(spoil), '--api', '127.0.0.1:0'])
    match(said.stderr.join('\n'), tells)
    equal(said.code, code)
    deepEqual(said.stdout, [])
  })

test('a locked key opens with its passphrase file alone, and the passphrase shows nowhere', async () => {
  const directory = newPath()
  const file = join(root, 'passphrase')
  const secret = 'correct horse battery staple'
  writeFileSync(file, `${secret}\n`, { mode: 0o600 })
  equal((await run(['init', '--data', directory, '--passphrase-file', file])).code, 0)
  const args = ['node', '--data', directory, '--api', '127.0.0.1:0', '--log-level', 'trace', '--json']
  const without = await run(args)
  match(without.stderr.join('\n'), /--passphrase-file.*TC_PASSPHRASE_NEEDED/)
  match((await run(args, { TRUECHIMER_PASSPHRASE: 'wrong' })).stderr.join('\n'), /TC_PASSPHRASE_WRONG/)
  const node = runProgram([...args, '--passphrase-file', file])
  await node.line(/"ready":true/)
  node.kill('SIGTERM')
  const { code, stdout, stderr } = await node.ended()
  equal(code, 0)
  ok(![...stdout, ...stderr].join('\n').includes(secret))
})

test('one directory runs one node; a free port, a port in use, and each signal', async () => {
  const start = (...flags: readonly string[]): ReturnType<typeof runProgram> =>
    runProgram(['node', '--data', base, '--api', '127.0.0.1:0', '--host-bound-ms', '5', '--json', ...flags])
  const first = start()
  const [, api = ''] = await first.line(/"ready":true.*"api":"http:\/\/([^"]+)"/)
  const second = await start().ended()
  equal(second.code, 3)
  match(second.stderr.join('\n'), /TC_KEY_LOCKED/)
  const other = copied()
  const third = await run(['node', '--data', other, '--api', api])
  equal(third.code, 3)
  match(third.stderr.join('\n'), /Something else listens there/)
  first.kill('SIGHUP')
  equal((await first.ended()).code, 0)
})

test('a node without sources says so, has no time to give, and shows no colours to a pipe', async () => {
  const node = runProgram(['node', '--data', base, '--api', '127.0.0.1:0'], { FORCE_COLOR: '' })
  const [, api = ''] = await node.line(/"api":"http:\/\/([^"]+)"/)
  const environment = { TRUECHIMER_API: api }
  const [now, status, watch] = await Promise.all([
    run(['now', '--json'], environment),
    run(['status'], { ...environment, NO_COLOR: '1' }),
    run(['clock', 'watch', '--for', '300ms'], environment),
  ])
  deepEqual([now.code, status.code, watch.code], [1, 1, 1])
  deepEqual(now.stdout, ['{"status":"unsynchronised"}'])
  match(status.stdout.join('\n'), /no sources/)
  ok(!status.stdout.join('').includes('\u001B'))
  match(watch.stderr.join('\n'), /no time yet/)
  node.kill('SIGINT')
  const { stdout, stderr } = await node.ended()
  deepEqual(stdout, [])
  match(stderr.join('\n'), /no source of time is set/)
  ok(
    stderr.every((line) => JSON.parse(line).level > 0),
    'JSON lines for machines',
  )
})

test('a devnet that is ended while it starts leaves nothing, and still gives its line', async () => {
  const devnet = runProgram(['devnet', '--json', '--api', '127.0.0.1:0'])
  const [, directory = ''] = await devnet.line(/their data is in (\S+)/)
  const nodes = childrenOf(devnet.pid)
  devnet.kill('SIGINT')
  const { code, stdout } = await devnet.ended()
  equal(code, 0)
  const nothing = { detectMs: null, recoverMs: null, medianAbsOffsetNs: null, proofs: null, attestations: null }
  deepEqual(
    stdout.map((line) => JSON.parse(line)),
    [{ nodes: 5, falsetickersFound: 0, honestFramed: 0, ...nothing }],
  )
  await untilGone(nodes, patience())
  ok(!existsSync(directory))
})

test('a devnet whose reader leaves, and that then loses a node, ends by itself', async () => {
  const devnet = spawn(process.execPath, [PROGRAM, 'devnet', '--no-lie', '--api', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let complaints = ''
  devnet.stderr.setEncoding('utf8').on('data', (part: string) => (complaints += part))
  const closed = once(devnet, 'close')
  await once(devnet.stdout, 'data')
  devnet.stdout.destroy()
  const nodes = childrenOf(devnet.pid ?? 0)
  process.kill(nodes[1] ?? 0, 'SIGKILL')
  const [code] = await closed
  equal(code, 3)
  match(complaints, /lost \S+ ended by itself, by SIGKILL/)
  ok(!/EPIPE|TypeError/.test(complaints), complaints)
  await untilGone(nodes, patience())
})

test('an older Node says in one line what is missing', async (t) => {
  const old = await firstOldNode()
  if (old === undefined) return t.skip('THIS MACHINE HAS NO NODE BEFORE 24.12: what it would say is not tested here')
  const [code, stderr] = await new Promise<[unknown, string]>((resolve) =>
    execFile(old, [PROGRAM, 'devnet'], (error, _, said) => resolve([error?.code, said])),
  )
  deepEqual([code, stderr.trimEnd().split('\n').length], [3, 1])
  match(stderr, /needs Node 24\.12/)
})

const firstOldNode = async (): Promise<string | undefined> => {
  for (const path of ['/usr/bin/node', '/usr/local/bin/node']) {
    if (!existsSync(path)) continue
    const version = await new Promise<string>((resolve) => execFile(path, ['--version'], (_, said) => resolve(said)))
    if (Number(/^v(\d+)\./.exec(version)?.[1]) < 24) return path
  }
  return undefined
}
