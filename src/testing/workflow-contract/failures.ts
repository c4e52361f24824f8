/** Executors that throw, hang, conflict; workflows that are cut off. */
import { expect } from 'vitest';
import { direct, execute, fanOut, workflow } from '../../workflow/index.ts';
import type { Executor, Handler, WorkflowEvent } from '../../workflow/index.ts';
import { collect } from '../layer-world.ts';
import type { LayerContract } from '../layer-world.ts';

function pairOf(a: Executor | Handler, b: Executor | Handler) {
  return workflow({
    name: 'pair',
    start: 'start',
    executors: { start: (message, context) => context.send(message), a, b },
    edges: [fanOut('start', ['a', 'b'])],
  });
}

const quiet: Handler = (_message, { state }) => state.set('b', 1);

export function failuresContract(contract: LayerContract): void {
  contract.test('a failing executor drops the step, the others’ part too', async ({ app }) => {
    const flow = pairOf((_message, context) => {
      context.state.set('a', 1);
      context.app.set(app.scope('users'), 'ada', 1);
      throw new Error('broken');
    }, quiet);
    const execution = execute(app, flow, { run: 'r' });
    const events = await collect(execution);
    await expect(execution.result()).rejects.toThrow('broken');
    expect(events.at(-1)).toMatchObject({ type: 'failed', error: { message: 'broken' } });
    const runs = app.runs('pair');
    const latest = await runs.latest('r');
    expect(latest).toMatchObject({ status: 'failed', step: 1, metadata: { error: 'broken' } });
    expect((await runs.load('r', latest?.id ?? 0))?.state.keys()).toEqual([]);
    expect(await app.scope('users').has('ada')).toBe(false);
    const repaired = pairOf((_message, { state }) => state.set('a', 'repaired'), quiet);
    const { status, checkpoint } = await execute(app, repaired, { run: 'r' }).result();
    expect(status).toBe('completed');
    const loaded = await runs.load('r', checkpoint);
    expect([loaded?.state.get('a'), loaded?.state.get('b')]).toEqual(['repaired', 1]);
  });

  contract.test('attempts are whole: a retried one leaves nothing behind', async ({ app }) => {
    let calls = 0;
    const handle: Handler = (_message, context) => {
      calls += 1;
      context.state.update('calls', [{ op: 'increment' }]);
      context.output(context.attempt);
      context.request('never asked twice');
      if (calls < 3) throw new Error('not yet');
    };
    const flow = pairOf({ handle, attempts: 3, retryDelayMs: 1 }, quiet);
    const execution = execute(app, flow, { run: 'r' });
    const events = await collect(execution);
    expect(await execution.result()).toMatchObject({ status: 'waiting', outputs: [3] });
    expect((await execution.result()).requests).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'retrying')).toHaveLength(2);
    expect((await app.runs('pair').load('r', 2))?.state.get('calls')).toBe(1);
  });

  contract.timed(
    'time that runs out is a failure, and late writes are refused',
    async (world, clock) => {
      const { app } = world;
      const late = Promise.withResolvers<unknown>();
      const handle: Handler = async (_message, context) => {
        await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
        await new Promise<void>((resolve) => clock.soon(resolve));
        try {
          context.send('too late');
          late.resolve('was sent');
        } catch (error) {
          late.resolve(error);
        }
      };
      const flow = pairOf({ handle, timeoutMs: 1000 }, quiet);
      const execution = execute(app, flow, { run: 'r' });
      for await (const event of execution) {
        if (event.type === 'executing' && event.executor === 'a')
          clock.soon(() => clock.advance(1000));
      }
      await expect(execution.result()).rejects.toMatchObject({
        code: 'timeout',
        details: { executor: 'a', timeoutMs: 1000 },
      });
      expect(await late.promise).toMatchObject({ code: 'aborted' });
      expect((await app.runs('pair').latest('r'))?.step).toBe(1);
    },
  );

  contract.test('a conflict fails the step, and names both', async ({ app }) => {
    const write: Handler = (_message, { state, executor }) => state.set('k', executor);
    const result = execute(app, pairOf(write, write), { run: 'r' }).result();
    await expect(result).rejects.toMatchObject({
      code: 'step_conflict',
      details: { key: 'k', executors: ['a', 'b'] },
    });
  });

  contract.test('what the app was expected to be is looked at again', async ({ app }) => {
    const seats = app.scope<number>('seats');
    await seats.set('left', 5);
    let steals = 2;
    const book: Handler = async (_message, context) => {
      const entry = await seats.entry('left');
      context.app.expect(seats, 'left', entry?.version ?? 0);
      context.app.set(seats, 'left', (entry?.value ?? 0) - 1);
      if (steals > 0) await seats.set('left', 5 - (3 - steals));
      steals -= 1;
    };
    await execute(app, pairOf(book, quiet), { run: 'r' }).result();
    expect(await seats.get('left')).toBe(2);
  });

  contract.test('cancel drops the step under way and marks the run', async ({ app }) => {
    const hang: Handler = async (_message, { signal, state }) => {
      state.set('a', 1);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    };
    const flow = pairOf(hang, quiet);
    const execution = execute(app, flow, { run: 'r' });
    for await (const event of execution) {
      if (event.type === 'executing' && event.executor === 'a') void execution.cancel();
    }
    expect(await execution.result()).toMatchObject({ status: 'cancelled', step: 1 });
    const runs = app.runs('pair');
    expect((await runs.latest('r'))?.status).toBe('cancelled');
    expect((await runs.load('r', 2))?.state.keys()).toEqual([]);
    const resumed = await execute(
      app,
      pairOf(quiet, () => undefined),
      { run: 'r' },
    ).result();
    expect(resumed.status).toBe('completed');
  });

  contract.test('a signal stops the execution, not the run', async ({ app }) => {
    const abort = new AbortController();
    const events: WorkflowEvent[] = [];
    const flow = pairOf((_message, { executor }) => {
      if (executor === 'a') abort.abort();
    }, quiet);
    const execution = execute(app, flow, { run: 'r', signal: abort.signal });
    for await (const event of execution) events.push(event);
    expect(events.at(-1)).toEqual({ type: 'stopped' });
    expect(await execution.result()).toMatchObject({ status: 'running', step: 1 });
    expect(await execute(app, flow, { run: 'r' }).result()).toMatchObject({ status: 'completed' });
  });

  contract.test('a run that somebody else executes is held', async ({ app, another }) => {
    const gate = Promise.withResolvers<void>();
    const flow = pairOf(() => gate.promise, quiet);
    const first = execute(app, flow, { run: 'r' });
    const other = await another();
    for await (const event of first) {
      if (event.type !== 'executing' || event.executor !== 'a') continue;
      for (const place of [app, other]) {
        await expect(execute(place, flow, { run: 'r' }).result()).rejects.toMatchObject({
          code: 'held',
        });
      }
      gate.resolve();
    }
    expect((await first.result()).status).toBe('completed');
  });

  contract.test('an execution that nobody reads ends all the same', async ({ app }) => {
    const flow = workflow({
      name: 'long',
      start: 'a',
      executors: {
        a: (n: number, context) => {
          for (let i = 0; i < 30; i += 1) context.emit(i);
          if (n > 0) context.send(n - 1);
        },
      },
      edges: [direct('a', 'a')],
    });
    const execution = execute(app, flow, { run: 'r', input: 60 });
    expect((await execution.result()).step).toBe(61);
    const events = await collect(execution);
    expect(events.length).toBeLessThanOrEqual(1000);
    expect(events.at(-1)?.type).toBe('completed');
    const other = execute(app, flow, { run: 'other', input: 60 });
    for await (const event of other) if (event.type === 'step') break;
    expect((await other.result()).step).toBe(61);
  });
}
