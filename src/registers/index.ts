/** What is said of registers, proofs and time maps: the shapes of the messages, and what each message may be. */
export * from './message-fields.ts'
export * from './messages.ts'
export * from './time-map-messages.ts'
