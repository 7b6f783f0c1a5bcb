/** What is said of the execution of sequences: the shapes of the messages, and what each message may be. */
export * from './messages.ts'
