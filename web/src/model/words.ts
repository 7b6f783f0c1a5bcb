/** What is going on, in sentences: the headline, the explanation beside a struck-off trace, the picture as text. */
import type { NodeView } from '../../../src/services/schema.ts'
import { countText, durationText, leadText, listText, offsetText } from './format.ts'
import type { View } from './view.ts'

export type Tone = 'calm' | 'alarm' | 'quiet'

export interface Headline {
  readonly tone: Tone
  readonly says: string
  readonly means: string
}

const named = (nodes: readonly NodeView[], status: NodeView['status']): readonly NodeView[] =>
  nodes.filter((node) => node.status === status)

const names = (nodes: readonly NodeView[]): string => listText(nodes.map(({ name }) => name))

export const witnessText = ({ witnesses }: NodeView): string =>
  witnesses.asked === 0 ? 'no witness asked yet' : `${witnesses.agreeing} of ${witnesses.asked} witnesses agree`

/** Is the newest offset itself outside the band? A falseticker that has come back is still struck off until it proves it. */
export const isOutside = ({ offset }: NodeView, bandNs: number): boolean =>
  offset !== null && (offset.loNs > bandNs || offset.hiNs < -bandNs)

const liarHeadline = (liars: readonly NodeView[], view: View): Headline => {
  const [liar] = liars
  if (liars.length !== 1 || liar === undefined) {
    const means = 'Their witnesses measured them outside the accepted band. Their actions do not count.'
    return { tone: 'alarm', says: `${names(liars)} are out of time.`, means }
  }
  if (liar.offset !== null && !isOutside(liar, view.bandNs)) {
    const means = `Its newest offset is ${offsetText(liar.offset)}. Its actions count again once a proof of it is in range.`
    return { tone: 'alarm', says: `Node ${liar.name} is back in the band, still struck off.`, means }
  }
  const where = liar.offset === null ? 'out of time' : leadText(liar.offset)
  const means = liar.explanation === '' ? `${witnessText(liar)}.` : liar.explanation
  return { tone: 'alarm', says: `Node ${liar.name} is ${where}. Its actions do not count.`, means }
}

/** The two sentences over the picture. */
export const headline = (view: View): Headline => {
  const { nodes } = view
  const good = named(nodes, 'truechimer')
  const liars = named(nodes, 'falseticker')
  const missing = [...named(nodes, 'absent'), ...named(nodes, 'unproven')]
  const band = durationText(view.bandNs)
  if (nodes.length === 0) {
    if (view.status === undefined)
      return { tone: 'quiet', says: 'Asking this node.', means: 'Nothing has come back yet.' }
    const means =
      view.status.clock.status === 'unsynchronised'
        ? 'This node’s clock has no majority of sources yet; it proves nothing until it has.'
        : 'The picture begins when the first node has proved its time to its witnesses.'
    return { tone: 'quiet', says: 'Waiting for the first proofs.', means }
  }
  if (liars.length > 0) return liarHeadline(liars, view)
  if (good.length === 0) {
    const means = 'Each node has to answer its witnesses in time before its actions count.'
    return { tone: 'quiet', says: `${countText(nodes.length, 'node')}, none proven yet.`, means }
  }
  const keep = `${countText(good.length, 'node')} ${good.length === 1 ? 'keeps' : 'keep'} time.`
  if (missing.length > 0) {
    const means = `${keep} Nothing counts from a node that does not prove its time.`
    return {
      tone: 'quiet',
      says: `${keep} ${names(missing)} ${missing.length === 1 ? 'has' : 'have'} given no proof.`,
      means,
    }
  }
  const means = 'Every node keeps its own clock. Its witnesses measure it; the strip shows what they found.'
  return { tone: 'calm', says: `${keep} All within ${band}.`, means }
}

/** The clock's status as a sentence, for the node that one looks at. */
export const clockWords: Readonly<Record<'unsynchronised' | 'synchronised' | 'holdover' | 'disrupted', string>> = {
  unsynchronised: 'No majority of sources agrees. This clock is not to be used.',
  synchronised: 'A majority of sources agrees, and the bound is within the accepted variance.',
  holdover: 'Running on its own oscillator; the bound is still within the accepted variance.',
  disrupted: 'A majority of sources speaks against the oscillator. The bound covers both.',
}

/** The picture as text. */
export const summary = (view: View): string => {
  if (view.nodes.length === 0) return 'No node has proved its time yet; the strip is empty.'
  const each = view.nodes.map((node) => {
    const at = node.offset === null ? 'no offset measured' : `offset ${offsetText(node.offset)}`
    return `${node.name}: ${node.status}, ${at}`
  })
  return `Offsets over time against the accepted band of plus or minus ${durationText(view.bandNs)}. ${each.join('; ')}.`
}
