/**
 * Private Postgres servers for tests.
 *
 * P1. Durable as in production: `fsync` is on.
 * P2. Tests connect as a role without privileges beyond its own database.
 * P3. The default collation is a natural language's where the server can (15 or newer), so that
 *     whatever forgets to ask for byte order is found out.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import type { ExecFileSyncOptions } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Random } from '../../src/internal/random.ts';
import { freePort, Server, serverFolder, tlsFolder } from './server.ts';

export interface PostgresOptions {
  /** Settings of the server, as in `postgresql.conf`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** The folder of the server's programs, the newest that is installed; undefined without any. */
export function postgresPrograms(): string | undefined {
  const given = process.env['HOLDFAST_POSTGRES_BIN'];
  if (given !== undefined) return given;
  const [newest] = globSync('/usr/lib/postgresql/*/bin/initdb')
    .map((path) => join(path, '..'))
    .sort((a, b) => versionOf(b) - versionOf(a));
  if (newest !== undefined) return newest;
  const { stdout } = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' });
  return stdout?.trim() === '' || stdout == null ? undefined : stdout.trim();
}

function versionOf(programs: string): number {
  const { stdout } = spawnSync(join(programs, 'postgres'), ['--version'], { encoding: 'utf8' });
  return Number(/(\d+)/.exec(stdout ?? '')?.[1] ?? 0);
}

type Identity = Pick<ExecFileSyncOptions, 'uid' | 'gid' | 'cwd' | 'stdio'>;

const admin = 'admin';
export const testRole = 'tester';
const database = 'holdfast';

export class PostgresServer implements AsyncDisposable {
  readonly port: number;
  readonly server: Server;

  readonly #uid: number | undefined;

  private constructor(port: number, server: Server, uid: number | undefined) {
    this.port = port;
    this.server = server;
    this.#uid = uid;
  }

  static start(options: PostgresOptions = {}): Promise<PostgresServer> {
    return PostgresServer.#start(options, (programs, data, identity) => {
      const language =
        versionOf(programs) >= 15 ? ['--locale-provider=icu', '--icu-locale=en'] : [];
      const init = ['-D', data, '-U', admin, '-A', 'trust', '-E', 'UTF8', '--no-sync'];
      const args = [...init, '--locale=C.UTF-8', ...language];
      execFileSync(join(programs, 'initdb'), args, identity);
    });
  }

  /** A server that follows this one, a little behind, until it is promoted. */
  startStandby(): Promise<PostgresServer> {
    return PostgresServer.#start({}, (programs, data, identity) => {
      const from = ['-h', '127.0.0.1', '-p', `${this.port}`, '-U', admin];
      const args = ['-D', data, ...from, '-X', 'stream', '-R', '-c', 'fast', '--no-sync'];
      execFileSync(join(programs, 'pg_basebackup'), args, identity);
    });
  }

  static async #start(
    options: PostgresOptions,
    makeData: (programs: string, data: string, identity: Identity) => void,
  ): Promise<PostgresServer> {
    const programs = postgresPrograms();
    if (programs === undefined) throw new Error('Postgres is not installed');
    const folder = serverFolder('holdfast-postgres-', ['postgres']);
    const data = join(folder.path, 'data');
    const { uid, gid } = folder;
    makeData(programs, data, {
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
      cwd: folder.path,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const port = await freePort();
    const settings = {
      port: `${port}`,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      fsync: 'on',
      max_connections: '300',
      ...options.settings,
    };
    const set = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
    const server = await Server.start({
      name: 'Postgres',
      command: join(programs, 'postgres'),
      args: ['-D', data, ...set],
      folder,
      stopSignal: 'SIGQUIT',
      ready: () => prepare(port),
    });
    return new PostgresServer(port, server, uid);
  }

  /** As the role of the tests, or as the superuser. */
  url(role: string = testRole): string {
    return `postgres://${role}@127.0.0.1:${this.port}/${database}`;
  }

  adminUrl(): string {
    return this.url(admin);
  }

  /** Takes connections over TLS as well, as a server that `authorityFile` vouches for. */
  async encrypt(): Promise<void> {
    const [row] = await sql(this.adminUrl(), 'SHOW data_directory');
    const folder = String(row?.['data_directory']);
    const { uid, gid } = statSync(folder);
    for (const name of ['server.pem', 'server.key']) {
      const path = join(folder, name);
      copyFileSync(join(tlsFolder, name), path);
      chmodSync(path, 0o600);
      chownSync(path, uid, gid);
    }
    for (const [setting, value] of Object.entries({
      ssl_cert_file: 'server.pem',
      ssl_key_file: 'server.key',
      ssl: 'on',
    })) {
      await sql(this.adminUrl(), `ALTER SYSTEM SET ${setting} = '${value}'`);
    }
    await sql(this.adminUrl(), 'SELECT pg_reload_conf()');
  }

  /** One backend of the tests dies, so Postgres ends all others and recovers. */
  async killBackend(random: Random): Promise<void> {
    for (;;) {
      const rows = await sql(
        this.adminUrl(),
        'SELECT pid FROM pg_stat_activity WHERE usename = $1 ORDER BY pid',
        [testRole],
      );
      const victim = rows[Math.floor(random.float() * rows.length)]?.['pid'] as number | undefined;
      try {
        if (victim !== undefined) process.kill(victim, 'SIGKILL');
        return;
      } catch (error) {
        // It has ended by itself meanwhile: another one, then.
        if ((error as { code?: string }).code !== 'ESRCH') throw error;
      }
    }
  }

  /** New tables of the tests lie in `folder` from now on. */
  async useTablespace(folder: string): Promise<void> {
    if (this.#uid !== undefined) chownSync(folder, this.#uid, this.#uid);
    await sql(this.adminUrl(), `CREATE TABLESPACE small LOCATION '${folder}'`);
    await sql(this.adminUrl(), `GRANT CREATE ON TABLESPACE small TO ${testRole}`);
    await sql(this.adminUrl(), `ALTER DATABASE ${database} SET default_tablespace = small`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

/** Makes the role and its database if they are not there yet. */
async function prepare(port: number): Promise<void> {
  const at = `postgres://${admin}@127.0.0.1:${port}`;
  const client = new Client({ connectionString: `${at}/postgres`, connectionTimeoutMillis: 2000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [testRole]);
    if (rowCount === 0) {
      await client.query(`CREATE ROLE ${testRole} LOGIN`);
      await client.query(`CREATE DATABASE ${database} OWNER ${testRole}`);
    }
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Runs SQL beside the engine, to look or to break. */
export async function sql(
  url: string,
  text: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(text, values);
    return rows;
  } finally {
    await client.end();
  }
}
