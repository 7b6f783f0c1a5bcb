import { ok } from 'node:assert/strict'
import { test } from 'node:test'
import { runEclipse } from './eclipse.test-kit.ts'

test('who floods records from few groups gets fewer slots of a careful node than of a naive one', () => {
  const shareOf = (kind: 'naive' | 'careful'): number => {
    const shares = [1n, 2n, 3n].map((seed) => {
      const flood = { hostile: 40, hostileGroups: 2, identities: 5, hostileInbound: 4, pushPerMinute: 40 }
      const honest = { honest: 200, honestGroups: 120, stayHours: 4, awayHours: 1 }
      return runEclipse({ seed, ...honest, ...flood, hours: 0.5, restartHours: 0.25 }, kind).hostileShare
    })
    return shares.toSorted((a, b) => a - b)[1] ?? 0
  }
  const [naive, careful] = [shareOf('naive'), shareOf('careful')]
  ok(careful < naive / 2 && careful <= 2 / 8, `naive ${naive}, careful ${careful}`)
})
