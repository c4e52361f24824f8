/** E6: commits that were lost start another history, and nothing else does. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { open as openStore } from '../../src/index.ts';
import type { Receipt, Store } from '../../src/index.ts';
import { postgresPrograms, PostgresServer, sql } from '../servers/postgres.ts';
import { withServer } from '../servers/provided.ts';
import { newSchema } from './stores.ts';

async function write(store: Store, value: number, durability?: 'relaxed'): Promise<Receipt> {
  const { ledger } = store.app('app');
  const answer = await ledger.commit({
    mutations: [{ kind: 'set', scope: 's', key: 'k', value }],
    durability,
  });
  if (answer.kind !== 'committed') throw new Error(answer.kind);
  return answer;
}

/** Whether a position still stands, is lost, or was trimmed. */
async function standing(store: Store, receipt: Receipt): Promise<string> {
  try {
    return (await store.app('app').ledger.log(receipt.position)).kind;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

/** Tries until the server is back. */
async function persistently<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (attempt > 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

withServer(inject('postgres'), 'histories in Postgres', () => {
  test('openings share one history; each start of the server begins another', async () => {
    await using postgres = await PostgresServer.start();
    const url = postgres.url();
    await using one = await openStore(url);
    await using two = await openStore(url);
    const [first, second] = [await write(one, 1), await write(two, 2)];
    expect(second.position.incarnation).toBe(first.position.incarnation);
    await postgres.server.kill('SIGQUIT');
    await postgres.server.restart();
    const third = await persistently(() => write(one, 3));
    const fourth = await persistently(() => write(two, 4));
    expect(third.position.incarnation).not.toBe(first.position.incarnation);
    expect(fourth.position.incarnation).toBe(third.position.incarnation);
    for (const receipt of [first, second, third, fourth]) {
      expect(await standing(two, receipt)).toBe('commits');
    }
  });

  test('relaxed commits that a crash lost are regressed, in every process', async () => {
    await using postgres = await PostgresServer.start({
      settings: { wal_writer_delay: '10000', synchronous_commit: 'on' },
    });
    const url = postgres.url();
    await using one = await openStore(url, { flushMs: 60_000 });
    await using two = await openStore(url);
    const kept = await write(one, 1);
    const lost: Receipt[] = [];
    for (let value = 2; value < 12; value += 1) lost.push(await write(one, value, 'relaxed'));
    // One backend that dies takes the shared memory with it, and the WAL that was still in there.
    const rows = await sql(postgres.adminUrl(), 'SELECT pg_backend_pid() AS pid');
    expect(rows).toHaveLength(1);
    const [victim] = (await sql(
      postgres.adminUrl(),
      `SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'holdfast%' LIMIT 1`,
    )) as { pid: number }[];
    process.kill(victim!.pid, 'SIGKILL');
    const after = await persistently(() => write(two, 100));
    expect(after.position.revision).toBeLessThan(lost.at(-1)!.position.revision);
    expect(after.position.incarnation).not.toBe(kept.position.incarnation);
    expect(await standing(two, kept)).toBe('commits');
    for (const receipt of lost) {
      const expected =
        receipt.position.revision < after.position.revision ? 'commits' : 'regressed';
      for (const store of [one, two]) expect(await standing(store, receipt)).toBe(expected);
    }
  });

  test('a dump that is restored beneath running processes is told', async () => {
    await using postgres = await PostgresServer.start();
    const schema = newSchema();
    await using store = await openStore(postgres.url(), { schema });
    const kept = await write(store, 1);
    const programs = postgresPrograms() ?? '';
    const place = ['-h', '127.0.0.1', '-p', `${postgres.port}`, '-U', 'tester', '-d', 'holdfast'];
    const options = { maxBuffer: 2 ** 26 };
    const dump = execFileSync(join(programs, 'pg_dump'), [...place, '-n', schema], options);
    const lost = await write(store, 2);
    await sql(postgres.url(), `DROP SCHEMA ${schema} CASCADE`);
    execFileSync(join(programs, 'psql'), ['-q', ...place], { ...options, input: dump });
    expect(await store.app('app').scope('s').get('k')).toBe(1);
    expect(await standing(store, lost)).toBe('regressed');
    const after = await write(store, 3);
    expect(after.position.revision).toBe(lost.position.revision);
    expect(after.position.incarnation).not.toBe(lost.position.incarnation);
    expect(await standing(store, kept)).toBe('commits');
    expect(await standing(store, lost)).toBe('regressed');
    const next = await write(store, 4);
    expect(next.position.incarnation).toBe(after.position.incarnation);
  });
});
