/** How a log refuses its owner. Each says what to do; codes: docs/errors.md. */
import { ChimerError } from '../base/index.ts'

export const closedLog = (): ChimerError => new ChimerError('TC_LOG_CLOSED', 'this log was closed; open it again')

export const unknownEntry = (what: string): ChimerError =>
  new ChimerError(
    'TC_LOG_UNKNOWN_ENTRY',
    `there is no entry ${what} in this log, or it has been dropped with the oldest`,
  )

export const uncoveredEntry = (sequence: number): ChimerError =>
  new ChimerError(
    'TC_LOG_UNCOVERED',
    `no checkpoint covers entry ${sequence} yet; one is signed within a minute, and when the node stops`,
    { facts: { sequence } },
  )
