/** What the store takes on its server, and its tables' upkeep. */
import type { PostgresStore } from '../store.ts';
import type { Statement } from '../wire/statement.ts';

const tables = ['entry', 'log', 'scope', 'ledger', 'stamp', 'member', 'incarnation'];
/** Vacuuming takes as long as the tables are large. */
const vacuumTimeoutMs = 3_600_000;

export class ServerUpkeep {
  readonly #store: PostgresStore;
  readonly #facts: Statement;

  constructor(store: PostgresStore) {
    this.#store = store;
    this.#facts = store.prepare(`SELECT sum(pg_total_relation_size(c.oid))::bigint,
        coalesce(sum(pg_stat_get_dead_tuples(c.oid)), 0)::bigint
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relname = ANY ($2::text[])`);
  }

  async facts(): Promise<{ storedBytes: number; facts: Record<string, string | number> }> {
    const { settings, facts } = this.#store;
    const { rows } = await this.#store.asking((session) =>
      session.run(this.#facts, [settings.schema, tables]),
    );
    const [storedBytes = 0, deadRows = 0] = (rows[0] ?? []) as readonly number[];
    const { schema, poolSize } = settings;
    const version = facts.version;
    return {
      storedBytes,
      facts: { schema, poolSize, serverVersion: version, deadRows, ...facts.settings },
    };
  }

  async vacuum(): Promise<void> {
    const { schema } = this.#store.settings;
    const names = tables.map((name) => `"${schema}"."${name}"`).join(', ');
    await this.#store.asking((session) => session.batch(`VACUUM ${names}`, vacuumTimeoutMs));
  }
}
