/** Asking the outside, and being answered once. */
import { expect } from 'vitest';
import { direct, execute, workflow } from '../../workflow/index.ts';
import { collect } from '../layer-world.ts';
import type { LayerContract } from '../layer-world.ts';

const asking = workflow({
  name: 'asking',
  start: 'desk',
  executors: {
    desk: {
      handle: (message, context) => {
        context.state.set('asked', message);
        context.private.set('id', context.request({ may: message }));
        context.send('meanwhile');
      },
      answered: (answer, request, context) => {
        context.state.list('answers').append([request.payload, answer]);
        context.state.set('isOwn', context.private.get('id') === request.id);
        context.output(answer);
      },
    },
    other: (message, { state }) => state.set('other', message),
  },
  edges: [direct('desk', 'other')],
});

export function requestsContract(contract: LayerContract): void {
  contract.test('a request pauses the run, an answer lets it go on', async ({ app }) => {
    const events = await collect(execute(app, asking, { run: 'r', input: 'I go?' }));
    const last = events.at(-1);
    expect(last).toMatchObject({ type: 'waiting', requests: [{ payload: { may: 'I go?' } }] });
    const runs = app.runs('asking');
    const [found] = await collect(runs.list({ status: 'waiting' }));
    expect(found?.run).toBe('r');
    const [request] = (await runs.latest('r'))?.requests ?? [];
    expect(request).toMatchObject({ executor: 'desk', payload: { may: 'I go?' } });
    expect(await runs.answer('r', request?.id ?? '', 'yes')).toBe('accepted');
    expect(await runs.answer('r', request?.id ?? '', 'no')).toBe('answered');
    const result = await execute(app, asking, { run: 'r' }).result();
    expect(result).toMatchObject({ status: 'completed', outputs: ['yes'], requests: [] });
    const loaded = await runs.load('r', result.checkpoint);
    expect(loaded?.state.list('answers').range()).toEqual([[{ may: 'I go?' }, 'yes']]);
    expect([loaded?.state.get('other'), loaded?.state.get('isOwn')]).toEqual(['meanwhile', true]);
    expect(await runs.answer('r', request?.id ?? '', 'late')).toBe('not_pending');
  });

  contract.test('an execution can wait where it is', async ({ app, another }) => {
    const execution = execute(app, asking, { run: 'r', input: 'x', wait: true });
    const elsewhere = (await another()).runs('asking');
    for await (const event of execution) {
      if (event.type !== 'waiting') continue;
      const [request] = event.requests;
      expect(await elsewhere.answer('r', request?.id ?? '', 42)).toBe('accepted');
    }
    expect(await execution.result()).toMatchObject({ status: 'completed', outputs: [42] });
  });

  contract.test('an answer during the step is taken with the next', async ({ app }) => {
    const execution = execute(app, asking, { run: 'r', input: 'x' });
    for await (const event of execution) {
      if (event.type === 'request') await execution.answer(event.request.id, 'at once');
    }
    const again = await execute(app, asking, { run: 'r' }).result();
    expect(again).toMatchObject({ status: 'completed', outputs: ['at once'] });
  });

  contract.test('without a handler for answers, `handle` gets both', async ({ app }) => {
    const flow = workflow({
      name: 'asking',
      start: 'desk',
      executors: {
        desk: (message: { answer?: unknown }, context) => {
          if (message.answer === undefined) context.request('?');
          else context.output(message);
        },
      },
      edges: [],
    });
    const { requests } = await execute(app, flow, { run: 'r', input: {} }).result();
    const [request] = requests;
    await app.runs('asking').answer('r', request?.id ?? '', 1);
    const { outputs } = await execute(app, flow, { run: 'r' }).result();
    expect(outputs).toEqual([{ request: { id: request?.id, payload: '?' }, answer: 1 }]);
  });

  contract.test('going back asks again, and old answers are gone', async ({ app }) => {
    const runs = app.runs('asking');
    const { requests } = await execute(app, asking, { run: 'r', input: 'x' }).result();
    const [request] = requests;
    await runs.answer('r', request?.id ?? '', 'first');
    await execute(app, asking, { run: 'r' }).result();
    const back = await execute(app, asking, { run: 'r', checkpoint: 1 }).result();
    expect(back).toMatchObject({ status: 'waiting', requests: [{ id: request?.id }] });
    expect(await runs.answer('r', request?.id ?? '', 'second')).toBe('accepted');
    const { outputs } = await execute(app, asking, { run: 'r' }).result();
    expect(outputs).toEqual(['second']);
    await runs.fork({ run: 'r', checkpoint: 2 }, 'fork');
    expect(await runs.answer('fork', request?.id ?? '', 'third')).toBe('accepted');
    const forked = await execute(app, asking, { run: 'fork' }).result();
    expect(forked.outputs).toEqual(['third']);
  });
}
