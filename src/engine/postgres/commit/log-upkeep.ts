/** Trimming a ledger's log, and replacing bodies in it, behind the lock. */
import type { Decision } from '../../transaction.ts';
import type { PostgresStore } from '../store.ts';
import type { Statement } from '../wire/statement.ts';
import type { Held } from './held.ts';

export interface LogChange {
  /** By how many bytes the bodies have grown. */
  readonly logBytes: number;
  /** The log is gone up to here; 0 if nothing was dropped. */
  readonly trimmed: number;
}

export const unchanged: LogChange = { logBytes: 0, trimmed: 0 };

/** A stamp is kept longer than any message lives, counted from the member's last commit. */
const stampKeptMs = 86_400_000;

export class LogUpkeep {
  readonly #trim: Statement;
  readonly #forgetHistory: Statement;
  readonly #forgetScopes: Statement;
  readonly #forgetStamps: Statement;
  readonly #rewrite: Statement;

  constructor({ prepare }: PostgresStore) {
    this.#trim = prepare(`WITH gone AS (
        DELETE FROM {log} WHERE ledger = $1 AND last <= $2 RETURNING last, octet_length(body) AS n)
      SELECT max(last), sum(n)::bigint FROM gone`);
    // A position at the trim point still stands: the incarnation that ends there is kept.
    this.#forgetHistory = prepare(`DELETE FROM {incarnation} WHERE ledger = $1 AND start <
      (SELECT max(start) FROM {incarnation} WHERE ledger = $1 AND start < $2)`);
    this.#forgetScopes = prepare(`DELETE FROM {scope} s WHERE ledger = $1 AND entries = 0
      AND revision <= $2
      AND NOT EXISTS (SELECT FROM {entry} e WHERE e.ledger = $1 AND e.scope = s.name)`);
    this.#forgetStamps = prepare(`DELETE FROM {stamp} WHERE ledger = $1 AND kept_at < $2`);
    this.#rewrite = prepare(`WITH old AS (
        SELECT last, octet_length(body) AS n FROM {log}
        WHERE ledger = $1 AND last = ANY ($2::bigint[])
      ), new AS (
        UPDATE {log} l SET body = r.body FROM unnest($2::bigint[], $3::text[]) r (last, body)
        WHERE l.ledger = $1 AND l.last = r.last RETURNING octet_length(l.body) AS n)
      SELECT coalesce((SELECT sum(n) FROM new), 0)::bigint
        - coalesce((SELECT sum(n) FROM old), 0)::bigint`);
  }

  async run({ session, ledger, head }: Held, decision: Decision, now: number): Promise<LogChange> {
    const { trimThrough, rewrites = [] } = decision;
    let { logBytes, trimmed } = unchanged;
    if (rewrites.length > 0) {
      const lasts = rewrites.map(({ last }) => last);
      const bodies = rewrites.map(({ body }) => body);
      const { rows } = await session.run(this.#rewrite, [ledger, lasts, bodies]);
      logBytes += Number(rows[0]?.[0] ?? 0);
    }
    if (trimThrough !== undefined) {
      const { rows } = await session.run(this.#trim, [ledger, trimThrough]);
      trimmed = Number(rows[0]?.[0] ?? 0);
      logBytes -= Number(rows[0]?.[1] ?? 0);
      const through = Math.max(trimmed, head.trimmed);
      await Promise.all(
        session.flight(() => [
          session.run(this.#forgetHistory, [ledger, trimmed]),
          session.run(this.#forgetScopes, [ledger, through]),
          session.run(this.#forgetStamps, [ledger, now - stampKeptMs]),
        ]),
      );
    }
    return { logBytes, trimmed };
  }
}
