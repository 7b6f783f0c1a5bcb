/** The headline over the picture; where the node cannot be reached, that instead, and since when. */
import type { ReactElement } from 'react'
import { chainHeadline } from '../model/chain.ts'
import { utcClockText } from '../model/format.ts'
import type { View } from '../model/view.ts'
import { networkHeadline } from '../model/network.ts'
import { stampHeadline } from '../model/stamps-words.ts'
import { type Headline, headline } from '../model/words.ts'
import type { Page } from '../page.ts'

/** What went wrong, short enough for one line; the whole of it is the line's title. */
const firstSentence = (text: string): string => /^.*?[.!?](?=\s|$)/.exec(text)?.[0] ?? text

const HEADLINES: Readonly<Record<Page, (view: View) => Headline>> = {
  clocks: headline,
  network: networkHeadline,
  blocks: ({ chain, status }) => chainHeadline(chain, status !== undefined),
  stamp: stampHeadline,
}

export const Lead = ({ view, page }: { readonly view: View; readonly page: Page }): ReactElement => {
  if (view.link.state === 'lost') {
    const kept = view.nodes.length > 0 ? 'The picture is the last one received. ' : ''
    return (
      <div className="lead" data-tone="lost" data-hook="headline">
        <h1>This node has not answered since {utcClockText(view.link.sinceMs)} UTC.</h1>
        <p title={view.link.why}>{`${kept}This page keeps asking. ${firstSentence(view.link.why)}`}</p>
      </div>
    )
  }
  const { tone, says, means } = HEADLINES[page](view)
  return (
    <div className="lead" data-tone={tone} data-hook="headline">
      <h1>{says}</h1>
      <p>{means}</p>
    </div>
  )
}
