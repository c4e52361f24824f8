/**
 * Where something stands in a ledger's history.
 *
 * Carried by receipts, cursors, pins and the wire. A position of a history that the ledger no
 * longer has (a restored backup, a failover that lost commits) is `regressed`: nothing diverges in
 * silence.
 */
export interface Position {
  readonly incarnation: string;
  readonly revision: number;
}

/** Before the first commit of any history: a log read from here starts at the beginning. */
export const origin: Position = { incarnation: '', revision: 0 };
