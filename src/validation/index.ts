/** Verdicts: who keeps good time, by the evidence of witnesses, and whose actions count. */
export * from './finding.ts'
export * from './verdict.ts'
export * from './action.ts'
export * from './docket-turns.ts'
export * from './docket.ts'
export * from './docket-bytes.ts'
