/** A running node's consensus as the views of the chain ask for it (`chain-source.ts`); and its genesis as a file again. */
import type { Chimer, Genesis } from '../node/index.ts'
import type { ChainArchive, ChainSource } from './chain-source.ts'

export const chainOfNode = (chimer: Chimer, archive: ChainArchive | undefined): ChainSource => {
  const { deciding, events, genesis } = chimer
  return {
    genesisFile: genesisFileOf(genesis),
    get state() {
      return deciding.state
    },
    get halted() {
      return deciding.halted
    },
    view: () => deciding.view(),
    range: () => deciding.range(),
    block: (height) => deciding.block(height),
    submit: (bytes) => deciding.submit(bytes),
    onBlock: (listener) =>
      events.listen((event) => {
        if (event.type === 'block') listener(event.decided)
      }),
    onStep: (listener) =>
      events.listen((event) => {
        if (event.type === 'consensus' && event.news.type !== 'offence') listener()
      }),
    ...(archive === undefined ? {} : { archive }),
  }
}

/** The genesis file, defaults filled in: read again it gives the same network. */
export const genesisFileOf = ({ name, members, consensus }: Genesis): Readonly<Record<string, unknown>> => {
  const { slotNs, judgement, standing, ...parameters } = consensus
  return {
    name,
    parameters: {
      slotNs: Number(slotNs),
      ...plain(judgement),
      consensus: plain(parameters),
      standing: plain(standing),
    },
    members: members.map(({ id, name: called, weight }) => ({ id, name: called, weight: Number(weight) })),
  }
}

/** As JSON holds numbers; all of a genesis are below 2^53. */
const plain = (numbers: object): Record<string, number> =>
  Object.fromEntries(Object.entries(numbers).map(([key, value]: [string, unknown]) => [key, Number(value)]))
