import { afterEach, describe, expect, it } from 'vitest';
import { isHoldfastError } from '../../errors/index.ts';
import { systemClock } from '../../internal/clock.ts';
import { seededRandom } from '../../internal/random.ts';
import type { Decision, EngineOptions, Outcome, PutWrite, View, Work } from '../index.ts';
import { noFaults, openHostileEngine } from './index.ts';
import type { HostileEngine, HostileFaults } from './index.ts';

const opened: HostileEngine[] = [];

afterEach(async () => {
  for (const engine of opened.splice(0)) await engine.close();
});

async function open(faults: Partial<HostileFaults>, seed = 1): Promise<HostileEngine> {
  const options: EngineOptions = {
    clock: systemClock,
    random: seededRandom(seed),
    cacheBytes: 0,
    busyTimeoutMs: 0,
    mustExist: false,
    readOnly: false,
  };
  const engine = await openHostileEngine('hostile:', options, { ...noFaults, ...faults });
  opened.push(engine);
  return engine;
}

const ref = { scope: 's', key: 'counter' };

/** Counts up, and notes each view that `decide` saw. */
function increment(views: View[] = []): Work {
  return {
    ledger: 'app',
    reads: { refs: [ref], scopes: [] },
    decide(view): Decision {
      views.push(view);
      const content = `${Number(view.entries[0]?.content ?? '0') + 1}`;
      const times = { createdAt: undefined, expiresAt: undefined };
      const rest = { offset: 1, schema: 0, size: 1, external: false };
      const write: PutWrite = { kind: 'put', ...ref, content, ...times, ...rest };
      return { kind: 'decision', revisions: 1, writes: [write], scopes: [], log: undefined };
    },
  };
}

let sequence = 0;

async function send(engine: HostileEngine, work: Work) {
  sequence += 1;
  const stamp = { member: 'test', sequence };
  const [outcome] = await engine.transact([work], { stamp, durability: 'sync' });
  return { stamp, outcome: outcome as Outcome };
}

async function counter(engine: HostileEngine): Promise<number> {
  const { entries } = await engine.read('app', [ref]);
  return Number(entries[0]?.content ?? '0');
}

/** What happened to a number of calls, each resolved while its message may still be on its way. */
async function fates(engine: HostileEngine, calls: number) {
  const counts = { applied: 0, unknownApplied: 0, unknownNotApplied: 0 };
  for (let call = 0; call < calls; call += 1) {
    const { stamp, outcome } = await send(engine, increment());
    if (outcome.kind === 'applied') counts.applied += 1;
    else if ((await engine.resolve('app', stamp)) === 'not-applied') counts.unknownNotApplied += 1;
    else counts.unknownApplied += 1;
  }
  return counts;
}

describe('hostile engine', () => {
  it('without faults decides once and answers', async () => {
    const engine = await open({});
    const views: View[] = [];
    for (let call = 0; call < 20; call += 1) {
      expect((await send(engine, increment(views))).outcome.kind).toBe('applied');
    }
    expect(views).toHaveLength(20);
    expect(await counter(engine)).toBe(20);
  });

  it('shows decide moments that are over, each whole, and applies nothing of them', async () => {
    const engine = await open({ staleReads: 1 });
    const views: View[] = [];
    for (let call = 0; call < 20; call += 1) await send(engine, increment(views));
    expect(await counter(engine)).toBe(20);
    expect(views.length).toBeGreaterThan(40);
    for (const { head, entries } of views) {
      expect(Number(entries[0]?.content ?? '0')).toBe(head.revision);
    }
  });

  it('asks again for an answer that still held', async () => {
    const engine = await open({ repeatedDecide: 0.5 });
    const views: View[] = [];
    for (let call = 0; call < 20; call += 1) await send(engine, increment(views));
    expect(views.length).toBeGreaterThan(25);
    expect(await counter(engine)).toBe(20);
  });

  it('loses answers of calls that were applied and of calls that were not', async () => {
    const engine = await open({ unknownOutcome: 0.7 });
    const { applied, unknownApplied, unknownNotApplied } = await fates(engine, 100);
    expect(Math.min(applied, unknownApplied, unknownNotApplied)).toBeGreaterThan(5);
    await engine.calm();
    expect(await counter(engine)).toBe(applied + unknownApplied);
  });

  it('lets a late message apply if nobody resolved it', async () => {
    const engine = await open({ unknownOutcome: 1 });
    const counts = { grown: 0, same: 0 };
    for (let call = 0; call < 40; call += 1) {
      await send(engine, increment());
      const before = await counter(engine);
      await engine.calm();
      counts[(await counter(engine)) > before ? 'grown' : 'same'] += 1;
    }
    expect(Math.min(counts.grown, counts.same)).toBeGreaterThan(5);
  });

  it('never lets a late message apply after resolve said that it did not', async () => {
    const engine = await open({ unknownOutcome: 1 });
    for (let call = 0; call < 40; call += 1) {
      const { stamp } = await send(engine, increment());
      const answer = await engine.resolve('app', stamp);
      const before = await counter(engine);
      await engine.calm();
      expect(await counter(engine)).toBe(before);
      expect(await engine.resolve('app', stamp)).toEqual(answer);
    }
  });

  it('applies everything whose answer is lost afterwards', async () => {
    const engine = await open({ errorAfter: 1 });
    expect(await fates(engine, 20)).toEqual({
      applied: 0,
      unknownApplied: 20,
      unknownNotApplied: 0,
    });
  });

  it('throws unavailable only where nothing was applied', async () => {
    const engine = await open({ errorBefore: 0.5 });
    let applied = 0;
    let failed = 0;
    for (let call = 0; call < 40; call += 1) {
      await send(engine, increment()).then(
        () => (applied += 1),
        (error: unknown) => {
          expect(isHoldfastError(error, 'unavailable')).toBe(true);
          failed += 1;
        },
      );
    }
    expect(Math.min(applied, failed)).toBeGreaterThan(5);
    for (;;) {
      const count = await counter(engine).catch(() => undefined);
      if (count === undefined) continue;
      expect(count).toBe(applied);
      return;
    }
  });

  it('lets calls overlap', async () => {
    const engine = await open({ delay: 1 });
    const views: View[] = [];
    await Promise.all(
      Array.from({ length: 10 }, (_, writer) =>
        engine.transact([increment(views)], {
          stamp: { member: `writer-${writer}`, sequence: 1 },
          durability: 'sync',
        }),
      ),
    );
    expect(views.length).toBeGreaterThan(10);
    expect(await counter(engine)).toBe(10);
  });

  it('applies the works of one call together or apart', async () => {
    const engine = await open({ unknownOutcome: 0.5 });
    let apart = 0;
    for (let call = 0; call < 40; call += 1) {
      const works = ['one', 'two'].map((ledger) => ({ ...increment(), ledger }));
      const stamp = { member: `caller-${call}`, sequence: 1 };
      const outcomes = await engine.transact(works, { stamp, durability: 'sync' });
      const answers = [];
      for (const ledger of ['one', 'two']) answers.push(await engine.resolve(ledger, stamp));
      expect(outcomes).toHaveLength(2);
      if (answers.includes('not-applied') && answers.some((each) => each !== 'not-applied')) {
        apart += 1;
      }
    }
    expect(apart).toBeGreaterThan(3);
  });

  it('shows a clock that is wrong by no more than its skew', async () => {
    const engine = await open({ clockSkewMs: 1000 });
    const times = new Set<number>();
    for (let call = 0; call < 20; call += 1) {
      const before = systemClock.now();
      const { time } = await engine.members();
      expect(time).toBeGreaterThanOrEqual(before - 1000);
      expect(time).toBeLessThanOrEqual(systemClock.now() + 1000);
      times.add(time);
    }
    expect(times.size).toBeGreaterThan(5);
    let last = 0;
    for (let call = 0; call < 20; call += 1) {
      const { outcome } = await send(engine, increment());
      expect(outcome).toMatchObject({ kind: 'applied' });
      const { time } = outcome as { time: number };
      expect(time).toBeGreaterThanOrEqual(last);
      last = time;
    }
  });

  it('loses and doubles hints', async () => {
    const engine = await open({ lostHints: 0.5, doubledHints: 0.5 });
    const heard: number[] = [];
    let call = 0;
    engine.subscribe(() => heard.push(call));
    for (call = 0; call < 40; call += 1) await send(engine, increment());
    const calls = new Set(heard);
    expect(calls.size).toBeLessThan(35);
    expect(heard.length).toBeGreaterThan(calls.size);
  });

  it('repeats a run from its seed', async () => {
    const runs = [];
    for (const seed of [7, 7, 8]) {
      const engine = await open({ unknownOutcome: 0.5, staleReads: 0.5 }, seed);
      runs.push(await fates(engine, 60));
    }
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).not.toEqual(runs[0]);
  });
});
