/** What people type behind a flag, turned into what the commands take; what cannot be used is refused with what can. */
import { InvalidArgumentError } from 'commander'
import { parseDuration } from './duration.ts'

/** Several values, by commas or by giving the option again. */
export const list = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...value.split(',').map((item) => item.trim()),
]

export const whole =
  (limits: { readonly min: number; readonly max: number }) =>
  (value: string): number => {
    const number = Number(value)
    if (/^\d+$/.test(value) && number >= limits.min && number <= limits.max) return number
    throw new InvalidArgumentError(`It must be a whole number from ${limits.min} to ${limits.max}.`)
  }

/** A number above zero; a fraction is fine. */
export const number = (value: string): number => {
  const parsed = Number(value)
  if (/^\d+(?:\.\d+)?$/.test(value) && parsed > 0) return parsed
  throw new InvalidArgumentError('It must be a number above zero.')
}

/** A number of milliseconds above zero; a fraction is fine. */
export const milliseconds = (value: string): number => {
  const number = Number(value)
  if (/^\d+(?:\.\d+)?$/.test(value) && number > 0) return number
  throw new InvalidArgumentError('It must be a number of milliseconds above zero, without a unit.')
}

/** A length of time, ms. */
export const duration = (value: string): number => {
  const ms = parseDuration(value)
  if (ms === undefined) throw new InvalidArgumentError('It must be a time such as 500ms, 60s, 5m or 1h.')
  return ms
}

/** A block: its height from 1 on, its id, or `latest`. */
export const blockName = (value: string): string => {
  if (/^(?:latest|[1-9]\d{0,14}|[0-9a-f]{64})$/.test(value)) return value
  if (value === '0')
    throw new InvalidArgumentError('The first block is 1; before it is the genesis: truechimer genesis.')
  throw new InvalidArgumentError('It must be a height from 1 on, a block’s id of 64 hex digits, or latest.')
}

/** Where a node's API answers, as a URL without a slash at the end: from `HOST:PORT`, or from the address of a dashboard. */
export const apiUrl = (value: string): string => {
  const [, scheme, place = ''] = /^(https?:\/\/)?([^/\s@?#]+)\/?$/.exec(value) ?? []
  const text = `${scheme ?? 'http://'}${place}`
  if ((scheme !== undefined || /:\d+$/.test(place)) && URL.canParse(text)) return new URL(text).origin
  throw new InvalidArgumentError('It must be HOST:PORT, such as 127.0.0.1:7340.')
}
