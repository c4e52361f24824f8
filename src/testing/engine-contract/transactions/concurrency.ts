/** E1, E2, T2, T4 under load: many writers at once, through one handle and through two. */
import { expect } from 'vitest';
import type { Applied, LogRow, Work } from '../../../engine/index.ts';
import type { Contract } from '../contract.ts';
import { holdsContract } from './holds.ts';
import { forEachPlace, inParallel, rounds, writers } from './parallel.ts';
import type { Open } from './parallel.ts';
import { commit, contentAt, decisionOf, nothing, put, readOne, run, scanAll } from '../writing.ts';

/** Adds one to a counter, whatever it is by the time that it is applied. */
function increment(ledger: string, key: string): Work {
  return {
    ledger,
    reads: { refs: [{ scope: 's', key }], scopes: [] },
    decide({ entries }) {
      const next = Number(entries[0]?.content ?? '0') + 1;
      return decisionOf([put('s', key, `${next}`)], entries);
    },
  };
}

/** Expects that every revision of the ledger was given out once. */
function expectAllRevisions(applied: readonly Applied[]): void {
  const revisions = applied.map(({ base }) => base + 1).sort((a, b) => a - b);
  expect(revisions).toEqual(Array.from(revisions, (_, index) => index + 1));
}

export function concurrencyContract(contract: Contract): void {
  forEachPlace((place, needs, open) => {
    counters(contract, place, needs, open);
    uniqueness(contract, place, needs, open);
    holdsContract(contract, place, needs, open);
    observing(contract, place, needs, open);
    logging(contract, place, needs, open);
  });
}

function counters(contract: Contract, place: string, needs: readonly 'shared'[], open: Open): void {
  contract.testWith(needs, `writers on one counter lose no increment, ${place}`, async (world) => {
    const engines = await open(world);
    const applied = await inParallel((writer) =>
      run(engines[writer % 2]!, increment('app', 'counter')),
    );
    expect(await contentAt(engines[0]!, 'app', 's', 'counter')).toBe(`${writers * rounds}`);
    expectAllRevisions(applied);
  });

  contract.testWith(
    needs,
    `writers on keys of their own all get through, ${place}`,
    async (world) => {
      const engines = await open(world);
      const applied = await inParallel((writer) =>
        run(engines[writer % 2]!, increment('app', `counter-${writer}`)),
      );
      expectAllRevisions(applied);
      for (let writer = 0; writer < writers; writer += 1) {
        const content = await contentAt(engines[1]!, 'app', 's', `counter-${writer}`);
        expect(content).toBe(`${rounds}`);
      }
      const { scopes, head } = await engines[0]!.scopes('app', { limit: 10 });
      expect(scopes[0]).toMatchObject({ entries: writers, revision: writers * rounds });
      expect(head).toMatchObject({ entries: writers, revision: writers * rounds });
    },
  );

  contract.testWith(needs, `blind counts of one scope add up, ${place}`, async (world) => {
    const engines = await open(world);
    await inParallel((writer, round) =>
      commit(engines[writer % 2]!, 'app', [
        put('s', `${writer}-${round}`, '', { size: 1 + writer }),
      ]),
    );
    const { scopes, head } = await engines[1]!.scopes('app', { limit: 10 });
    const bytes = rounds * ((writers * (writers + 1)) / 2);
    expect(scopes[0]).toMatchObject({ entries: writers * rounds, bytes });
    expect(head).toMatchObject({ entries: writers * rounds, bytes });
    expect(await scanAll(engines[0]!, 'app', { scope: 's' })).toHaveLength(writers * rounds);
  });

  contract.testWith(
    needs,
    `writers on several ledgers do not mix them, ${place}`,
    async (world) => {
      const engines = await open(world);
      await inParallel((writer) => run(engines[writer % 2]!, increment(`app-${writer % 3}`, 'c')));
      for (const [index, count] of [4, 3, 3].entries()) {
        expect(await contentAt(engines[0]!, `app-${index}`, 's', 'c')).toBe(`${count * rounds}`);
      }
    },
  );
}

function uniqueness(
  contract: Contract,
  place: string,
  needs: readonly 'shared'[],
  open: Open,
): void {
  contract.testWith(needs, `one of many creators of a key wins, ${place}`, async (world) => {
    const engines = await open(world);
    const answers = await inParallel(async (writer, round) => {
      const { base } = await run(engines[writer % 2]!, {
        ledger: 'app',
        reads: { refs: [{ scope: 's', key: `k${round}` }], scopes: [] },
        decide: ({ entries }) =>
          entries[0] === undefined
            ? decisionOf([put('s', `k${round}`, `${writer}`)], entries)
            : nothing,
      });
      const entry = await readOne(engines[writer % 2]!, 'app', 's', `k${round}`);
      expect(entry).toBeDefined();
      return { base, isOwn: entry!.content === `${writer}` && entry!.version === base + 1 };
    });
    expect(answers.filter(({ isOwn }) => isOwn)).toHaveLength(rounds);
    expect((await engines[0]!.read('app', [])).head.revision).toBe(rounds);
  });

  contract.testWith(needs, `what a need read is validated too, ${place}`, async (world) => {
    const engines = await open(world);
    await commit(engines[0]!, 'app', [put('s', 'pointer', 'counter')]);
    await inParallel((writer) =>
      run(engines[writer % 2]!, {
        ledger: 'app',
        reads: { refs: [{ scope: 's', key: 'pointer' }], scopes: [] },
        decide({ entries }) {
          const key = entries[0]?.content as string | undefined;
          if (key === undefined) return nothing;
          if (entries.length === 1) {
            return { kind: 'need', reads: { refs: [{ scope: 's', key }], scopes: [] } };
          }
          const next = Number(entries[1]?.content ?? '0') + 1;
          return decisionOf([put('s', key, `${next}`)], [entries[1]]);
        },
      }),
    );
    expect(await contentAt(engines[0]!, 'app', 's', 'counter')).toBe(`${writers * rounds}`);
  });
}

function observing(
  contract: Contract,
  place: string,
  needs: readonly 'shared'[],
  open: Open,
): void {
  contract.testWith(needs, `readers never see half a commit, ${place}`, async (world) => {
    const engines = await open(world);
    const refs = [
      { scope: 's', key: 'left' },
      { scope: 't', key: 'right' },
    ];
    await inParallel(async (writer, round) => {
      const engine = engines[writer % 2]!;
      if (writer < 4) {
        const content = `${writer}-${round}`;
        await commit(engine, 'app', [put('s', 'left', content), put('t', 'right', content)]);
        return;
      }
      const { entries, head } = await engine.read('app', refs);
      const [left, right] = entries;
      expect(left?.content).toBe(right?.content);
      expect(left?.version).toBe(right?.version);
      expect(head.revision).toBe(left?.version ?? 0);
    });
  });

  contract.testWith(needs, `reads never go back in time, ${place}`, async (world) => {
    const engines = await open(world);
    let acknowledged = 0;
    await inParallel(async (writer) => {
      const engine = engines[writer % 2]!;
      if (writer < 4) {
        const { base } = await run(engine, increment('app', 'counter'));
        acknowledged = Math.max(acknowledged, base + 1);
        return;
      }
      const atLeast = acknowledged;
      const { entries, head } = await engine.read('app', [{ scope: 's', key: 'counter' }]);
      expect(head.revision).toBeGreaterThanOrEqual(atLeast);
      expect(Number(entries[0]?.content ?? '0')).toBe(head.revision);
    });
  });
}

function logging(contract: Contract, place: string, needs: readonly 'shared'[], open: Open): void {
  contract.testWith(needs, `who sees a revision sees all below it, ${place}`, async (world) => {
    const engines = await open(world);
    await inParallel(async (writer, round) => {
      const engine = engines[writer % 2]!;
      if (writer < 5) {
        await commit(engine, 'app', [put('s', `${writer}`, `${round}`)]);
        return;
      }
      const { rows, through, head } = await engine.log('app', { after: 0, limit: 1000 });
      expect(rows.map(({ last }) => last)).toEqual(rows.map((_, index) => index + 1));
      expect([through, head.revision]).toEqual([rows.length, rows.length]);
    });
  });

  contract.testWith(needs, `the log folds to the state, ${place}`, async (world) => {
    const engines = await open(world);
    await inParallel((writer, round) => {
      const [key, content] = [`${(writer + round) % 4}`, `${writer}-${round}`];
      const log = { body: `${key}=${content}`, tags: '' };
      return commit(engines[writer % 2]!, 'app', [put('s', key, content)], { log });
    });
    const { rows } = await engines[0]!.log('app', { after: 0, limit: 1000 });
    const folded = rows.reduce((state, { body, last }: LogRow) => {
      const [key, content] = body.split('=') as [string, string];
      return state.set(key, { key, content, version: last });
    }, new Map<string, object>());
    const entries = await scanAll(engines[1]!, 'app', { scope: 's' });
    const state = entries.map(({ key, content, version }) => ({ key, content, version }));
    expect(state).toEqual([...folded.keys()].sort().map((key) => folded.get(key)));
  });
}
