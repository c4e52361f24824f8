/** Upkeep of the log: dropping old rows and replacing bodies. */
import { expect } from 'vitest';
import type { Engine } from '../../../engine/index.ts';
import type { Contract } from '../contract.ts';
import { commit, contentAt, put, remove, upkeep, viewOf } from '../writing.ts';

/** Rows that cover 1-2, 3, 4-6, 7, with bodies of 1, 2, 3 and 4 bytes. */
async function fourRows(engine: Engine): Promise<void> {
  for (const [index, revisions] of [2, 1, 3, 1].entries()) {
    const log = { body: 'x'.repeat(index + 1), tags: `row-${index + 1}` };
    await commit(engine, 'app', [put('s', 'k')], { revisions, log });
  }
}

async function state(engine: Engine) {
  const { rows, head } = await engine.log('app', { after: 0, limit: 100 });
  const { trimmed, logBytes, revision } = head;
  return { lasts: rows.map(({ last }) => last), trimmed, logBytes, revision };
}

export function trimContract(contract: Contract): void {
  trimming(contract);
  rewriting(contract);
  scrubbing(contract);
}

function trimming(contract: Contract): void {
  contract.test(
    'a trim drops the rows at or below it, without taking a revision',
    async (world) => {
      const engine = await world.open();
      await fourRows(engine);
      expect(await upkeep(engine, 'app', { trimThrough: 3 })).toMatchObject({ base: 7 });
      expect(await state(engine)).toEqual({ lasts: [6, 7], trimmed: 3, logBytes: 7, revision: 7 });
    },
  );

  contract.test('a row that reaches above the trim is kept whole', async (world) => {
    const engine = await world.open();
    await fourRows(engine);
    await upkeep(engine, 'app', { trimThrough: 5 });
    const { lasts, trimmed } = await state(engine);
    expect(lasts).toEqual([6, 7]);
    expect(trimmed).toBe(3);
  });

  contract.test('a trim above the head drops every row and ends at the head', async (world) => {
    const engine = await world.open();
    await fourRows(engine);
    await upkeep(engine, 'app', { trimThrough: 1000 });
    expect(await state(engine)).toEqual({ lasts: [], trimmed: 7, logBytes: 0, revision: 7 });
    await commit(engine, 'app', [put('s', 'k')], { log: { body: 'new', tags: '' } });
    expect(await state(engine)).toEqual({ lasts: [8], trimmed: 7, logBytes: 3, revision: 8 });
  });

  contract.test('a trim never turns back', async (world) => {
    const engine = await world.open();
    await fourRows(engine);
    await upkeep(engine, 'app', { trimThrough: 6 });
    await upkeep(engine, 'app', { trimThrough: 2 });
    await upkeep(engine, 'app', { trimThrough: 0 });
    expect(await state(engine)).toMatchObject({ lasts: [7], trimmed: 6 });
  });

  contract.test('a trim may come with a commit', async (world) => {
    const engine = await world.open();
    await fourRows(engine);
    await commit(engine, 'app', [put('s', 'k')], {
      trimThrough: 6,
      log: { body: 'new', tags: '' },
    });
    expect(await state(engine)).toEqual({ lasts: [7, 8], trimmed: 6, logBytes: 7, revision: 8 });
  });

  contract.test('a trim of one ledger leaves the log of another', async (world) => {
    const engine = await world.open();
    await fourRows(engine);
    await commit(engine, 'other', [put('s', 'k')]);
    await upkeep(engine, 'other', { trimThrough: 1 });
    expect(await state(engine)).toMatchObject({ lasts: [2, 3, 6, 7], trimmed: 0 });
  });

  contract.test('a trim leaves entries and scope counts as they are', async (world) => {
    const engine = await world.open();
    await commit(engine, 'app', [put('s', 'a'), put('t', 'b')]);
    await commit(engine, 'app', [remove('t', 'b')]);
    await upkeep(engine, 'app', { trimThrough: 2 });
    const view = await viewOf(engine, 'app', { refs: [{ scope: 's', key: 'a' }], scopes: ['s'] });
    expect(view.entries[0]).toMatchObject({ version: 1 });
    expect(view.scopes[0]).toMatchObject({ entries: 1, revision: 1 });
    const { head } = await engine.read('app', []);
    expect(head).toMatchObject({ entries: 1, revision: 2, trimmed: 2 });
  });
}

function rewriting(contract: Contract): void {
  contract.test('a rewrite replaces the body of a row and nothing else', async (world) => {
    const engine = await world.open();
    await fourRows(engine);
    const before = await engine.log('app', { after: 0, limit: 100 });
    const rewrites = [
      { last: 3, body: 'éé' },
      { last: 7, body: '' },
    ];
    await upkeep(engine, 'app', { rewrites });
    const after = await engine.log('app', { after: 0, limit: 100 });
    const expected = ['x', 'éé', 'xxx', ''];
    expect(after.rows).toEqual(
      before.rows.map((row, index) => ({ ...row, body: expected[index] })),
    );
    expect(after.head).toMatchObject({ logBytes: 1 + 4 + 3 + 0, revision: 7, trimmed: 0 });
  });

  contract.test('a rewrite of a row that is gone or never was changes nothing', async (world) => {
    const engine = await world.open();
    await fourRows(engine);
    await upkeep(engine, 'app', { trimThrough: 2 });
    const before = await engine.log('app', { after: 0, limit: 100 });
    const rewrites = [2, 5, 99].map((last) => ({ last, body: 'wrong' }));
    await upkeep(engine, 'app', { rewrites });
    const after = await engine.log('app', { after: 0, limit: 100 });
    expect([after.rows, after.head]).toEqual([before.rows, before.head]);
  });

  contract.test('a rewrite may come with a commit', async (world) => {
    const engine = await world.open();
    await fourRows(engine);
    const log = { body: 'new', tags: '' };
    await commit(engine, 'app', [put('s', 'k')], { rewrites: [{ last: 2, body: 'gone' }], log });
    const { rows } = await engine.log('app', { after: 0, limit: 100 });
    expect(rows.map(({ body }) => body)).toEqual(['gone', 'xx', 'xxx', 'xxxx', 'new']);
  });
}

function scrubbing(contract: Contract): void {
  contract.test('a scrub leaves everything that was not deleted', async (world) => {
    const engine = await world.open();
    await fourRows(engine);
    await commit(engine, 'app', [put('s', 'gone', 'x'.repeat(10_000)), put('s', 'kept', 'kept')]);
    await commit(engine, 'app', [remove('s', 'gone')]);
    await upkeep(engine, 'app', { rewrites: [{ last: 2, body: '' }], trimThrough: 3 });
    const before = await engine.log('app', { after: 0, limit: 100 });
    await engine.scrub();
    await engine.scrub();
    const after = await engine.log('app', { after: 0, limit: 100 });
    expect([after.rows, after.head]).toEqual([before.rows, before.head]);
    expect(await contentAt(engine, 'app', 's', 'kept')).toBe('kept');
    expect(await contentAt(engine, 'app', 's', 'gone')).toBeUndefined();
    expect(await commit(engine, 'app', [put('s', 'k')])).toMatchObject({ base: 9 });
  });
}
