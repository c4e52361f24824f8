/** A process that uses one recipe as its parent says: `worker.ts ROLE PATH OPTIONS`. */
import { appendFileSync } from 'node:fs';
import { once } from 'node:events';
import { open } from '../../../src/index.ts';
import type { App } from '../../../src/index.ts';
import { systemClock } from '../../../src/internal/clock.ts';
import {
  Cache,
  CachedScope,
  Counter,
  Idempotency,
  Locks,
  RateLimiter,
  SessionStore,
} from '../../../src/layers/recipes/index.ts';
import type { RateLimiterOptions, RateVerdict } from '../../../src/layers/recipes/index.ts';

export interface Seen {
  /** Before the read was asked for. */
  readonly askedAt: number;
  readonly value: number;
}

export interface Reports {
  readonly limiter: readonly RateVerdict[];
  readonly seats: number;
  readonly cache: readonly number[];
  readonly nothing: readonly boolean[];
  readonly stale: readonly number[];
  readonly rotate: readonly string[];
  readonly once: readonly unknown[];
  readonly lock: { readonly done: number; readonly fenced: number };
  readonly holder: { readonly outcome: string };
  readonly reader: readonly Seen[];
}

/** What is stale in the cache that all begin with. */
export const staleValue = 7;

export type Role = keyof Reports;

interface Options {
  readonly limit: RateLimiterOptions;
  readonly callers: number;
  readonly runMs: number;
  readonly keys: number;
  readonly workMs: number;
  readonly leaseMs: number;
  readonly ttlMs: number;
  /** Of a session that all processes know. */
  readonly session: string;
  readonly maxStaleMs: number;
  readonly name: string;
  /** A file outside the store that takes a line for each piece of work. */
  readonly journal: string;
}

function callers<T>({ callers: count }: Options, act: (caller: number) => Promise<T>) {
  return Promise.all(Array.from({ length: count }, (_, caller) => act(caller)));
}

async function until<T>(runMs: number, act: () => Promise<T>): Promise<T[]> {
  const end = systemClock.monotonic() + runMs;
  const results: T[] = [];
  while (systemClock.monotonic() < end) results.push(await act());
  return results;
}

const roles: {
  readonly [R in Role]: (app: App, options: Options) => Promise<Reports[R]>;
} = {
  async limiter(app, options) {
    const limiter = new RateLimiter(app, 'attacked', options.limit);
    const verdicts = await callers(options, () => until(options.runMs, () => limiter.take('ada')));
    return verdicts.flat().filter(({ allowed }) => allowed);
  },

  async seats(app, options) {
    const counter = new Counter(app.scope<number>('seats'));
    const counted = await callers(options, () =>
      until(options.runMs, () => counter.addWithin('flight', 1, { max: options.keys })),
    );
    return counted.flat().filter(({ kind }) => kind === 'changed').length;
  },

  async cache(app, options) {
    const { leaseMs, workMs, journal, name } = options;
    const cache = new Cache<number>(app, 'attacked', { ttlMs: 600_000, leaseMs });
    const asked = await callers(options, (caller) =>
      cache.getOrCompute(`k${caller % options.keys}`, async (key) => {
        appendFileSync(journal, `${key} ${name}\n`);
        process.send?.('computing');
        await systemClock.sleep(workMs);
        return process.pid;
      }),
    );
    return asked.map((value) => value ?? 0);
  },

  /** Asks for what is not there. */
  async nothing(app, options) {
    const { leaseMs, workMs, journal, name } = options;
    const cache = new Cache<number>(app, 'attacked', {
      ttlMs: 600_000,
      leaseMs,
      missingMs: 600_000,
    });
    const asked = await callers(options, (caller) =>
      cache.getOrCompute(`k${caller % options.keys}`, async (key) => {
        appendFileSync(journal, `${key} ${name}\n`);
        await systemClock.sleep(workMs);
        return undefined;
      }),
    );
    return asked.map((value) => value === undefined);
  },

  /** Asks for what is stale until it is given something new. What it was given first. */
  async stale(app, options) {
    const { leaseMs, workMs, journal, name } = options;
    const terms = { ttlMs: 600_000, staleMs: 600_000, leaseMs };
    const cache = new Cache<number>(app, 'attacked', terms);
    const ask = () =>
      cache.getOrCompute('k', async (key) => {
        appendFileSync(journal, `${key} ${name}\n`);
        await systemClock.sleep(workMs);
        return process.pid;
      });
    return callers(options, async () => {
      const first = (await ask()) ?? 0;
      for (let value: number | undefined = first; value === staleValue; value = await ask()) {
        await systemClock.sleep(5);
      }
      return first;
    });
  },

  /** Rotates one session, as all others do. The ids that it was given. */
  async rotate(app, options) {
    const sessions = new SessionStore<{ uses: number }>(app, 'attacked', { ttlMs: 600_000 });
    const given = await callers(options, async () => {
      const id = await sessions.rotate(options.session);
      return id === undefined ? [] : [id];
    });
    return given.flat();
  },

  async once(app, options) {
    const effects = app.scope<number>('effects');
    const idempotency = new Idempotency(app, 'attacked', { leaseMs: options.leaseMs });
    const outcomes = await callers(options, async (caller) => {
      const key = `k${caller % options.keys}`;
      const inside = await idempotency.transact(`t-${key}`, (tx) => {
        void tx.scope(effects).update(key, [{ op: 'increment' }]);
        return process.pid;
      });
      const outside = await idempotency.run(`r-${key}`, async () => {
        appendFileSync(options.journal, `${key} ${options.name}\n`);
        process.send?.('working');
        await systemClock.sleep(options.workMs);
        return process.pid;
      });
      return [key, inside.value, outside.value];
    });
    return outcomes;
  },

  async lock(app, options) {
    await using locks = new Locks(app, { ttlMs: options.ttlMs });
    const state = app.scope<number>('guarded');
    let done = 0;
    let fenced = 0;
    await callers(options, () =>
      until(options.runMs, () =>
        locks.with('attacked', async (lock) => {
          // Reads, thinks and writes: two who hold it at once would lose an addition.
          const before = await state.get('sum', 0);
          await systemClock.sleep(options.workMs);
          try {
            await lock.transact((tx) => {
              void tx.scope(state).set('sum', before + 1);
              void tx.scope(state).set('token', lock.token);
            });
            done += 1;
          } catch (error) {
            if ((error as { code?: string }).code !== 'fenced') throw error;
            fenced += 1;
          }
        }),
      ),
    );
    return { done, fenced };
  },

  async holder(app, options) {
    const locks = new Locks(app, { ttlMs: options.ttlMs });
    const lock = await locks.acquire('attacked');
    const state = app.scope<number>('guarded');
    const before = await state.get('sum', 0);
    process.send?.('holding');
    // Paused here by its parent, for longer than it is taken for alive.
    await once(process, 'message');
    const outcome = await lock
      .transact((tx) => {
        void tx.scope(state).set('sum', before + 1);
        void tx.scope(state).set('token', lock.token);
      })
      .then(
        () => 'committed',
        (error: unknown) => String((error as { code?: unknown }).code),
      );
    await locks.close();
    return { outcome };
  },

  async reader(app, { runMs, maxStaleMs }) {
    using cached = new CachedScope(app, app.scope<number>('written'), { maxStaleMs });
    return await until(runMs, async () => {
      const askedAt = systemClock.now();
      const value = (await cached.get('n')) ?? 0;
      await systemClock.sleep(1);
      return { askedAt, value };
    });
  },
};

const [, , role = '', path = '', options = '{}'] = process.argv;
if (Object.hasOwn(roles, role)) {
  const store = await open(`file:${path}`, { busyTimeoutMs: 30_000 });
  process.send?.('ready');
  await once(process, 'message');
  const report = await roles[role as Role](store.app('recipes'), JSON.parse(options) as Options);
  process.send?.({ report });
  await store.close();
  process.disconnect();
}
