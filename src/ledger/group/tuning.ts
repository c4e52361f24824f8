/**
 * Sizes that trade latency against throughput and memory. Not limits: no caller is refused by them.
 */
export const tuning = {
  /** Commits of a lone caller between two turns of the event loop. */
  wakingsPerTurn: 8,
  /** Proposals in one engine transaction, over all ledgers. */
  groupProposals: 1024,
  /** Proposals of one ledger in it, while others have transactions of their own at work. */
  groupShare: 256,
  /**
   * The same where all ledgers share a transaction: others wait for as long as it takes. At 256 a
   * quiet ledger beside a busy one waits four times as long as at 64, at 64 twice as long as at 24,
   * at 32 one and a half times as long as at 16; each step costs the busy one a quarter to a third.
   */
  groupShareOfStore: 16,
  /** Bytes of values in it; a single larger proposal still goes. */
  groupBytes: 8 * 1024 * 1024,
  /** Mutations and checks in it: nobody else is served while an engine applies them. */
  groupSteps: 10_000,
  /** Dead entries that one sweeping commit takes. */
  sweepShare: 256,
  /** Dead entries that one look finds. */
  dueFound: 4096,
  /** Log rows that one read examines. */
  logRows: 256,
  /** Bytes of log rows after which a page ends. */
  logBytes: 4 * 1024 * 1024,
  /** Bytes of values after which a page of a scan ends; a single larger entry still goes. */
  pageBytes: 16 * 1024 * 1024,
  /** Recent commits kept for a process's watchers. */
  ringCommits: 4096,
  /** Revisions after which a watch tells how far it has looked, though nothing matched. */
  watchTellsAfter: 4096,
} as const;
