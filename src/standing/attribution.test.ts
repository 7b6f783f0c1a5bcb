/** Attribution chains: seed 003 §3. W-9. */
import { describe, test } from 'node:test'
import { deepEqual, equal } from 'node:assert/strict'
import { isAttributionValid } from './index.ts'

interface Link {
  readonly source: string
  readonly isTrue: boolean
}
const link = (source: string, isTrue = true): Link => ({ source, isTrue })

describe('a chain', () => {
  for (const [name, links, expected] of [
    ['without links', [], false],
    ['of one', [link('a')], true],
    ['of one that fails', [link('a', false)], false],
    ['of three', [link('a'), link('b'), link('c')], true],
    ['whose first fails', [link('a', false), link('b'), link('c')], false],
    ['whose middle fails', [link('a'), link('b', false), link('c')], false],
    ['whose last fails', [link('a'), link('b'), link('c', false)], false],
  ] as const) {
    test(name, () => equal(isAttributionValid({ links, holder: 'z', verify: ({ isTrue }) => isTrue }), expected))
  }

  test('each link is asked with the next source, the last with the holder, and none after a no', () => {
    const asked: string[] = []
    const verify = ({ source, isTrue }: Link, next: string): boolean => {
      asked.push(`${source}→${next}`)
      return isTrue
    }
    isAttributionValid({ links: [link('a'), link('b'), link('c')], holder: 'z', verify })
    deepEqual(asked.splice(0), ['a→b', 'b→c', 'c→z'])
    isAttributionValid({ links: [link('a'), link('b', false), link('c')], holder: 'z', verify })
    deepEqual(asked, ['a→b', 'b→c'])
  })
})
