/** T1-T4: what is read, what is applied, and that nothing else is. */
import { expect } from 'vitest';
import type { Need, Reads, View, Work } from '../../../engine/index.ts';
import type { Contract } from '../contract.ts';
import {
  commit,
  contentAt,
  decisionOf,
  newOptions,
  nothing,
  put,
  readOne,
  remove,
  run,
  viewOf,
  workOf,
} from '../writing.ts';

const noReads: Reads = { refs: [], scopes: [] };

export function transactContract(contract: Contract): void {
  applying(contract);
  reading(contract);
  needing(contract);
  severalLedgers(contract);
}

function applying(contract: Contract): void {
  contract.test('revisions count up from 1 and versions are base plus offset', async (world) => {
    const engine = await world.open();
    const first = await commit(engine, 'app', [put('s', 'a'), put('s', 'b')]);
    expect(first).toMatchObject({ kind: 'applied', base: 0 });
    const changes = [put('s', 'a', '2', { offset: 1 }), put('s', 'c', '3', { offset: 3 })];
    const second = await commit(engine, 'app', changes, { revisions: 4 });
    expect(second.base).toBe(1);
    const third = await commit(engine, 'app', [put('s', 'd')]);
    expect(third.base).toBe(5);
    const refs = ['a', 'b', 'c', 'd'].map((key) => ({ scope: 's', key }));
    const { entries, head } = await engine.read('app', refs);
    expect(entries.map((entry) => entry?.version)).toEqual([2, 1, 4, 6]);
    expect(head.revision).toBe(6);
  });

  contract.test(
    'puts replace, deletes remove, and a delete of nothing is nothing',
    async (world) => {
      const engine = await world.open();
      await commit(engine, 'app', [put('s', 'a', '1'), put('s', 'b', '1')]);
      await commit(engine, 'app', [put('s', 'a', '2'), remove('s', 'b'), remove('s', 'never')]);
      expect(await contentAt(engine, 'app', 's', 'a')).toBe('2');
      expect(await readOne(engine, 'app', 's', 'b')).toBeUndefined();
      await commit(engine, 'app', [put('s', 'b', '3')]);
      expect(await readOne(engine, 'app', 's', 'b')).toMatchObject({ content: '3', version: 3 });
    },
  );

  contract.test('a decision without revisions writes nothing and tells the head', async (world) => {
    const engine = await world.open();
    const idle: Work = { ledger: 'app', reads: noReads, decide: () => nothing };
    expect(await run(engine, idle)).toMatchObject({ base: 0 });
    expect(await engine.ledgers()).toEqual([]);
    const { incarnation } = await commit(engine, 'app', [put('s', 'a')]);
    const before = await engine.read('app', []);
    expect(await run(engine, idle)).toMatchObject({ base: 1, incarnation });
    expect((await engine.read('app', [])).head).toEqual(before.head);
  });

  contract.test('a decision may take revisions and write no entry', async (world) => {
    const engine = await world.open();
    await commit(engine, 'app', [], { revisions: 3 });
    expect((await engine.read('app', [])).head.revision).toBe(3);
    expect(await engine.ledgers()).toEqual(['app']);
  });

  contract.test('what was not read is written blindly', async (world) => {
    const engine = await world.open();
    await commit(engine, 'app', [put('s', 'a', '1')]);
    const decision = decisionOf([put('s', 'a', '2')], [await readOne(engine, 'app', 's', 'a')]);
    await run(engine, { ledger: 'app', reads: noReads, decide: () => decision });
    expect(await readOne(engine, 'app', 's', 'a')).toMatchObject({ content: '2', version: 2 });
  });

  contract.test('a thousand writes are one commit', async (world) => {
    const engine = await world.open();
    const changes = Array.from({ length: 1000 }, (_, index) => put('s', `k${index}`, `${index}`));
    await commit(engine, 'app', changes);
    const { entries, head } = await engine.read('app', changes);
    expect(entries.every((entry) => entry?.version === 1)).toBe(true);
    expect(head.revision).toBe(1);
  });

  contract.test('relaxed commits are seen at once and flush makes them durable', async (world) => {
    const engine = await world.open();
    const options = { ...newOptions(), durability: 'relaxed' as const };
    const [outcome] = await engine.transact([workOf('app', [put('s', 'a', '1')])], options);
    expect(outcome).toMatchObject({ kind: 'applied', base: 0 });
    expect(await contentAt(engine, 'app', 's', 'a')).toBe('1');
    await engine.flush();
    await engine.flush();
  });

  contract.test('a call without works does nothing', async (world) => {
    const engine = await world.open();
    expect(await engine.transact([], newOptions())).toEqual([]);
  });
}

function reading(contract: Contract): void {
  contract.test('decide sees entries and scopes in the order of its reads', async (world) => {
    const engine = await world.open();
    await commit(engine, 'app', [put('s', 'a', 'A'), put('s', 'b', 'B'), put('t', 'c', 'C')]);
    const view = await viewOf(engine, 'app', {
      refs: [
        { scope: 't', key: 'c' },
        { scope: 's', key: 'missing' },
        { scope: 's', key: 'a' },
      ],
      scopes: ['t', 'missing', 's'],
    });
    expect(view.entries.map((entry) => entry?.content)).toEqual(['C', undefined, 'A']);
    expect(view.entries[0]).toEqual(await readOne(engine, 'app', 't', 'c'));
    expect(view.scopes.map(({ scope, entries }) => [scope, entries])).toEqual([
      ['t', 1],
      ['missing', 0],
      ['s', 2],
    ]);
    expect(view.scopes[1]).toEqual({ scope: 'missing', entries: 0, bytes: 0, revision: 0 });
  });

  contract.test('a commit carries the time of its last view or a later one', async (world) => {
    const engine = await world.open();
    let seen = 0;
    const applied = await run(engine, {
      ledger: 'app',
      reads: noReads,
      decide(view) {
        seen = view.time;
        return decisionOf([put('s', 'k')], []);
      },
    });
    expect(applied.time).toBeGreaterThanOrEqual(seen);
    expect((await engine.read('app', [])).head.time).toBe(applied.time);
  });

  contract.test('changing what decide was shown changes nothing in the store', async (world) => {
    const engine = await world.open();
    await commit(engine, 'app', [put('s', 'k', Uint8Array.of(1, 2, 3))]);
    await run(engine, {
      ledger: 'app',
      reads: { refs: [{ scope: 's', key: 'k' }], scopes: [] },
      decide(view) {
        (view.entries[0]?.content as Uint8Array | undefined)?.fill(9);
        return nothing;
      },
    });
    expect([...((await contentAt(engine, 'app', 's', 'k')) as Uint8Array)]).toEqual([1, 2, 3]);
  });
}

/** A work that follows a chain of entries, each naming the next key, and then writes its path. */
function follow(first: string): { work: Work; views: View[] } {
  const views: View[] = [];
  const asked = [first];
  const work: Work = {
    ledger: 'app',
    reads: { refs: [{ scope: 's', key: first }], scopes: [] },
    decide(view) {
      views.push(view);
      // An engine may ask again with the same view: what was asked before is in it.
      const content = view.entries.at(-1)?.content as string | undefined;
      // A view may be of a moment before the chain was written; then no answer would be applied.
      if (content === undefined) return nothing;
      if (content !== 'end') {
        asked.push(content);
        const need: Need = {
          kind: 'need',
          reads: { refs: [{ scope: 's', key: content }], scopes: [`scope-${content}`] },
        };
        return need;
      }
      const path = view.entries.map((entry) => entry?.key).join('>');
      return decisionOf([put('s', 'path', path)], [undefined]);
    },
  };
  return { work, views };
}

function needing(contract: Contract): void {
  contract.test('a need is read and added behind what was read before', async (world) => {
    const engine = await world.open();
    await commit(engine, 'app', [put('s', 'a', 'b'), put('s', 'b', 'c'), put('s', 'c', 'end')]);
    const { work, views } = follow('a');
    await run(engine, work);
    expect(await contentAt(engine, 'app', 's', 'path')).toMatch(/^a>(b>)+(c>)*c$/);
    const last = views.at(-1)!;
    expect(last.scopes.map(({ scope }) => scope)).toEqual(
      last.entries.slice(1).map((entry) => `scope-${entry!.key}`),
    );
  });

  contract.test('a need may ask for scopes alone', async (world) => {
    const engine = await world.open();
    await commit(engine, 'app', [put('s', 'a'), put('s', 'b')]);
    await run(engine, {
      ledger: 'app',
      reads: noReads,
      decide(view) {
        const stat = view.scopes[0];
        if (stat === undefined) return { kind: 'need', reads: { refs: [], scopes: ['s'] } };
        return decisionOf([put('t', 'count', `${stat.entries}`)], [undefined]);
      },
    });
    expect(await contentAt(engine, 'app', 't', 'count')).toBe('2');
  });

  contract.test('a long chain of needs is followed to its end', async (world) => {
    const engine = await world.open();
    const length = 40;
    const changes = Array.from({ length }, (_, index) =>
      put('s', `k${index}`, index === length - 1 ? 'end' : `k${index + 1}`),
    );
    await commit(engine, 'app', changes);
    await run(engine, follow('k0').work);
    const path = (await contentAt(engine, 'app', 's', 'path')) as string;
    expect([...new Set(path.split('>'))]).toEqual(changes.map(({ key }) => key));
  });
}

function severalLedgers(contract: Contract): void {
  contract.testWith(
    ['grouped'],
    'works of several ledgers are applied in one call, each for itself',
    async (world) => {
      const engine = await world.open();
      await commit(engine, 'b', [put('s', 'k', 'b1')]);
      const works = ['a', 'b', 'c'].map((ledger) => workOf(ledger, [put('s', 'k', `${ledger}2`)]));
      const outcomes = await engine.transact(works, newOptions());
      expect(outcomes).toMatchObject([{ base: 0 }, { base: 1 }, { base: 0 }]);
      for (const ledger of ['a', 'b', 'c']) {
        expect(await contentAt(engine, ledger, 's', 'k')).toBe(`${ledger}2`);
      }
      expect(await engine.ledgers()).toEqual(['a', 'b', 'c']);
    },
  );

  contract.testWith(
    ['grouped'],
    'a work that writes nothing leaves the others of its call alone',
    async (world) => {
      const engine = await world.open();
      const idle: Work = { ledger: 'a', reads: noReads, decide: () => nothing };
      await engine.transact([idle, workOf('b', [put('s', 'k', 'B')])], newOptions());
      expect(await engine.ledgers()).toEqual(['b']);
      expect(await contentAt(engine, 'b', 's', 'k')).toBe('B');
    },
  );
}
