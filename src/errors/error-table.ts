/**
 * The one table of error codes. `HoldfastError`, the wire, HTTP and `docs/errors.md` derive from
 * it.
 *
 * `outcome` answers "may it have been applied?", `retryable` answers "can the same call succeed
 * later, unchanged?". A retry after an `unknown` outcome is safe only with an idempotency stamp.
 *
 * Not here: a failed check. That is an expected answer and travels as a value (`Conflict`).
 */

export type Outcome = 'not-applied' | 'unknown';

export interface ErrorRow {
  /** The HTTP status that a server answers with. */
  readonly status: number;
  readonly outcome: Outcome;
  readonly retryable: boolean;
  readonly meaning: string;
}

function row(status: number, outcome: Outcome, retryable: boolean, meaning: string): ErrorRow {
  return { status, outcome, retryable, meaning };
}

export const errorTable = {
  invalid_argument: row(
    400,
    'not-applied',
    false,
    'An option or argument is malformed or out of range.',
  ),
  invalid_config: row(
    400,
    'not-applied',
    false,
    'A config file is malformed, or has a key or a value that there is not.',
  ),
  invalid_name: row(
    400,
    'not-applied',
    false,
    'An app, scope, key or client name breaks the addressing rules.',
  ),
  invalid_value: row(
    400,
    'not-applied',
    false,
    'A value would not survive being written and read back as JSON.',
  ),
  invalid_operation: row(
    400,
    'not-applied',
    false,
    'An update operation is unknown, malformed or names a forbidden path.',
  ),
  operation_failed: row(
    422,
    'not-applied',
    false,
    'An update operation does not apply to the value that is there.',
  ),
  limit_exceeded: row(
    413,
    'not-applied',
    false,
    'A value, a batch or a path is larger than its limit.',
  ),
  quota_exceeded: row(
    507,
    'not-applied',
    false,
    'The app or scope holds as many entries or bytes as its quota allows.',
  ),
  stamp_reused: row(
    409,
    'not-applied',
    false,
    'The idempotency stamp was used before with another payload.',
  ),
  stamp_expired: row(
    409,
    'unknown',
    false,
    'The idempotency stamp is older than its window; whether it applied is no longer known.',
  ),
  schema_mismatch: row(
    422,
    'not-applied',
    false,
    'A stored or given value is refused by its scope’s schema.',
  ),
  contended: row(
    409,
    'not-applied',
    true,
    'A transaction or functional update lost to other writers in every attempt.',
  ),
  fenced: row(
    409,
    'not-applied',
    false,
    'The caller is no longer the owner: another took over with a newer epoch.',
  ),
  turn_failed: row(
    502,
    'not-applied',
    true,
    'The handler of a session’s turn threw; nothing of the turn was applied.',
  ),
  state_mismatch: row(
    502,
    'not-applied',
    true,
    'A worker’s answer does not follow from the session’s state; nothing was applied.',
  ),
  step_conflict: row(
    409,
    'not-applied',
    false,
    'Two executors of one step wrote the same key, and no policy says what that makes.',
  ),
  held: row(409, 'not-applied', true, 'Another owner that lives has it.'),
  not_found: row(
    404,
    'not-applied',
    false,
    'A run, checkpoint or request that was named is not there.',
  ),
  in_use: row(409, 'not-applied', false, 'It cannot go while something else stands on it.'),
  graph_mismatch: row(
    409,
    'not-applied',
    false,
    'The workflow is not the one that the run was made with.',
  ),
  trimmed: row(
    410,
    'not-applied',
    false,
    'The log no longer reaches back to that position; start again from a snapshot.',
  ),
  regressed: row(
    410,
    'not-applied',
    false,
    'The position belongs to a history that this ledger no longer has.',
  ),
  durability_unavailable: row(
    412,
    'not-applied',
    false,
    'The engine cannot give the durability that was demanded.',
  ),
  unsupported: row(
    501,
    'not-applied',
    false,
    'This engine, scheme or runtime does not offer that.',
  ),
  busy: row(
    503,
    'not-applied',
    true,
    'Other processes held the store for longer than the configured time.',
  ),
  unavailable: row(503, 'not-applied', true, 'The store cannot be reached right now.'),
  outcome_unknown: row(
    503,
    'unknown',
    true,
    'The connection or engine failed while committing; it may have been applied.',
  ),
  timeout: row(504, 'unknown', true, 'No answer arrived within the configured time.'),
  aborted: row(499, 'not-applied', false, 'The caller aborted before the work began.'),
  overloaded: row(503, 'not-applied', true, 'Too many proposals are waiting.'),
  disk_full: row(
    507,
    'not-applied',
    true,
    'The disk or the file-size limit is exhausted; nothing was written.',
  ),
  store_missing: row(
    404,
    'not-applied',
    false,
    'There is no store at that path and creating one was not allowed.',
  ),
  store_read_only: row(
    403,
    'not-applied',
    false,
    'The store’s file, folder or server refuses writes.',
  ),
  store_locked: row(
    423,
    'not-applied',
    true,
    'Another program holds the store’s file exclusively.',
  ),
  store_foreign: row(
    409,
    'not-applied',
    false,
    'The file is something else than a Holdfast store; it was left untouched.',
  ),
  store_newer: row(
    409,
    'not-applied',
    false,
    'The store was written by a newer version of Holdfast; it was left untouched.',
  ),
  store_corrupt: row(
    500,
    'not-applied',
    false,
    'The store’s file is damaged; restore it from a backup.',
  ),
  unauthenticated: row(
    401,
    'not-applied',
    false,
    'The server demands a token, and there is none that it accepts.',
  ),
  forbidden: row(403, 'not-applied', false, 'The token does not give the right to do that.'),
  rate_limited: row(
    429,
    'not-applied',
    true,
    'The token’s share of requests or bytes is used up for the moment.',
  ),
  protocol: row(400, 'not-applied', false, 'A message does not follow the wire protocol.'),
  webhook_failed: row(
    502,
    'unknown',
    true,
    'The receiver of a webhook did not accept an event; it is tried again.',
  ),
  closed: row(409, 'not-applied', false, 'The store, ledger or engine was closed.'),
  internal: row(500, 'unknown', false, 'A broken invariant inside Holdfast; please report it.'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorTable;
