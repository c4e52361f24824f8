/** What an examination of a store finds. */

export interface Finding {
  /** A `problem` breaks a promise of the store; a `notice` is worth knowing. */
  readonly severity: 'problem' | 'notice';
  /** Which rule is broken: stable, for programs. */
  readonly rule: FindingRule;
  /** Undefined for what concerns the whole store. */
  readonly app: string | undefined;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export const findingRules = {
  entry_value: 'A value is well-formed JSON, or bytes.',
  entry_size: 'An entry counts for the bytes of its key and value.',
  entry_version: 'No entry is newer than the last commit.',
  scope_counts: 'A scope counts the entries and bytes that it holds.',
  ledger_counts: 'A ledger counts the entries and bytes of its scopes.',
  log_order: 'Log rows ascend, do not overlap and are readable.',
  log_size: 'A ledger counts the bytes of its log.',
  log_fold: 'Folding the log gives the entries.',
  log_chain: 'What a change says was there before is what the change before it left.',
  incarnations: 'The last incarnation is the head’s, and they ascend.',
  value_missing: 'Every large value that is named is there.',
  value_orphan: 'Every large value that is there is named.',
  expiry_index: 'The expiry index holds the entries that expire, and no others.',
  unswept: 'The dead are swept within minutes, while somebody writes.',
  engine: 'The engine finds its own structures sound.',
  unchecked: 'Everything was looked at.',
} as const;

export type FindingRule = keyof typeof findingRules;

export interface CheckupOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told how many looks at an entry or a revision are done, of how many there will be. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Awaited between pages, so that others have their turn. */
  readonly pause?: (() => Promise<void>) | undefined;
}
