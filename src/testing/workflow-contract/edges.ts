/** Where messages go, and what a step is. */
import { expect } from 'vitest';
import {
  conditional,
  direct,
  execute,
  fanIn,
  fanOut,
  switchOn,
  workflow,
} from '../../workflow/index.ts';
import type { Edge, Executor, ExecutorContext, Handler } from '../../workflow/index.ts';
import { collect } from '../layer-world.ts';
import type { LayerContract } from '../layer-world.ts';

function note(message: unknown, { executor, state }: ExecutorContext): void {
  state.list('seen').append([executor, message]);
}

function flowOf(
  edges: readonly Edge[],
  executors: Readonly<Record<string, Executor | Handler>>,
): ReturnType<typeof workflow> {
  return workflow({ name: 'flow', start: 'start', executors, edges });
}

/** Sends on what it gets, item by item. */
const spread: Handler = (messages: readonly unknown[], context) => {
  for (const message of messages) context.send(message);
};

export function edgesContract(contract: LayerContract): void {
  contract.test('a message goes along every edge that takes it', async ({ app }) => {
    const flow = flowOf(
      [
        direct('start', 'all'),
        conditional('start', 'even', 'isEven', (n: number) => n % 2 === 0),
        switchOn('start', 'size', (n: number) => (n > 2 ? 'large' : 'small'), { large: 'large' }),
        switchOn('start', 'sign', (n: number) => (n < 0 ? 'minus' : '?'), {}, 'other'),
        fanOut('start', ['x', 'y'], {
          name: 'pick',
          choose: (n: number) => (n === 1 ? ['y'] : []),
        }),
      ],
      { start: spread, all: note, even: note, large: note, other: note, x: note, y: note },
    );
    await execute(app, flow, { run: 'r', input: [1, 2, 3] }).result();
    const loaded = await app.runs('flow').load('r', 2);
    expect(loaded?.state.list('seen').range()).toEqual([
      ['all', 1],
      ['all', 2],
      ['all', 3],
      ['even', 2],
      ['large', 3],
      ['other', 1],
      ['other', 2],
      ['other', 3],
      ['y', 1],
    ]);
  });

  contract.test('fan-in waits for all, in the order of its sources', async ({ app }) => {
    const late: Handler = (n: number, context) => {
      if (n > 0) context.send(n - 1, { to: 'late' });
      else context.send('late', { to: 'join' });
    };
    const flow = flowOf(
      [
        fanOut('start', ['quick', 'late']),
        direct('late', 'late'),
        fanIn(['late', 'quick'], 'join'),
      ],
      {
        start: (n: number, context) => context.send(n),
        quick: (n: number, context) => {
          context.send(`quick ${n}`);
          context.send('again');
        },
        late,
        join: note,
      },
    );
    const { status, step } = await execute(app, flow, { run: 'r', input: 3 }).result();
    expect([status, step]).toEqual(['completed', 6]);
    const latest = await app.runs('flow').latest('r');
    expect(latest?.messages).toMatchObject([{ from: 'quick', value: 'again' }]);
    const loaded = await app.runs('flow').load('r', 6);
    expect(loaded?.state.list('seen').range()).toEqual([['join', ['late', 'quick 3']]]);
  });

  contract.test('executors of a step work at once, and none sees another', async ({ app }) => {
    const arrived = { count: 0, all: Promise.withResolvers<void>() };
    const meet: Handler = async (_message, { state, executor }) => {
      state.set(executor, state.keys());
      arrived.count += 1;
      if (arrived.count === 3) arrived.all.resolve();
      await arrived.all.promise;
    };
    const flow = flowOf([fanOut('start', ['a', 'b', 'c'])], {
      start: (_message, context) => context.send(1),
      a: meet,
      b: meet,
      c: meet,
    });
    const execution = execute(app, flow, { run: 'r' });
    const events = await collect(execution);
    const loaded = await app.runs('flow').load('r', 2);
    expect(['a', 'b', 'c'].map((key) => loaded?.state.get(key))).toEqual([[], [], []]);
    expect(events.filter(({ type }) => type === 'step')).toEqual([
      { type: 'step', step: 1, executors: ['start'] },
      { type: 'step', step: 2, executors: ['a', 'b', 'c'] },
    ]);
    const types = events.map(({ type }) => type);
    expect([types[0], types.at(-1)]).toEqual(['started', 'completed']);
    expect(types.filter((type) => type === 'checkpoint')).toHaveLength(2);
  });

  contract.test('a message can be sent to one of the edges’ targets only', async ({ app }) => {
    const flow = flowOf([fanOut('start', ['a', 'b'])], {
      start: (_message, context) => context.send('only b', { to: 'b' }),
      a: note,
      b: note,
    });
    await execute(app, flow, { run: 'r' }).result();
    const loaded = await app.runs('flow').load('r', 2);
    expect(loaded?.state.list('seen').range()).toEqual([['b', 'only b']]);
    const wrong = flowOf([], { start: (_m, context) => context.send(1, { to: 'a' }), a: note });
    await expect(execute(app, wrong, { run: 'wrong' }).result()).rejects.toThrow(/no edge/);
  });

  contract.test('what no edge takes is dropped, and told', async ({ app }) => {
    const flow = flowOf([], { start: (_message, context) => context.send('into the void') });
    const events = await collect(execute(app, flow, { run: 'r' }));
    expect(events).toContainEqual({ type: 'dropped', from: 'start', value: 'into the void' });
  });

  contract.test('outputs come with the commit, and all in the end', async ({ app }) => {
    const flow = flowOf([direct('start', 'next')], {
      start: (_message, context) => {
        context.output({ n: 1 });
        context.emit('half way');
        context.send(1);
      },
      next: (_message, context) => context.output(2),
    });
    const execution = execute(app, flow, { run: 'r' });
    const events = await collect(execution);
    expect((await execution.result()).outputs).toEqual([{ n: 1 }, 2]);
    const types = events.map(({ type }) => type);
    expect(types.indexOf('progress')).toBeLessThan(types.indexOf('checkpoint'));
    expect(types.indexOf('output')).toBeGreaterThan(types.indexOf('checkpoint'));
    expect(events.at(-1)).toEqual({ type: 'completed', outputs: [{ n: 1 }, 2] });
  });

  contract.test('messages are copies, and JSON', async ({ app }) => {
    const message = { n: 1 };
    const flow = flowOf([fanOut('start', ['a', 'b'])], {
      start: (_message, context) => {
        context.send(message);
        message.n = 2;
        expect(() => context.send(new Map())).toThrow(/Map/);
      },
      a: (got: { n: number }, { state }) => {
        state.set('a', got.n);
        got.n = 9;
      },
      b: (got: { n: number }, { state }) => state.set('b', got.n),
    });
    await execute(app, flow, { run: 'r' }).result();
    const loaded = await app.runs('flow').load('r', 2);
    expect([loaded?.state.get('a'), loaded?.state.get('b')]).toEqual([1, 1]);
  });

  contract.test('a run that finds no rest ends, and can go on', async ({ app }) => {
    const flow = flowOf([direct('start', 'start')], {
      start: (n: number, context) => {
        if (n > 0) context.send(n - 1);
      },
    });
    const first = execute(app, flow, { run: 'r', input: 20, maxSteps: 15 }).result();
    await expect(first).rejects.toMatchObject({
      code: 'limit_exceeded',
      details: { maxSteps: 15 },
    });
    const second = await execute(app, flow, { run: 'r', maxSteps: 15 }).result();
    expect(second).toMatchObject({ status: 'completed', step: 21 });
    expect(() => execute(app, flow, { run: 'r', maxSteps: 0 })).toThrow(/maxSteps/);
  });
}
