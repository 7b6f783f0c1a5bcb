import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NS_PER_SEC } from '../../base/index.ts'
import { explainPeerVersion } from './explain-peer-version.ts'
import type { PeerVersionView } from './explain-peer-version.ts'

const own = { version: '1.1.0', features: ['compression', 'quic'] }
const nothing: PeerVersionView = { own, said: undefined, agreed: undefined, refusal: undefined, isConnected: true }
const refused = { reason: 'version-too-old', by: 'own', text: 'upgrade it.', times: 1, pausedForNs: 0n } as const

const TABLE: readonly (readonly [string, Partial<PeerVersionView>, readonly string[]])[] = [
  ['a peer that is new', {}, ['It is connected and has not greeted.']],
  ['a peer that is away', { isConnected: false }, ['It has not greeted since this node was started.']],
  [
    'a peer like this node',
    { said: own, agreed: { version: '1.1.0', spoken: '1.1.0', features: ['compression', 'quic'], agent: '' } },
    ['It speaks 1.1.0, as this node does, with compression and quic.'],
  ],
  [
    'an older peer without features',
    {
      said: { version: '1.0.0', features: [] },
      agreed: { version: '1.0.0', spoken: '1.0.0', features: [], agent: '' },
    },
    [
      'It speaks 1.0.0 and this node 1.1.0: between them it is 1.0.0, with no feature that both have.',
      'It does not have compression and quic, which this node has.',
    ],
  ],
  [
    'a newer peer that knows more',
    {
      said: { version: '1.2.0', features: ['compression', 'relay', 'quic', 'warp'] },
      agreed: { version: '1.2.0', spoken: '1.1.0', features: ['compression', 'quic'], agent: '' },
    },
    [
      'It speaks 1.2.0 and this node 1.1.0: between them it is 1.1.0, with compression and quic.',
      'It has relay, which this node has not.',
      'It says warp, which this node does not know: a newer version may.',
    ],
  ],
  ['a peer that was told no', { refusal: refused }, ['This node told it: "upgrade it."', 'It may be dialled again.']],
  [
    'a peer that said no, again',
    { refusal: { ...refused, by: 'peer', times: 12, pausedForNs: 3n * NS_PER_SEC - 1n } },
    [
      'It told this node: "upgrade it."',
      'So it went 12 times in a row.',
      'It is not dialled for another 3 s; if it comes by itself, it is asked again.',
    ],
  ],
  [
    'a peer that is silent',
    { refusal: { ...refused, reason: 'no-greeting' } },
    ['It did not greet within 5 s and was closed: is it a node of this kind?', 'It may be dialled again.'],
  ],
  [
    'a peer that talks nonsense',
    { refusal: { ...refused, reason: 'bad-greeting' } },
    ['What it sent was no greeting, and it was closed.', 'It may be dialled again.'],
  ],
]
for (const [what, view, sentences] of TABLE)
  test(`in words: ${what}`, () => assert.deepEqual(explainPeerVersion({ ...nothing, ...view }), sentences))
