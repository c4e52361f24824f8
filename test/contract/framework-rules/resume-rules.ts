/**
 * What the tests of resuming in Microsoft's Agent Framework ask for, rule by rule. Where a name
 * says "not …", docs/workflow.md says why another rule was chosen.
 */
import { expect } from 'vitest';
import { collect } from '../../../src/testing/layer-world.ts';
import type { LayerContract } from '../../../src/testing/layer-world.ts';
import {
  conditional,
  direct,
  execute,
  fanIn,
  fanOut,
  workflow,
} from '../../../src/workflow/index.ts';
import type { Edge, Handler, Workflow, WorkflowDefinition } from '../../../src/workflow/index.ts';

const nothing: Handler = () => undefined;

function flow(
  executors: WorkflowDefinition['executors'],
  edges: readonly Edge[] = [],
  start = 'a',
): Workflow {
  return workflow({ name: 'flow', start, executors, edges });
}

/** Asks once, and gives the answer out. */
const asking = workflow({
  name: 'flow',
  start: 'a',
  executors: {
    a: {
      handle: (_message, context) => void context.request('go on?'),
      answered: (answer, _request, context) => {
        context.state.list('answers').append(answer);
        context.output(answer);
      },
    },
  },
  edges: [],
});

function graphRules(contract: LayerContract): void {
  contract.test('Python: a run can begin again at its entry checkpoint', async ({ app }) => {
    const count: Handler = (n: number, context) => {
      context.state.update('n', [{ op: 'increment', by: n }]);
      context.output(context.state.get('n'));
    };
    const one = flow({ a: count });
    expect((await execute(app, one, { run: 'r', input: 5 }).result()).outputs).toEqual([5]);
    const again = await execute(app, one, { run: 'r', checkpoint: 0 }).result();
    expect(again.outputs).toEqual([5]);
  });

  contract.test('Python: another graph is refused', async ({ app }) => {
    const asks: Handler = (_message, context) => void context.request('?');
    await execute(app, flow({ a: asks, b: nothing }, [direct('a', 'b')]), { run: 'r' }).result();
    const others = [
      flow({ a: asks, b: nothing }),
      flow({ a: asks, b: nothing, c: nothing }, [direct('a', 'b')]),
      flow({ a: asks, b: nothing }, [conditional('a', 'b', 'sometimes', () => true)]),
      flow({ a: asks, b: nothing }, [direct('a', 'b')], 'b'),
    ];
    for (const other of others) {
      await expect(execute(app, other, { run: 'r' }).result()).rejects.toMatchObject({
        code: 'graph_mismatch',
        details: { changes: expect.arrayContaining([expect.any(String)]) as unknown },
      });
    }
  });

  contract.test(
    'Python: an executor that has messages and is missing is refused',
    async ({ app }) => {
      const asks: Handler = (_message, context) => void context.request('?');
      await execute(app, flow({ a: nothing, b: asks }, [], 'b'), { run: 'r' }).result();
      const without = execute(app, flow({ a: nothing }), { run: 'r', acceptGraph: true });
      await expect(without.result()).rejects.toThrow(/removed executor: b/);
    },
  );

  contract.test('.NET: corrected code of a new build is the same graph', async ({ app }) => {
    const first = flow({ a: (_message, context) => void context.request('?') });
    await execute(app, first, { run: 'r' }).result();
    const { status } = await execute(app, flow({ a: nothing }), { run: 'r' }).result();
    expect(status).toBe('waiting');
  });
}

function cancellationRules(contract: LayerContract): void {
  contract.test('Python: cancelling stops the executors, and drops their step', async ({ app }) => {
    const stopped: string[] = [];
    const waits: Handler = async (_message, { state, signal, executor }) => {
      state.set(executor, 'pending');
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      stopped.push(executor);
    };
    const one = flow({ a: (_m, c) => c.send(1), b: waits, c: waits }, [fanOut('a', ['b', 'c'])]);
    const execution = execute(app, one, { run: 'r' });
    let working = 0;
    for await (const event of execution) {
      if (event.type === 'executing' && event.executor !== 'a') working += 1;
      if (working === 2) void execution.cancel();
    }
    expect((await execution.result()).status).toBe('cancelled');
    expect(stopped.toSorted()).toEqual(['b', 'c']);
    const runs = app.runs('flow');
    const { state } = (await runs.load('r', (await runs.latest('r'))?.id ?? 0))!;
    expect(state.keys()).toEqual([]);
  });
}

function requestRules(contract: LayerContract): void {
  contract.test(
    '.NET: pending requests are told again after a resume',
    async ({ app, another }) => {
      const { requests } = await execute(app, asking, { run: 'r' }).result();
      const events = await collect(execute(await another(), asking, { run: 'r' }));
      expect(events.at(-1)).toMatchObject({ type: 'waiting', requests });
    },
  );

  contract.test('.NET: an answer counts once', async ({ app, another }) => {
    const { requests } = await execute(app, asking, { run: 'r' }).result();
    const id = requests[0]?.id ?? '';
    const others = [app.runs('flow'), (await another()).runs('flow')];
    const told = await Promise.all(
      Array.from({ length: 10 }, (_, n) => others[n % 2]!.answer('r', id, n)),
    );
    expect(told.filter((one) => one === 'accepted')).toHaveLength(1);
    const winner = told.indexOf('accepted');
    const { outputs, checkpoint } = await execute(app, asking, { run: 'r' }).result();
    expect(outputs).toEqual([winner]);
    await execute(app, asking, { run: 'r' }).result();
    const loaded = await app.runs('flow').load('r', checkpoint);
    expect(loaded?.state.list('answers').range()).toEqual([winner]);
  });

  contract.test('.NET: a stale answer is dropped', async ({ app }) => {
    const { requests } = await execute(app, asking, { run: 'r' }).result();
    const id = requests[0]?.id ?? '';
    expect(await app.runs('flow').answer('r', 'never asked', 1)).toBe('not_pending');
    // An answer that nobody took, to a question that is asked anew when the run begins again.
    expect(await app.runs('flow').answer('r', id, 'first')).toBe('accepted');
    const back = await execute(app, asking, { run: 'r', checkpoint: 0 }).result();
    expect(back.status).toBe('waiting');
    const anew = back.requests[0]?.id ?? '';
    expect(await app.runs('flow').answer('r', anew, 'second')).toBe('accepted');
    const { outputs } = await execute(app, asking, { run: 'r' }).result();
    expect(outputs).toEqual(['second']);
    expect(await app.runs('flow').answer('r', id, 'third')).toBe('not_pending');
  });

  contract.test(
    '.NET: what a fan-in has buffered is kept, and can be resumed twice',
    async ({ app }) => {
      const joined = flow(
        {
          a: (_message, context) => context.send('go'),
          b: (_message, context) => context.send('of b'),
          c: {
            handle: (_message, context) => void context.request('?'),
            answered: (answer, _request, context) => context.send(answer),
          },
          d: (all: unknown, context) => context.output(all),
        },
        [fanOut('a', ['b', 'c']), fanIn(['b', 'c'], 'd')],
      );
      const paused = await execute(app, joined, { run: 'r' }).result();
      expect(paused.status).toBe('waiting');
      const id = paused.requests[0]?.id ?? '';
      for (const name of ['one', 'two']) {
        await app.runs('flow').fork({ run: 'r', checkpoint: paused.checkpoint }, name);
        await app.runs('flow').answer(name, id, `answer ${name}`);
        const { outputs } = await execute(app, joined, { run: name }).result();
        expect(outputs).toEqual([['of b', `answer ${name}`]]);
      }
      for (const answer of ['first', 'second']) {
        const { checkpoint } = paused;
        await execute(app, joined, { run: 'r', checkpoint }).result();
        await app.runs('flow').answer('r', id, answer);
        const { outputs } = await execute(app, joined, { run: 'r' }).result();
        expect(outputs).toEqual([['of b', answer]]);
      }
    },
  );
}

export function resumeRules(contract: LayerContract): void {
  graphRules(contract);
  cancellationRules(contract);
  requestRules(contract);
}
