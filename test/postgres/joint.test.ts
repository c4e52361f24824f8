/** Commits to many ledgers at once: they share transactions, and nothing else. */
import { Client } from 'pg';
import { expect, inject, test } from 'vitest';
import type { Engine, Work } from '../../src/engine/index.ts';
import {
  commit,
  contentAt,
  newOptions,
  put,
  workOf,
} from '../../src/testing/engine-contract/writing.ts';
import { sql } from '../servers/postgres.ts';
import { withServer } from '../servers/provided.ts';
import { open, storeUrl } from './stores.ts';

const names = Array.from({ length: 60 }, (_, index) => `app-${index}`);

function counting(ledger: string): Work {
  return {
    ledger,
    reads: { refs: [{ scope: 's', key: 'n' }], scopes: [] },
    decide(view) {
      const content = `${Number(view.entries[0]?.content ?? 0) + 1}`;
      return workOf(ledger, [put('s', 'n', content)]).decide(view);
    },
  };
}

function schemaOf(url: string): string {
  return new URL(url).searchParams.get('schema') ?? '';
}

withServer(inject('postgres'), 'commits to many ledgers', (server) => {
  async function opened(count: number): Promise<{ url: string; engines: Engine[] }> {
    const url = storeUrl(server, { poolSize: '5' });
    const engines = await Promise.all(Array.from({ length: count }, () => open(url)));
    return { url, engines };
  }

  test('leave together, and each draws its own revisions', async () => {
    const { url, engines } = await opened(1);
    const [engine] = engines as [Engine];
    for (let round = 0; round < 3; round += 1) {
      const outcomes = await Promise.all(
        names.map((name) => engine.transact([counting(name)], newOptions())),
      );
      expect(outcomes.flat().map((one) => one.kind === 'applied' && one.base)).toEqual(
        names.map(() => round),
      );
    }
    const [row] = await sql(
      server,
      `SELECT count(*)::int AS rows, count(DISTINCT xmin::text)::int AS transactions
       FROM ${schemaOf(url)}.log`,
    );
    expect(row?.['rows']).toBe(3 * names.length);
    expect(row?.['transactions']).toBeLessThan(names.length);
    await engine.close();
  });

  test('through several engines at once none is lost', async () => {
    const { engines } = await opened(3);
    const rounds = 8;
    await Promise.all(
      engines.flatMap((engine) =>
        names.map(async (name) => {
          for (let round = 0; round < rounds; round += 1) {
            await engine.transact([counting(name)], newOptions());
          }
        }),
      ),
    );
    const [engine] = engines as [Engine];
    for (const name of names) {
      expect(await contentAt(engine, name, 's', 'n')).toBe(`${rounds * engines.length}`);
    }
    for (const one of engines) await one.close();
  });

  test('fail each for itself: one throws, one is refused, one is fenced', async () => {
    const { engines } = await opened(1);
    const [engine] = engines as [Engine];
    const failure = new Error('mine');
    const passed = newOptions();
    await engine.transact([counting('fenced')], passed);
    const throwing: Work = {
      ledger: 'throws',
      reads: { refs: [], scopes: [] },
      decide() {
        throw failure;
      },
    };
    // Text in Postgres holds no NUL.
    const refusable = workOf('refused', [put('s', 'k', 'a\0b')]);
    const works = [throwing, refusable, ...names.map(counting)];
    const [thrown, refused, fenced, ...rest] = await Promise.allSettled([
      ...works.slice(0, 2).map((work) => engine.transact([work], newOptions())),
      engine.transact([counting('fenced')], passed),
      ...works.slice(2).map((work) => engine.transact([work], newOptions())),
    ]);
    expect(thrown).toEqual({ status: 'rejected', reason: failure });
    const notApplied = { outcome: 'not-applied' };
    expect(refused).toMatchObject({ reason: { code: 'internal', ...notApplied } });
    expect(fenced).toMatchObject({ reason: { code: 'fenced', ...notApplied } });
    expect(rest.length).toBe(names.length);
    for (const one of rest) expect(one).toMatchObject({ value: [{ kind: 'applied', base: 0 }] });
    await engine.close();
  });

  test('do not wait for one whose ledger somebody else holds', async () => {
    const { url, engines } = await opened(1);
    const [engine] = engines as [Engine];
    await Promise.all(names.map((name) => commit(engine, name, [put('s', 'k')])));
    const holder = new Client({ connectionString: server, application_name: 'a report' });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query(`SELECT FROM ${schemaOf(url)}.ledger WHERE name = 'app-7' FOR UPDATE`);
    let isDone = false;
    const calls = names.map((name) => engine.transact([counting(name)], newOptions()));
    const held = calls[7]?.then(() => {
      isDone = true;
    });
    await Promise.all(calls.filter((_, index) => index !== 7));
    expect(isDone).toBe(false);
    await holder.query('COMMIT');
    await held;
    await holder.end();
    expect(await contentAt(engine, 'app-7', 's', 'n')).toBe('1');
    await engine.close();
  });

  test('go on beside a trim and a commit of thousands of entries', async () => {
    const { engines } = await opened(1);
    const [engine] = engines as [Engine];
    await Promise.all(names.map((name) => commit(engine, name, [put('s', 'k')])));
    const large = Array.from({ length: 3000 }, (_, index) => put('large', `k${index}`));
    const trimming = workOf('app-1', []);
    const [trimmed, , ...rest] = await Promise.all([
      engine.transact(
        [
          {
            ...trimming,
            decide: () => ({
              kind: 'decision',
              revisions: 0,
              writes: [],
              scopes: [],
              log: undefined,
              trimThrough: 1,
            }),
          },
        ],
        newOptions(),
      ),
      commit(engine, 'app-2', large),
      ...names.slice(3).map((name) => engine.transact([counting(name)], newOptions())),
    ]);
    expect(trimmed).toMatchObject([{ kind: 'applied' }]);
    expect(rest.flat().map(({ kind }) => kind)).toEqual(rest.map(() => 'applied'));
    expect((await engine.read('app-1', [])).head).toMatchObject({ trimmed: 1, revision: 1 });
    await engine.close();
  });
});
