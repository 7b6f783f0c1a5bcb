/** The load of the benchmark of stamps: wrk, as a process of its own, with digests that never repeat. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** What wrk saw of one route in one round. */
export interface Load {
  /** Answers of 200 and 201 a second. */
  readonly perSec: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Answers of another status, and errors of sockets. */
  readonly failed: number
}

export interface LoadOptions {
  readonly url: string
  readonly directory: string
  /** Digests of one body: 1 makes `{"imprint"}`, more `{"stamps"}`. */
  readonly digests: number
  readonly connections: number
  readonly forSec: number
}

/** wrk runs this for every request. */
const script = (digests: number): string => `
local count = 0
local prefix = "${randomBytes(12).toString('hex')}"
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
local function one()
  count = count + 1
  return '{"imprint":"' .. prefix .. string.format("%040x", count) .. '"}'
end
request = function()
  if ${digests} == 1 then return wrk.format(nil, nil, nil, one()) end
  local all = {}
  for i = 1, ${digests} do all[i] = one() end
  return wrk.format(nil, nil, nil, '{"stamps":[' .. table.concat(all, ",") .. ']}')
end
`

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 }

const numberIn = (text: string, form: RegExp): number => Number(form.exec(text)?.[1] ?? 0)

const msIn = (text: string, share: string): number => {
  const [, value = 'NaN', unit = ''] = new RegExp(`${share}%\\s+([\\d.]+)(us|ms|s|m)\\b`).exec(text) ?? []
  return Number(value) * (UNITS[unit] ?? Number.NaN)
}

export const load = async ({ url, directory, digests, connections, forSec }: LoadOptions): Promise<Load> => {
  const path = join(directory, `load-${digests}.lua`)
  writeFileSync(path, script(digests))
  const args = ['-t1', `-c${connections}`, `-d${forSec}s`, '--timeout', '10s', '--latency', '-s', path, url]
  const { stdout } = await promisify(execFile)('wrk', args)
  const requests = numberIn(stdout, /(\d+) requests in/)
  const seconds = requests / numberIn(stdout, /Requests\/sec:\s+([\d.]+)/)
  const refused = numberIn(stdout, /Non-2xx or 3xx responses: (\d+)/)
  const errors = (/Socket errors: (.*)/.exec(stdout)?.[1]?.match(/\d+/g) ?? []).reduce((sum, n) => sum + Number(n), 0)
  return {
    perSec: (requests - refused) / seconds,
    p50Ms: msIn(stdout, '50'),
    p99Ms: msIn(stdout, '99'),
    failed: refused + errors,
  }
}
