/** Never one too many, by the clock of the ledger. */
import { expect } from 'vitest';
import { clockWith } from '../../internal/clock.ts';
import type { Clock } from '../../internal/clock.ts';
import { RateLimiter } from '../../layers/recipes/index.ts';
import type { Ledger } from '../../ledger/index.ts';
import type { RateLimiterOptions } from '../../layers/recipes/index.ts';
import { App } from '../../store/index.ts';
import { testParts } from '../layer-world.ts';
import type { LayerContract } from '../layer-world.ts';

const kinds: readonly RateLimiterOptions[] = [
  { kind: 'fixed-window', limit: 10, windowMs: 60_000 },
  { kind: 'sliding-window', limit: 10, windowMs: 60_000 },
  { kind: 'token-bucket', capacity: 10, refillMs: 60_000 },
];

function shifted(clock: Clock, byMs: number): Clock {
  return clockWith(clock, {
    now: () => clock.now() + byMs,
    monotonic: () => clock.monotonic() + byMs,
  });
}

export function rateLimiterContract(contract: LayerContract): void {
  for (const options of kinds) {
    contract.test(`${options.kind}: many at once get what there is, not one more`, async (w) => {
      const limiters = [w.app, await w.another()].map((app) => new RateLimiter(app, 'r', options));
      const answers = await Promise.all(
        limiters.flatMap((limiter) => Array.from({ length: 20 }, () => limiter.take('ada'))),
      );
      const admitted = answers.filter(({ allowed }) => allowed);
      expect(admitted.map(({ remaining }) => remaining).toSorted((a, b) => b - a)).toEqual([
        9, 8, 7, 6, 5, 4, 3, 2, 1, 0,
      ]);
      expect((await limiters[0]?.take('bob'))?.allowed).toBe(true);
    });

    contract.timed(`${options.kind}: what it says of the future holds`, async (w, clock) => {
      const limiter = new RateLimiter(w.app, 'r', options);
      await limiter.take('ada', 4);
      clock.advance(1500);
      await limiter.take('ada', 6);
      const refused = await limiter.take('ada', 2);
      expect(refused).toMatchObject({ allowed: false, limit: 10, remaining: 0 });
      clock.advance(refused.retryMs - 1);
      expect((await limiter.take('ada', 2)).allowed).toBe(false);
      clock.advance(1);
      const { allowed, resetMs } = await limiter.take('ada', 2);
      expect(allowed).toBe(true);
      clock.advance(resetMs);
      expect(await limiter.peek('ada', 10)).toMatchObject({ allowed: true, remaining: 10 });
    });

    contract.timed(`${options.kind}: a refusal writes nothing`, async ({ app, ledger }) => {
      const limiter = new RateLimiter(app, 'r', options);
      await limiter.take('ada', 10);
      const before = await ledger.head();
      for (let n = 0; n < 3; n += 1) expect((await limiter.take('ada')).allowed).toBe(false);
      expect((await ledger.head()).position).toEqual(before.position);
    });

    contract.timed(`${options.kind}: what nobody uses is forgotten`, async (world, clock) => {
      const limiter = new RateLimiter(world.app, 'r', options);
      await limiter.take('ada', 10);
      clock.advance(20 * 60_000);
      expect((await world.ledger.scope('$limit/r')).entries).toBe(0);
      expect((await limiter.take('ada', 10)).allowed).toBe(true);
      await limiter.reset('ada');
      expect((await limiter.take('ada', 10)).allowed).toBe(true);
    });

    contract.timed(`${options.kind}: the ledger's clock counts, not the callers'`, async (w, c) => {
      const { random } = testParts();
      const limiters = [0, 3_600_000, -3_600_000].map((byMs) => {
        const app = App.over(w.ledger, { clock: shifted(c, byMs), random });
        return new RateLimiter(app, 'r', options);
      });
      let admitted = 0;
      for (let n = 0; n < 8; n += 1) {
        for (const limiter of limiters) admitted += (await limiter.take('ada')).allowed ? 1 : 0;
      }
      expect(admitted).toBe(10);
    });
  }

  contract.timed(
    'who was overtaken on the way is judged again, by a later time',
    async (w, clock) => {
      const gate = Promise.withResolvers<void>();
      const asked = Promise.withResolvers<void>();
      const slow = new Proxy(w.ledger, {
        get(target, name: keyof Ledger) {
          const member = target[name];
          if (typeof member !== 'function') return member;
          if (name !== 'head') return member.bind(target) as unknown;
          return async () => {
            const head = await target.head();
            asked.resolve();
            await gate.promise;
            return head;
          };
        },
      });
      const options = { kind: 'token-bucket', capacity: 10, refillMs: 20 } as const;
      const late = new RateLimiter(App.over(slow, testParts()), 'r', options).take('ada', 10);
      await asked.promise;
      const limiter = new RateLimiter(w.app, 'r', options);
      await limiter.take('ada', 10);
      // Long enough for the bucket to be full again, and for nobody to know that it was empty.
      clock.advance(200);
      gate.resolve();
      expect(await late).toMatchObject({ allowed: true, time: clock.now() });
      expect((await limiter.take('ada')).allowed).toBe(false);
    },
  );

  contract.test('what another kind of limit left is no obstacle', async ({ app }) => {
    for (const options of [...kinds, ...kinds]) {
      expect((await new RateLimiter(app, 'r', options).take('ada', 10)).allowed).toBe(true);
    }
    await app.ledger.commit({
      mutations: [{ kind: 'set', scope: '$limit/r', key: 'ada', value: { odd: true } }],
    });
    for (const options of kinds) {
      expect((await new RateLimiter(app, 'r', options).peek('ada')).allowed).toBe(true);
    }
  });

  contract.test('a cost that can never be met is refused at once', async ({ app }) => {
    const invalid = { code: 'invalid_argument' };
    for (const options of kinds) {
      const limiter = new RateLimiter(app, 'r', options);
      await expect(limiter.take('ada', 11)).rejects.toMatchObject(invalid);
      await expect(limiter.take('ada', 0)).rejects.toMatchObject(invalid);
      await expect(limiter.take('ada', 0.5)).rejects.toMatchObject(invalid);
    }
    const odd = { kind: 'leaky', limit: 1 } as unknown as RateLimiterOptions;
    expect(() => new RateLimiter(app, 'r', odd)).toThrow(/leaky/);
    const none = { kind: 'fixed-window', limit: 0, windowMs: 1 } as const;
    expect(() => new RateLimiter(app, 'r', none)).toThrow(/limit/);
  });
}
