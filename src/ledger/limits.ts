/**
 * Every limit of the state model, in one place. `docs/limits.md` is a table of them, and a test
 * keeps the two alike.
 *
 * Bytes are UTF-8 bytes. A limit is inclusive: a key of exactly `keyBytes` is accepted. They are
 * part of the contract, alike on every engine; what a team may tune is a setting, not a limit.
 */
export const limits = {
  /** Characters of an app's name. */
  appNameChars: 64,
  /** Bytes of a scope's name. */
  scopeBytes: 256,
  /** Bytes of a key. */
  keyBytes: 1024,
  /** Bytes of a client's name in an idempotency stamp. */
  clientNameBytes: 128,
  /** Bytes of a pin's name. */
  pinNameBytes: 128,

  /** Bytes of one value, unless the store was opened with another `maxValueBytes`. */
  valueBytesDefault: 1024 * 1024,
  /** The largest `maxValueBytes` that a store may be opened with. */
  valueBytesMax: 64 * 1024 * 1024,
  /** Bytes up to which a value is kept in its entry; a larger one is stored once, by version. */
  inlineValueBytes: 4096,
  /** Arrays and objects inside each other in one value. */
  valueDepth: 128,

  /** Segments of an operation's path. */
  pathSegments: 32,
  /** Bytes of one segment of an operation's path. */
  segmentBytes: 256,
  /** Operations of one update. */
  operationsPerUpdate: 100,

  /** Checks of one proposal. */
  checksPerProposal: 1000,
  /** Mutations of one proposal. */
  mutationsPerProposal: 1000,
  /** Bytes of all values of one proposal together. */
  proposalBytes: 64 * 1024 * 1024,
  /** Proposals that may wait for one ledger. */
  waitingProposals: 100_000,
  /** Milliseconds of a time to live: 100 years of 365 days. */
  ttlMsMax: 100 * 365 * 24 * 60 * 60 * 1000,

  /** Characters of a workflow's name. */
  workflowNameChars: 64,
  /** Bytes of a run's id. */
  runIdBytes: 160,
  /** Bytes of a key in a run's state. */
  stateKeyBytes: 640,
  /** Bytes of the name of a list in a run's state. */
  stateListBytes: 128,
  /** Bytes of an executor's name. */
  executorNameBytes: 64,
  /** Bytes of the id of a request that a run waits for. */
  requestIdBytes: 256,
  /** Bytes of the id of a request's context. */
  contextIdBytes: 230,
  /** Tags of one checkpoint. */
  checkpointTags: 16,

  /** Entries that one read may name. */
  readRefs: 1000,
  /** Entries of a page whose scan names no limit. */
  scanLimitDefault: 100,
  /** Entries of the largest page. */
  scanLimitMax: 10_000,
} as const;

export type LimitName = keyof typeof limits;
