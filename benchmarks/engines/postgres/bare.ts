/**
 * The same by hand: a transaction for each commit that locks the ledger's row, checks the entry's
 * version, writes it and appends to a log; a prepared query for each read. No expiry, operations,
 * counts or idempotency.
 */
import { Client } from 'pg';

const connections = 16;

const tables = `
CREATE SCHEMA bare;
CREATE TABLE bare.ledger (name text PRIMARY KEY, revision bigint NOT NULL) WITH (fillfactor = 20);
CREATE TABLE bare.entry (key text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, value text);
CREATE TABLE bare.log (revision bigint PRIMARY KEY, body text NOT NULL);
INSERT INTO bare.ledger VALUES ('one', 0);
`;

export class Bare implements AsyncDisposable {
  readonly #idle: Client[];
  readonly #all: readonly Client[];
  readonly #waiting: ((client: Client) => void)[] = [];
  #next = 0;

  private constructor(clients: readonly Client[]) {
    this.#all = clients;
    this.#idle = [...clients];
  }

  static async open(url: string): Promise<Bare> {
    const clients = Array.from(
      { length: connections },
      () => new Client({ connectionString: url, pipeline: true }),
    );
    for (const client of clients) await client.connect();
    await clients[0]!.query(tables);
    return new Bare(clients);
  }

  async fill(entries: readonly (readonly [string, unknown])[]): Promise<void> {
    await this.#all[0]!.query('INSERT INTO bare.entry SELECT *, 1, $2 FROM unnest($1::text[])', [
      entries.map(([key]) => key),
      JSON.stringify(entries[0]?.[1]),
    ]);
  }

  /** Two round trips, as many as a group of any size takes. */
  async commit(key: string, value: unknown): Promise<void> {
    const client = await this.#take();
    const body = JSON.stringify(value);
    const begun = client.query('BEGIN');
    const locked = client.query<{ revision: string }>({
      name: 'lock',
      text: `UPDATE bare.ledger SET revision = revision + 1 WHERE name = 'one' RETURNING revision`,
    });
    const read = client.query({
      name: 'version',
      text: 'SELECT version FROM bare.entry WHERE key = $1',
      values: [key],
    });
    await begun;
    const revision = (await locked).rows[0]?.revision;
    await read;
    await Promise.all([
      client.query({
        name: 'put',
        text: `INSERT INTO bare.entry VALUES ($1, $2, $3)
          ON CONFLICT (key) DO UPDATE SET version = excluded.version, value = excluded.value`,
        values: [key, revision, body],
      }),
      client.query({
        name: 'log',
        text: 'INSERT INTO bare.log VALUES ($1, $2)',
        values: [revision, body],
      }),
      client.query('COMMIT'),
    ]);
    this.#give(client);
  }

  /** Pipelined over all connections. */
  async get(key: string): Promise<unknown> {
    this.#next += 1;
    const client = this.#all[this.#next % this.#all.length]!;
    const { rows } = await client.query<{ value: string }>({
      name: 'get',
      text: 'SELECT value FROM bare.entry WHERE key = $1',
      values: [key],
    });
    const [row] = rows;
    return row === undefined ? undefined : JSON.parse(row.value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#all) await client.end();
  }

  #take(): Promise<Client> {
    const client = this.#idle.pop();
    if (client !== undefined) return Promise.resolve(client);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #give(client: Client): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(client);
    else next(client);
  }
}
