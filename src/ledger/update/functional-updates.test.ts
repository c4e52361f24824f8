import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openMemoryEngine } from '../../engine/memory/index.ts';
import { seededRandom } from '../../internal/random.ts';
import { ManualClock, loopback } from '../../testing/index.ts';
import { FunctionalUpdates } from './index.ts';
import type { FunctionalUpdateOptions } from './index.ts';
import { origin } from '../index.ts';
import type { Commit, Ledger, Proposal, Ref } from '../index.ts';
import { openLedgers } from '../ledgers.ts';
import type { Ledgers } from '../ledgers.ts';

const ref = { scope: 's', key: 'k' };
const views: Record<string, (ledger: Ledger) => Ledger> = { direct: (ledger) => ledger, loopback };

const increment = (value: unknown): number => ((value as number | undefined) ?? 0) + 1;

let stores = 0;

/** A store that several processes share, as one of them sees it. */
class World {
  readonly clock = new ManualClock();
  readonly opened: Ledgers[] = [];
  readonly #seen: (ledger: Ledger) => Ledger;
  readonly #url: string;
  ledger!: Ledger;

  constructor(seen: (ledger: Ledger) => Ledger) {
    stores += 1;
    this.#url = `memory:functional-${stores}`;
    this.#seen = seen;
  }

  /** The store as another process sees it. */
  async open(): Promise<Ledger> {
    const { clock } = this;
    const random = seededRandom(this.opened.length);
    const options = { cacheBytes: 0, busyTimeoutMs: 0, mustExist: false, readOnly: false };
    const engine = await openMemoryEngine(this.#url, { clock, random, ...options });
    const ledgers = openLedgers(engine, { clock, random, sweepMs: 0 });
    this.opened.push(ledgers);
    return this.#seen(ledgers.ledger('app'));
  }

  updatesOn(ledger: Ledger): FunctionalUpdates {
    return new FunctionalUpdates(ledger, { clock: this.clock, random: seededRandom(7) });
  }

  /** A process in whose way others write `values`, one just before each of its commits. */
  async raced(...values: unknown[]): Promise<FunctionalUpdates> {
    const other = await this.open();
    const { ledger } = this;
    const commit = async (proposal: Proposal) => {
      const value = values.shift();
      if (value !== undefined) await this.write(value, { on: other });
      return ledger.commit(proposal);
    };
    const between = { read: (refs: Ref[]) => ledger.read(refs), commit };
    return this.updatesOn(between as unknown as Ledger);
  }

  async write(value: unknown, { on = this.ledger, ttlMs }: Writing = {}): Promise<void> {
    const answer = await on.commit({ mutations: [{ kind: 'set', ...ref, value, ttlMs }] });
    expect(answer.kind).toBe('committed');
  }

  async value(): Promise<unknown> {
    return (await this.ledger.read([ref]))[0]?.value.decode();
  }

  async commits(): Promise<readonly Commit[]> {
    const page = await this.ledger.log(origin);
    if (page.kind !== 'commits') throw new Error(page.kind);
    return page.commits;
  }

  /** Lets time pass, `ms` at a time, until the work is done. */
  async passing<T>(work: Promise<T>, ms: number): Promise<T> {
    const state = { done: false };
    const settled = work.finally(() => (state.done = true));
    settled.catch(() => undefined);
    while (!state.done) await this.clock.pass(ms);
    return settled;
  }
}

interface Writing {
  readonly on?: Ledger;
  readonly ttlMs?: number;
}

for (const [view, seen] of Object.entries(views)) {
  describe(`functional updates: ${view}`, () => {
    let world: World;
    let updates: FunctionalUpdates;

    beforeEach(async () => {
      world = new World(seen);
      world.ledger = await world.open();
      updates = world.updatesOn(world.ledger);
    });

    afterEach(async () => {
      for (const ledgers of world.opened) await ledgers.close();
    });

    function update(run: (value: unknown) => unknown, options?: FunctionalUpdateOptions) {
      return updates.update(ref, run, options);
    }

    test('functions that wait run one after the other, each a commit of its own', async () => {
      const waiting = Array.from({ length: 300 }, () => update(increment));
      const results = await Promise.all(waiting);
      expect(await world.value()).toBe(300);
      expect(results.map((result) => result.version)).toEqual(results.map((_, n) => n + 1));
      expect(results.map((result) => result.value?.decode())).toEqual(results.map((_, n) => n + 1));
      expect(results[0]).toMatchObject({ change: 'created', previous: undefined });
      expect(results[1]).toMatchObject({ change: 'updated', position: { revision: 2 } });
      expect(await world.commits()).toHaveLength(300);
    });

    test('what waits together is one durable write', async () => {
      const transact = vi.spyOn(world.opened[0]!.engine, 'transact');
      await Promise.all(Array.from({ length: 200 }, () => update(increment)));
      expect(transact).toHaveBeenCalledTimes(1);
    });

    test('each function gets a value of its own, which it may change and return', async () => {
      await world.write({ list: [] });
      const push = (item: number) => (value: unknown) => {
        (value as { list: number[] }).list.push(item);
        return value;
      };
      const results = await Promise.all([update(push(1)), update(push(2))]);
      expect(await world.value()).toEqual({ list: [1, 2] });
      expect(results[0].value?.decode()).toEqual({ list: [1] });
      expect(results[1].previous?.decode()).toEqual({ list: [1] });
    });

    test('a function that throws fails alone', async () => {
      const failure = new Error('insufficient');
      const settled = await Promise.allSettled([
        update(increment),
        update(() => {
          throw failure;
        }),
        update(() => Number.NaN),
        update(increment),
      ]);
      expect(settled.map(({ status }) => status)).toEqual([
        'fulfilled',
        'rejected',
        'rejected',
        'fulfilled',
      ]);
      expect((settled[1] as PromiseRejectedResult).reason).toBe(failure);
      expect((settled[2] as PromiseRejectedResult).reason).toMatchObject({ code: 'invalid_value' });
      expect(await world.value()).toBe(2);
    });

    test('a value that the ledger refuses fails alone', async () => {
      const large = 'x'.repeat(2 ** 20);
      const settled = await Promise.allSettled([
        update(increment),
        update(() => large),
        update((before) => (before === 1 ? 'small' : 'wrong')),
      ]);
      expect(settled[1]).toMatchObject({ reason: { code: 'limit_exceeded' } });
      expect(await world.value()).toBe('small');
    });

    test('a promise is refused', async () => {
      const late = async () => 1;
      await expect(update(late)).rejects.toMatchObject({ code: 'invalid_argument' });
      await expect(update(() => Promise.reject(new Error('late')))).rejects.toMatchObject({
        code: 'invalid_argument',
      });
      expect(await world.value()).toBe(undefined);
    });

    test('undefined deletes, and deleting nothing is nothing', async () => {
      await world.write(1);
      const [gone, nothing, back] = await Promise.all([
        update(() => undefined),
        update(() => undefined),
        update((before) => before ?? 'new'),
      ]);
      expect(gone).toMatchObject({ change: 'deleted', version: 0, value: undefined });
      expect(gone.previous?.decode()).toBe(1);
      expect(nothing).toMatchObject({ change: 'none', version: 0 });
      expect(back).toMatchObject({ change: 'created', version: 3 });
    });

    test('what changes nothing commits nothing', async () => {
      await world.write({ a: 1, b: 2 });
      const results = await Promise.all([
        update(() => ({ b: 2, a: 1 })),
        update((before) => before),
        update(() => ({ c: 3 })),
        update((before) => before),
      ]);
      expect(results.map(({ change }) => change)).toEqual(['none', 'none', 'updated', 'none']);
      expect(results.map(({ version }) => version)).toEqual([1, 1, 2, 2]);
      expect(results[0].value?.decode()).toEqual({ a: 1, b: 2 });
      expect(await world.commits()).toHaveLength(2);
    });

    test('null is a value, and bytes are bytes', async () => {
      await world.write(null);
      await update((before) => (before === null ? Uint8Array.of(1) : 'wrong'));
      expect(await world.value()).toEqual(Uint8Array.of(1));
      await Promise.all([update((before) => before), update(() => null)]);
      expect(await world.value()).toBe(null);
    });

    test('an expiry stays, is renewed, or is taken away', async () => {
      const expiry = async () => (await world.ledger.read([ref]))[0]?.expiresAt;
      await world.write(1, { ttlMs: 1000 });
      const first = await expiry();
      world.clock.advance(10);
      await update(increment);
      expect(await expiry()).toBe(first);
      await update((before) => before, { ttlMs: 1000 });
      expect(await expiry()).toBe(world.clock.now() + 1000);
      await update(increment, { ttlMs: 50 });
      expect(await expiry()).toBe(world.clock.now() + 50);
      await update(increment, { ttlMs: null });
      expect(await expiry()).toBe(undefined);
      await update(increment, { ttlMs: 50 });
      world.clock.advance(50);
      await update((before) => before ?? 'gone');
      expect(await world.value()).toBe('gone');
      expect(await expiry()).toBe(undefined);
    });

    test('a schema version stays until another is given', async () => {
      await update(increment, { schema: 3 });
      await update(increment);
      expect((await world.ledger.read([ref]))[0]).toMatchObject({ schema: 3, version: 2 });
      await update((before) => before, { schema: 4 });
      expect((await world.ledger.read([ref]))[0]).toMatchObject({ schema: 4, version: 3 });
    });

    test('who loses to another process runs again on what is there now', async () => {
      const other = await world.open();
      const rivals = world.updatesOn(other);
      const work = Array.from({ length: 100 }, async (_, n) => {
        await Promise.all([update(increment), rivals.update(ref, increment)]);
        if (n % 10 === 0) await update(increment);
      });
      await world.passing(Promise.all(work), 50);
      expect(await world.value()).toBe(210);
      expect(await world.commits()).toHaveLength(210);
    });

    test('an error is judged on what was there, not on what no longer is', async () => {
      await world.write(0);
      const racing = await world.raced(100);
      const take = racing.update(ref, (balance) => {
        if ((balance as number) < 50) throw new Error(`only ${String(balance)}`);
        return (balance as number) - 50;
      });
      expect((await take).value?.decode()).toBe(50);
    });

    test('nothing is told of a value that nobody else ever saw', async () => {
      await world.write(0);
      const racing = await world.raced(100);
      const results = await Promise.all([
        racing.update(ref, increment),
        racing.update(ref, (before) => before),
      ]);
      expect(results.map((result) => result.value?.decode())).toEqual([101, 101]);
      expect(results[1]).toMatchObject({ change: 'none', version: results[0].version });
    });

    test('losing in every attempt is contended', async () => {
      const racing = await world.raced(1, 2, 3, 4);
      let runs = 0;
      const count = (): string => `mine ${(runs += 1)}`;
      const lost = world.passing(racing.update(ref, count, { attempts: 3 }), 5);
      await expect(lost).rejects.toMatchObject({ code: 'contended', retryable: true });
      expect(runs).toBe(3);
      expect(await world.value()).toBe(3);
    });

    test('after repeated losses it waits before it tries again', async () => {
      const racing = await world.raced(1, 2, 3, 4);
      const result = racing.update(ref, () => 'mine');
      while (world.clock.pending === 0) await world.clock.pass(0);
      expect(await world.value()).toBe(2);
      await world.passing(result, 200);
      expect(await world.value()).toBe('mine');
    });

    test('names and options are judged before anything waits', async () => {
      const bad = updates.update({ scope: '', key: 'k' }, increment);
      await expect(bad).rejects.toMatchObject({ code: 'invalid_name' });
      const none = update(increment, { attempts: 0 });
      await expect(none).rejects.toMatchObject({ code: 'invalid_argument' });
      const never = update(increment, { ttlMs: -1 });
      await expect(never).rejects.toMatchObject({ code: 'invalid_argument' });
    });

    test('an outage reaches everybody who waits', async () => {
      await world.opened[0]?.close();
      const settled = await Promise.allSettled([update(increment), update(increment)]);
      for (const one of settled) expect(one).toMatchObject({ reason: { code: 'closed' } });
    });
  });
}
