/**
 * `npm run bench -- devnet [RUNS]`: plays the devnet's lie in so many runs (default 10), and prints how long the network took to
 * find the liar and to take it back, whom it framed, and the memory of a node (resident, the largest seen).
 */
import { spawn } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { spread } from './figures.ts'

const PROGRAM = new URL('../bin/truechimer.js', import.meta.url).pathname
const RUN_FOR = '45s'
const LOOK_EVERY_MS = 1000

interface Seen {
  readonly falsetickersFound: number
  readonly honestFramed: number
  readonly detectMs: number | null
  readonly recoverMs: number | null
  readonly medianAbsOffsetNs: number
}

/** Resident memory of each child of a process, MB. Linux only: elsewhere nothing is seen. */
const residentOfChildren = (parent: number): number[] => {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => residentOf(name, parent))
  } catch {
    return []
  }
}

const residentOf = (name: string, parent: number): number[] => {
  try {
    const status = readFileSync(`/proc/${name}/status`, 'utf8')
    if (!status.includes(`\nPPid:\t${parent}\n`)) return []
    return [Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024]
  } catch {
    return [] // it ended while we looked
  }
}

const runOnce = (api: string): Promise<{ readonly seen: Seen; readonly residentMb: number }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, 'devnet', '--json', '--for', RUN_FOR, '--api', api], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let output = ''
    let residentMb = 0
    const timer = setInterval(() => {
      residentMb = Math.max(residentMb, ...residentOfChildren(child.pid ?? 0))
    }, LOOK_EVERY_MS)
    child.stdout.setEncoding('utf8')
    child.stdout.on('data', (chunk: string) => void (output += chunk))
    child.once('error', reject)
    child.once('close', () => {
      clearInterval(timer)
      const seen: Seen = JSON.parse(output.trim().split('\n').at(-1) ?? '')
      resolve({ seen, residentMb })
    })
  })

export const run = async ([runs = '10']: readonly string[]): Promise<void> => {
  const all: { readonly seen: Seen; readonly residentMb: number }[] = []
  for (let i = 0; i < Number(runs); i += 1) {
    const one = await runOnce('127.0.0.1:0')
    all.push(one)
    process.stderr.write(`${i + 1}/${runs} ${JSON.stringify(one.seen)} ${one.residentMb.toFixed(0)} MB\n`)
  }
  const never = Number.POSITIVE_INFINITY
  process.stdout.write(
    [
      `runs                  ${all.length}`,
      `liar found            ${all.filter(({ seen }) => seen.falsetickersFound === 1).length}`,
      `honest framed         ${all.reduce((sum, { seen }) => sum + seen.honestFramed, 0)}  (wanted: 0)`,
      `detection, ms         ${spread(all.map(({ seen }) => seen.detectMs ?? never))}  (wanted: at most 10000)`,
      `recovery, ms          ${spread(all.map(({ seen }) => seen.recoverMs ?? never))}  (wanted: at most 10000)`,
      `clock error, ns       ${spread(all.map(({ seen }) => seen.medianAbsOffsetNs))}`,
      `resident a node, MB   ${spread(all.map(({ residentMb }) => residentMb))}  (wanted: at most 200)`,
      '',
    ].join('\n'),
  )
}
