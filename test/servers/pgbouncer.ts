/** A transaction pooler before a Postgres server: a connection is lent for a transaction. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql, testRole } from './postgres.ts';
import { freePort, Server, serverFolder } from './server.ts';

const program = '/usr/sbin/pgbouncer';

export function hasPgBouncer(): boolean {
  return existsSync(program);
}

export interface Pooler extends AsyncDisposable {
  readonly url: string;
}

/** `url` leads to the server; it may have to refuse what a connection starts with. */
export async function startPgBouncer(url: string): Promise<Pooler> {
  const server = new URL(url);
  const folder = serverFolder('holdfast-pgbouncer-', ['postgres']);
  const port = await freePort();
  const file = join(folder.path, 'pgbouncer.ini');
  writeFileSync(
    file,
    `[databases]
* = host=127.0.0.1 port=${server.port} user=${testRole}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
max_client_conn = 200
default_pool_size = 8
`,
    { mode: 0o644 },
  );
  const pooled = new URL(url);
  pooled.port = String(port);
  const running = await Server.start({
    name: 'PgBouncer',
    command: program,
    args: [file],
    folder,
    stopSignal: 'SIGTERM',
    ready: async () => void (await sql(pooled.href, 'SELECT 1')),
  });
  return { url: pooled.href, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() };
}
