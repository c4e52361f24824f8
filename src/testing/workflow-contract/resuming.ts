/** Going on elsewhere: from the last checkpoint, or from any other. */
import { expect } from 'vitest';
import { direct, execute, fanIn, fanOut, workflow } from '../../workflow/index.ts';
import type { Workflow } from '../../workflow/index.ts';
import { collect } from '../layer-world.ts';
import type { LayerContract } from '../layer-world.ts';

/** Fails where `stops` says, as if the process died there; what it did before is committed. */
function counting(stops: { at: number }): Workflow {
  return workflow({
    name: 'counting',
    start: 'a',
    executors: {
      a: (n: number, context) => {
        if (n === stops.at) throw new Error('died');
        context.state.update('sum', [{ op: 'increment', by: n }]);
        context.private.set('last', n);
        context.send(n);
      },
      b: (n: number, context) => {
        context.state.list('seen').append(n);
        context.send(n);
      },
      join: ([n]: [number], context) => {
        if (n > 1) context.send(n - 1);
        else context.output('done');
      },
      start: (n: number, context) => context.send(n),
    },
    edges: [
      fanOut('start', ['a', 'b']),
      fanOut('a', ['b']),
      fanIn(['a', 'b'], 'join'),
      direct('join', 'a'),
    ],
  });
}

export function resumingContract(contract: LayerContract): void {
  contract.test('what failed halfway ends as if it had not', async ({ app, another }) => {
    const calm = await execute(app, counting({ at: 0 }), { run: 'calm', input: 5 }).result();
    const stops = { at: 3 };
    const failing = execute(app, counting(stops), { run: 'rough', input: 5 });
    await expect(failing.result()).rejects.toThrow('died');
    const elsewhere = await another();
    const resumed = execute(elsewhere, counting({ at: 0 }), { run: 'rough', input: 'ignored' });
    const [started] = await collect(resumed);
    expect(started).toMatchObject({ type: 'started', isResumed: true });
    const rough = await resumed.result();
    expect(rough).toMatchObject({ status: calm.status, step: calm.step, outputs: ['done'] });
    const [a, b] = [
      { run: 'calm', checkpoint: calm.checkpoint },
      { run: 'rough', checkpoint: rough.checkpoint },
    ];
    expect(await app.runs('counting').diff(a, b)).toEqual([]);
  });

  contract.test('any checkpoint can be gone on from, twice, with the same end', async (world) => {
    const { app } = world;
    const flow = counting({ at: 0 });
    const runs = app.runs('counting');
    const whole = await execute(app, flow, { run: 'r', input: 3 }).result();
    const last = { run: 'r', checkpoint: whole.checkpoint };
    for (const { id } of await collect(runs.checkpoints({ run: 'r' }))) {
      for (const name of [`one ${id}`, `two ${id}`]) {
        await runs.fork({ run: 'r', checkpoint: id }, name);
        const end = await execute(app, flow, { run: name }).result();
        expect(end).toMatchObject({ status: 'completed', step: whole.step, outputs: ['done'] });
        expect(await runs.diff(last, { run: name, checkpoint: end.checkpoint })).toEqual([]);
      }
    }
    const back = await execute(app, flow, { run: 'r', checkpoint: 2 }).result();
    expect(await runs.diff(last, { run: 'r', checkpoint: back.checkpoint })).toEqual([]);
    const missing = execute(app, flow, { run: 'r', checkpoint: 999 }).result();
    await expect(missing).rejects.toMatchObject({ code: 'not_found' });
    const none = execute(app, flow, { run: 'none', checkpoint: 1 }).result();
    await expect(none).rejects.toMatchObject({ code: 'not_found' });
  });

  contract.test('a completed run stays completed: its call can be repeated', async ({ app }) => {
    const flow = counting({ at: 0 });
    const first = await execute(app, flow, { run: 'r', input: 2 }).result();
    const second = await execute(app, flow, { run: 'r', input: 2 }).result();
    expect(second).toEqual(first);
  });

  contract.test('pruned as it goes, it resumes all the same', async ({ app }) => {
    const stops = { at: 1 };
    const options = { run: 'r', input: 30, keep: { last: 2 } } as const;
    const failing = execute(app, counting(stops), { ...options, maxSteps: 1000 });
    await expect(failing.result()).rejects.toThrow('died');
    await app.runs('counting').prune('r', { last: 1 });
    const end = await execute(app, counting({ at: 0 }), options).result();
    const loaded = await app.runs('counting').load('r', end.checkpoint);
    expect(loaded?.state.get('sum')).toBe((30 * 31) / 2);
    expect(loaded?.state.list('seen').length).toBe(30);
  });
}
