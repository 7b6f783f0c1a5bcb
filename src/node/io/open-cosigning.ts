/** What lets a node's log be read by others' tools and the node witness others' logs: its file in the data directory, joined to a running node. */
import { join } from 'node:path'
import type { Time } from '../../base/index.ts'
import type { Signer } from '../../crypto/index.ts'
import type { StampDesk } from '../../stamps/index.ts'
import { openSqliteCosigned } from '../../stamps/io/sqlite-cosigned.ts'
import type { Chimer } from '../chimer.ts'
import { Cosigning } from '../cosigning.ts'

export const cosignedPathOf = (directory: string): string => join(directory, 'cosigned.sqlite')

export interface OpenCosigningOptions {
  readonly time: Time
  readonly directory: string
  readonly signer: Pick<Signer, 'nodeId' | 'signNote'>
  readonly chimer: Chimer
  /** Whose log is read; without it the node witnesses only. */
  readonly stamping: Pick<StampDesk, 'log' | 'onChange'> | undefined
}

export interface OpenedCosigning extends AsyncDisposable {
  readonly cosigning: Cosigning
}

/** Throws `TC_STAMP_STORE`, which says what to do. It serves its protocol at once. */
export const openCosigning = ({ time, directory, signer, chimer, stamping }: OpenCosigningOptions): OpenedCosigning => {
  const { networkId } = chimer.genesis
  const store = openSqliteCosigned(cosignedPathOf(directory), { networkId, node: signer.nodeId })
  const cosigning = new Cosigning({
    time,
    signer,
    network: chimer.network,
    networkId,
    store,
    log: stamping?.log,
    members: () => chimer.members(),
    isTruechimer: () => chimer.judging.isMember(chimer.id) && chimer.judging.verdict(chimer.id).status === 'truechimer',
    now: () => chimer.now(),
    onTrouble: ({ code, message }) => chimer.events.emit({ type: 'trouble', code, message }),
  })
  const cancel = stamping?.onChange(({ state }) => {
    if (state === 'final') cosigning.changed()
  })
  cosigning.start()
  return {
    cosigning,
    [Symbol.asyncDispose]: async () => {
      cancel?.()
      await cosigning[Symbol.asyncDispose]()
      store[Symbol.dispose]()
    },
  }
}
