/** Lengths of time as people type them. */

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** `500ms`, `60s`, `5m`, `1.5h` in ms; undefined where it is no length of time above zero and below 1,000 hours. */
export const parseDuration = (text: string): number | undefined => {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  const ms = Number(digits) * (UNITS_MS[unit] ?? 0)
  return ms > 0 && ms < 1000 * 3_600_000 ? ms : undefined
}
