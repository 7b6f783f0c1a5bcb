/** How the desk's refusals go out: a problem with its status, what to do in words, the reason in brackets, and how long to wait. */
import type { ChimerError } from '../base/index.ts'
import { BEACON_AGE_HEIGHTS_MAX } from '../stamps/index.ts'
import type { StampDesk, StampRefusal } from '../stamps/index.ts'
import { refuse } from './problems.ts'
import type { ApiCode } from './problems.ts'

/** `retryAfterSec`: when asking again may help; undefined where it does not help by itself. */
export interface StampRefusalAnswer {
  readonly problem: ChimerError
  readonly retryAfterSec: number | undefined
}

interface Refused {
  readonly code: ApiCode
  readonly text: string
  readonly retryAfterSec?: number
}

const REFUSED: Readonly<Record<StampRefusal, Refused>> = {
  'clock-not-ready': {
    code: 'TC_API_STAMP_UNREADY',
    text: 'This node’s clock is not set, so it stamps nothing now. Ask again in a few seconds, or ask another node.',
    retryAfterSec: 5,
  },
  'not-truechimer': {
    code: 'TC_API_STAMP_UNREADY',
    text: 'The network holds this node’s clock to be wrong or unproven, so it stamps nothing now. Ask another node.',
    retryAfterSec: 30,
  },
  'not-member': {
    code: 'TC_API_STAMP_UNREADY',
    text: 'This node is no member of the network, so it cannot stamp. Ask a member: GET /v1/validators lists them.',
  },
  'stamping-halted': {
    code: 'TC_API_STAMP_UNREADY',
    text: 'This node stamps nothing now: it has stopped deciding, or the network has decided no block for a while. GET /v1/status says which. Ask again later, or ask another node.',
  },
  'stamps-full': {
    code: 'TC_API_STAMPS_FULL',
    text: 'Too many stamps wait for a block here. Ask again in a second, or ask another node.',
    retryAfterSec: 1,
  },
  'beacon-unknown': {
    code: 'TC_API_STAMP_BEACON',
    text: 'This node does not know the block that was named as beacon.',
  },
  'beacon-stale': {
    code: 'TC_API_STAMP_BEACON',
    text: `The beacon is more than ${BEACON_AGE_HEIGHTS_MAX} blocks old.`,
  },
}

/** @param newest what could be mixed in now: a refusal over a beacon names it. */
export const stampRefusal = (reason: StampRefusal, newest: ReturnType<StampDesk['beacon']>): StampRefusalAnswer => {
  const { code, text, retryAfterSec } = REFUSED[reason]
  const instead = code === 'TC_API_STAMP_BEACON' ? ` ${whatInstead(newest)}` : ''
  return { problem: refuse(code, `${text}${instead} [${reason}]`), retryAfterSec }
}

const whatInstead = (newest: ReturnType<StampDesk['beacon']>): string =>
  newest === undefined
    ? 'There is no block yet: send null, or ask again later.'
    : `The newest is ${newest.block} at height ${newest.height}: send that, or leave the beacon out.`
