/** The processes that said they live, and until when. Nothing here is in a ledger's log. */
import type { Member } from '../engine.ts';
import type { PostgresStore } from './store.ts';
import { msOf } from './wire/statement.ts';
import type { Statement } from './wire/statement.ts';

export class Members {
  readonly #store: PostgresStore;
  readonly #set: Statement;
  readonly #remove: Statement;
  readonly #forget: Statement;
  readonly #alive: Statement;

  constructor(store: PostgresStore) {
    const clock = (parameter: string) =>
      `coalesce(${parameter}::bigint, ${msOf('clock_timestamp()')})`;
    this.#store = store;
    this.#set =
      store.prepare(`INSERT INTO {member} (id, expires_at) VALUES ($1, $2 + ${clock('$3')})
      ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at`);
    this.#remove = store.prepare('DELETE FROM {member} WHERE id = $1');
    // Rows that others are touching are left for another time: nobody waits here.
    this.#forget = store.prepare(`DELETE FROM {member} WHERE id IN (SELECT id FROM {member}
      WHERE expires_at <= ${clock('$1')} FOR UPDATE SKIP LOCKED)`);
    this.#alive = store.prepare(`SELECT c.now, m.id, m.expires_at
      FROM (SELECT ${clock('$1')} AS now) c LEFT JOIN {member} m ON m.expires_at > c.now
      ORDER BY m.id`);
  }

  async heartbeat(id: string, ttlMs: number): Promise<void> {
    const now = this.#store.now();
    await this.#store.asking(async (session) => {
      const sent = session.flight(() => [
        session.batch('BEGIN READ WRITE; SET LOCAL synchronous_commit = off'),
        ...(ttlMs <= 0
          ? [session.run(this.#remove, [id])]
          : [session.run(this.#set, [id, ttlMs, now]), session.run(this.#forget, [now])]),
        session.batch('COMMIT'),
      ]);
      for (const answer of await Promise.allSettled(sent)) {
        if (answer.status === 'rejected') throw answer.reason;
      }
    });
  }

  async alive(): Promise<{ members: Member[]; time: number }> {
    const { rows } = await this.#store.asking((session) =>
      session.run(this.#alive, [this.#store.now()]),
    );
    const members = rows
      .filter(([, id]) => id !== null)
      .map(([, id, expiresAt]) => ({ id: id as string, expiresAt: expiresAt as number }));
    return { members, time: Number(rows[0]?.[0] ?? 0) };
  }
}
