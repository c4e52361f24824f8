/** The log: one row for each group, in order, and the ways to read only a part of it. */
import { expect } from 'vitest';
import type { Engine, LogQuery, LogRow } from '../../../engine/index.ts';
import type { Contract } from '../contract.ts';
import { commit, put } from '../writing.ts';

const everything = { after: 0, limit: 1000 };

/** Appends rows that cover 1, 2-3, 4, 5-6, 7 … with bodies that name them. */
async function appendRows(engine: Engine, ledger: string, count: number): Promise<void> {
  for (let row = 1; row <= count; row += 1) {
    const revisions = row % 2 === 0 ? 2 : 1;
    const log = { body: `body-${row}`, tags: row % 3 === 0 ? 'third' : 'other' };
    await commit(engine, ledger, [put('s', `k${row}`)], { revisions, log });
  }
}

/** The rows after a revision, page by page, as a caller must. */
async function readLog(
  engine: Engine,
  ledger: string,
  query: Omit<LogQuery, 'after'> & { readonly after?: number },
): Promise<{ rows: LogRow[]; pages: number }> {
  const rows: LogRow[] = [];
  let after = query.after ?? 0;
  for (let pages = 1; ; pages += 1) {
    const result = await engine.log(ledger, { ...query, after });
    rows.push(...result.rows);
    if (result.through >= result.head.revision) return { rows, pages };
    expect(result.through).toBeGreaterThan(after);
    after = result.through;
  }
}

export function logContract(contract: Contract): void {
  rowsAndPositions(contract);
  limits(contract);
  wanting(contract);
}

function rowsAndPositions(contract: Contract): void {
  contract.test('the log of a ledger without commits is empty', async (world) => {
    const engine = await world.open();
    const { rows, through, head } = await engine.log('app', everything);
    expect([rows, through, head.revision]).toEqual([[], 0, 0]);
  });

  contract.test('a row tells its revisions, time, tags and body', async (world) => {
    const engine = await world.open();
    await commit(engine, 'app', [put('s', 'a')]);
    const log = { body: '{"text":"é\u{1f600}"}', tags: 'a b\n"c"' };
    const { time } = await commit(engine, 'app', [put('s', 'b')], { revisions: 3, log });
    const { rows, through, head } = await engine.log('app', { after: 1, limit: 10 });
    expect(rows).toEqual([{ first: 2, last: 4, time, ...log }]);
    expect(through).toBe(4);
    expect(head.revision).toBe(4);
  });

  contract.test(
    'rows come oldest first and only those above the revision asked for',
    async (world) => {
      const engine = await world.open();
      await appendRows(engine, 'app', 6);
      const lasts = async (after: number) =>
        (await readLog(engine, 'app', { after, limit: 1000 })).rows.map(({ last }) => last);
      expect(await lasts(0)).toEqual([1, 3, 4, 6, 7, 9]);
      expect(await lasts(3)).toEqual([4, 6, 7, 9]);
      expect(await lasts(9)).toEqual([]);
    },
  );

  contract.test('a revision inside a group gets the whole row of the group', async (world) => {
    const engine = await world.open();
    await appendRows(engine, 'app', 4);
    const { rows } = await engine.log('app', { after: 2, limit: 1 });
    expect(rows).toMatchObject([{ first: 2, last: 3 }]);
  });

  contract.test('revisions without a row are passed over', async (world) => {
    const engine = await world.open();
    await commit(engine, 'app', [put('s', 'a')]);
    await commit(engine, 'app', [put('s', 'b')], { log: undefined, revisions: 2 });
    const end = await engine.log('app', { after: 1, limit: 10 });
    expect([end.rows, end.through]).toEqual([[], 3]);
    await commit(engine, 'app', [put('s', 'c')]);
    const { rows } = await readLog(engine, 'app', { limit: 10 });
    expect(rows.map(({ last }) => last)).toEqual([1, 4]);
  });

  contract.test('each ledger has a log of its own', async (world) => {
    const engine = await world.open();
    await appendRows(engine, 'a', 2);
    await appendRows(engine, 'b', 1);
    expect((await engine.log('a', everything)).rows).toHaveLength(2);
    expect((await engine.log('b', everything)).rows).toHaveLength(1);
  });

  contract.test(
    'bodies of several megabytes and empty bodies come back bit for bit',
    async (world) => {
      const engine = await world.open();
      const bodies = ['', '\ufeffé\u{1f600}"\\'.repeat(200_000), 'x'];
      for (const body of bodies) {
        await commit(engine, 'app', [put('s', 'k')], { log: { body, tags: '' } });
      }
      const { rows } = await readLog(engine, 'app', { limit: 10 });
      expect(rows.map(({ body }) => body.length)).toEqual(bodies.map(({ length }) => length));
      expect(rows.every(({ body }, index) => body === bodies[index])).toBe(true);
    },
  );

  contract.test('logBytes is the UTF-8 length of all bodies', async (world) => {
    const engine = await world.open();
    for (const body of ['', 'abc', 'é', '\u{1f600}', '\uff00']) {
      await commit(engine, 'app', [put('s', 'k')], { log: { body, tags: 'tags do not count' } });
    }
    expect((await engine.read('app', [])).head.logBytes).toBe(0 + 3 + 2 + 4 + 3);
  });
}

function limits(contract: Contract): void {
  contract.test('at most limit rows are examined and through says how far', async (world) => {
    const engine = await world.open();
    await appendRows(engine, 'app', 6);
    const { rows, through } = await engine.log('app', { after: 0, limit: 2 });
    expect([rows.map(({ last }) => last), through]).toEqual([[1, 3], 3]);
    for (const limit of [1, 2, 4, 6, 7]) {
      const read = await readLog(engine, 'app', { limit });
      expect(read.rows.map(({ body }) => body)).toEqual(
        Array.from({ length: 6 }, (_, index) => `body-${index + 1}`),
      );
    }
  });

  contract.test('reading stops after the row that reaches maxBytes', async (world) => {
    const engine = await world.open();
    for (const body of ['aaaa', 'bbbb', 'cccc']) {
      await commit(engine, 'app', [put('s', 'k')], { log: { body, tags: '' } });
    }
    const lasts = async (maxBytes: number, after = 0) => {
      const result = await engine.log('app', { after, limit: 10, maxBytes });
      return [result.rows.map(({ last }) => last), result.through];
    };
    expect(await lasts(1)).toEqual([[1], 1]);
    expect(await lasts(4)).toEqual([[1], 1]);
    expect(await lasts(5)).toEqual([[1, 2], 2]);
    expect(await lasts(100)).toEqual([[1, 2, 3], 3]);
    expect(await lasts(1, 2)).toEqual([[3], 3]);
  });

  contract.test('maxBytes counts UTF-8 bytes', async (world) => {
    const engine = await world.open();
    for (const body of ['éé', 'éé', 'éé']) {
      await commit(engine, 'app', [put('s', 'k')], { log: { body, tags: '' } });
    }
    const { rows } = await engine.log('app', { after: 0, limit: 10, maxBytes: 4 });
    expect(rows).toHaveLength(1);
  });
}

function wanting(contract: Contract): void {
  contract.test('rows whose tags are not wanted are passed over', async (world) => {
    const engine = await world.open();
    await appendRows(engine, 'app', 7);
    const wants = (tags: string) => tags === 'third';
    const result = await engine.log('app', { after: 0, limit: 1000, wants });
    expect(result.rows.map(({ body }) => body)).toEqual(['body-3', 'body-6']);
    expect(result.through).toBe(10);
    const none = await engine.log('app', { after: 0, limit: 1000, wants: () => false });
    expect([none.rows, none.through]).toEqual([[], 10]);
  });

  contract.test('wants sees the tags of each row as they were written', async (world) => {
    const engine = await world.open();
    const written = ['', '["s"]', 'é\u{1f600} x'];
    for (const tags of written) {
      await commit(engine, 'app', [put('s', 'k')], { log: { body: 'b', tags } });
    }
    const seen: string[] = [];
    const wants = (tags: string) => {
      seen.push(tags);
      return true;
    };
    await readLog(engine, 'app', { limit: 10, wants });
    expect([...new Set(seen)]).toEqual(written);
  });

  contract.test('rows that are not wanted count for limit and not for maxBytes', async (world) => {
    const engine = await world.open();
    await appendRows(engine, 'app', 7);
    const wants = (tags: string) => tags === 'third';
    const few = await engine.log('app', { after: 0, limit: 2, wants });
    expect([few.rows, few.through]).toEqual([[], 3]);
    const { rows } = await readLog(engine, 'app', { limit: 2, wants });
    expect(rows.map(({ body }) => body)).toEqual(['body-3', 'body-6']);
    const small = await engine.log('app', { after: 0, limit: 100, wants, maxBytes: 1 });
    expect([small.rows.map(({ body }) => body), small.through]).toEqual([['body-3'], 4]);
  });
}
