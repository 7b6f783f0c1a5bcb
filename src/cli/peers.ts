/** `truechimer peers`: whom a node is connected to, how they stand with it and why, and what it dropped. */
import { setTimeout as wait } from 'node:timers/promises'
import { ChimerError } from '../base/index.ts'
import { ApiError, openClient } from '../services/client.ts'
import type { PeerView, PeersView } from '../services/schema.ts'
import { openEnding } from './ending.ts'
import type { Ending } from './ending.ts'
import type { ApiOptions } from './now.ts'
import { EXIT, colours, note, readerGone, say, terminalColumns } from './output.ts'
import type { ExitCode } from './output.ts'
import { findPeers, networkLines, peerLines, peerName } from './peer-lines.ts'
import type { Drawing, Sort } from './peer-lines.ts'
import { Screen } from './screen.ts'

export interface PeersOptions extends ApiOptions {
  /** One peer only: its name, or the beginning or the end of its id. */
  readonly peer?: string | undefined
  readonly watch?: boolean
  readonly sort: Sort
  /** Ends a watch after this long, ms. */
  readonly for?: number
}

/** How often a watch asks, ms. */
const ASK_MS = 2000
/** Peers named where a name fits several. */
const NAMED_MAX = 8

export const peers = async (options: PeersOptions): Promise<ExitCode> => {
  if (options.watch === true) return watch(options)
  const view = await openClient({ baseUrl: options.api }).peers()
  for (const line of linesOf(view, options)) say(line)
  return exitOf(view)
}

const exitOf = (view: PeersView): ExitCode => (view.peers.some(({ connected }) => connected) ? EXIT.good : EXIT.no)

const drawing = (): Drawing => ({ columns: terminalColumns(), paint: colours })

const linesOf = (view: PeersView, { peer: wanted, json, sort }: PeersOptions): string[] => {
  const peer = wanted === undefined ? undefined : onePeer(view.peers, wanted)
  if (json === true) return [JSON.stringify(peer ?? view)]
  return peer === undefined ? networkLines(view, sort, drawing()) : peerLines(peer, view, drawing())
}

const onePeer = (all: readonly PeerView[], wanted: string): PeerView => {
  const [peer, ...more] = findPeers(all, wanted)
  if (peer !== undefined && more.length === 0) return peer
  const names = [...(peer === undefined ? all : [peer, ...more])].slice(0, NAMED_MAX).map(peerName).join(', ')
  const message =
    peer === undefined
      ? `No peer is called so. ${names === '' ? 'This node knows none.' : `This node knows: ${names}.`}`
      : `Several peers are called so: ${names}. Give more of the id.`
  throw new ChimerError('TC_USAGE', message, { facts: { wanted } })
}

/** On a terminal one screen that is kept true; else the answer again and again. */
const watch = async (options: PeersOptions): Promise<ExitCode> => {
  let view = await openClient({ baseUrl: options.api }).peers()
  using ending = openEnding()
  ending.endAfter(options.for)
  readerGone.addEventListener('abort', ending.end)
  const client = openClient({ baseUrl: options.api, signal: ending.signal })
  using face = options.json === true || !process.stdout.isTTY ? new LineFace(options) : new ScreenFace(options, view)
  for (;;) {
    face.show(view)
    if (await isOver(ending)) return exitOf(view)
    view = (await asked(client.peers(), face)) ?? view
  }
}

/** True once the watch shall end, false when it is time to ask again. */
const isOver = async (ending: Ending): Promise<boolean> => {
  const [waited] = await Promise.allSettled([wait(ASK_MS, undefined, { signal: ending.signal })])
  return waited.status === 'rejected'
}

/** A node that does not answer is told of and asked again; the last answer stays. */
const asked = async (answer: Promise<PeersView>, face: LineFace | ScreenFace): Promise<PeersView | undefined> => {
  try {
    return await answer
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    if (error.code !== 'TC_API_ABORTED') face.tellLost()
    return undefined
  }
}

class LineFace implements Disposable {
  readonly #options: PeersOptions
  #isFirst = true

  constructor(options: PeersOptions) {
    this.#options = options
  }

  show(view: PeersView): void {
    if (this.#options.json === true) {
      for (const line of linesOf(view, this.#options)) say(line)
      return
    }
    if (!this.#isFirst) say('')
    this.#isFirst = false
    for (const line of linesOf(view, this.#options)) say(line)
  }

  tellLost(): void {
    note('The node does not answer; trying again.')
  }

  [Symbol.dispose](): void {}
}

class ScreenFace implements Disposable {
  readonly #options: PeersOptions
  readonly #screen = new Screen(() => this.#draw())
  #view: PeersView
  #isLost = false

  constructor(options: PeersOptions, view: PeersView) {
    this.#options = options
    this.#view = view
  }

  show(view: PeersView): void {
    this.#isLost = this.#isLost && view === this.#view
    this.#view = view
    this.#draw()
  }

  tellLost(): void {
    this.#isLost = true
  }

  [Symbol.dispose](): void {
    this.#screen[Symbol.dispose]()
  }

  #draw(): void {
    const foot = this.#isLost
      ? colours.yellow(`${this.#options.api} does not answer; trying again`)
      : colours.dim('Ctrl-C ends')
    this.#screen.draw(linesOf(this.#view, this.#options), foot)
  }
}
