/**
 * Every number that bounds what a caller of the HTTP API can make a node do. One table, so that docs/spec/api.md and the
 * tests name the same ones. `openHttpApi` takes other values for tests and for programs that embed it.
 */
export interface ApiLimits {
  /** Bytes of a request body but for stamps'. The largest honest one is a transaction, under 1,000 bytes. */
  readonly bodyBytesMax: number
  /** Bytes of the request line and all headers together. */
  readonly headerBytesMax: number
  /** A whole request must have come within this many milliseconds (slow senders are cut off), checked every second. */
  readonly requestMsMax: number
  /** A connection without a byte either way is closed after this many milliseconds. */
  readonly idleMsMax: number
  /** A connection between two requests is kept this long, milliseconds. */
  readonly keepAliveMs: number
  /** What a devnet may take to bend a clock, milliseconds. */
  readonly handlerMsMax: number
  /** Transactions that one address may hand in, and proofs for light clients that it may ask for, within a window of so many milliseconds. */
  readonly transactionsMax: number
  readonly lightProofsMax: number
  /** Blocks as bytes that one address may ask for within the same window: a broken promise takes 21. */
  readonly rawBlocksMax: number
  /** Time-stamp tokens (RFC 3161) that one address may ask for within the same window: each costs a signature. */
  readonly tokensMax: number
  /** Checkpoints that one address may have cosigned, and digests that it may hand to the calendar, within the same window. */
  readonly witnessingsMax: number
  readonly calendarMax: number
  readonly chainWindowMs: number
  /** Stamps that one address may ask for in a minute, and at once after a minute of silence; at least a whole submission. */
  readonly stampsPerMinute: number
  /** Bytes of a body with stamps: SUBMISSION_STAMPS_MAX of the longest take under 25,000. */
  readonly stampsBodyBytesMax: number
  /** Records of offline stamps that one address may hand in within the window of `chainWindowMs`, and bytes of one: 2 MiB as base64. */
  readonly offlineMax: number
  readonly offlineBodyBytesMax: number
  /** Open TCP connections; more are closed at once. */
  readonly connectionsMax: number
  /** Event streams in all, and from one address; those of stamps are counted by themselves, with the same numbers. */
  readonly streamsMax: number
  readonly streamsPerClientMax: number
  /** Bytes that may wait for one reader of events; a slower reader is cut off. */
  readonly backlogBytesMax: number
  /** Events kept for `Last-Event-ID`, and their bytes: well under the backlog, or a replay would cut its reader off. */
  readonly replayEventsMax: number
  readonly replayBytesMax: number
  /** A comment is sent on a silent stream this often, milliseconds. */
  readonly heartbeatMs: number
  /** What a reader is told to wait before it connects again, milliseconds. */
  readonly retryMs: number
}

export const API_LIMITS: ApiLimits = {
  bodyBytesMax: 4096,
  headerBytesMax: 8192,
  requestMsMax: 10_000,
  idleMsMax: 60_000,
  keepAliveMs: 5000,
  handlerMsMax: 10_000,
  transactionsMax: 120,
  lightProofsMax: 30,
  rawBlocksMax: 300,
  tokensMax: 600,
  witnessingsMax: 300,
  calendarMax: 600,
  chainWindowMs: 60_000,
  stampsPerMinute: 10_000,
  stampsBodyBytesMax: 32_768,
  offlineMax: 10,
  offlineBodyBytesMax: 2_800_000,
  connectionsMax: 256,
  streamsMax: 32,
  streamsPerClientMax: 16,
  backlogBytesMax: 1024 * 1024,
  replayEventsMax: 256,
  replayBytesMax: 512 * 1024,
  heartbeatMs: 15_000,
  retryMs: 1000,
}

/** Requests of one address in one window. Above, 429 until the window is over. */
export interface RateLimit {
  readonly requestsMax: number
  readonly windowMs: number
}

export const RATE_LIMIT: RateLimit = { requestsMax: 3000, windowMs: 60_000 }
