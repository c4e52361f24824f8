/** Whether a run can go on with the code that is there. */
import { expect } from 'vitest';
import { conditional, direct, execute, fanIn, workflow } from '../../workflow/index.ts';
import type { Edge, Handler } from '../../workflow/index.ts';
import type { LayerContract } from '../layer-world.ts';

const nothing: Handler = () => undefined;
const asks: Handler = (_message, context) => void context.request('?');

function flowOf(executors: Record<string, Handler>, edges: readonly Edge[] = [], start = 'a') {
  return workflow({ name: 'flow', start, executors, edges });
}

export function graphContract(contract: LayerContract): void {
  contract.test('another graph is refused, and the error says what changed', async ({ app }) => {
    const before = flowOf({ a: asks, b: nothing }, [direct('a', 'b')]);
    await execute(app, before, { run: 'r' }).result();
    const after = flowOf({ a: asks, b: nothing, c: nothing }, [
      conditional('a', 'b', 'isGood', () => true),
    ]);
    expect(after.signature).not.toBe(before.signature);
    const refused = execute(app, after, { run: 'r' }).result();
    await expect(refused).rejects.toMatchObject({
      code: 'graph_mismatch',
      details: {
        changes: ['added executor: c', 'removed edge: a -> b', 'added edge: a -> b when isGood'],
      },
    });
    const accepted = await execute(app, after, { run: 'r', acceptGraph: true }).result();
    expect(accepted.status).toBe('waiting');
  });

  contract.test('corrected code is the same graph', async ({ app }) => {
    const before = flowOf({ a: asks, b: nothing }, [direct('a', 'b')]);
    const after = flowOf({ a: nothing, b: asks }, [direct('a', 'b')]);
    expect(after.signature).toBe(before.signature);
    await execute(app, before, { run: 'r' }).result();
    expect((await execute(app, after, { run: 'r' }).result()).status).toBe('waiting');
  });

  contract.test('an executor that has something to take must be there', async ({ app }) => {
    const before = flowOf({ a: nothing, b: asks }, [], 'b');
    await execute(app, before, { run: 'r' }).result();
    const after = flowOf({ a: nothing });
    const refused = execute(app, after, { run: 'r', acceptGraph: true }).result();
    await expect(refused).rejects.toThrow(/removed executor: b, which has messages or requests/);
  });

  contract.test('a graph that cannot run is refused when it is made', async () => {
    const wrong = expect.objectContaining({ code: 'invalid_argument' }) as unknown;
    const graphs: (() => unknown)[] = [
      () => flowOf({ a: nothing }, [], 'b'),
      () => flowOf({ a: nothing }, [direct('a', 'b')]),
      () => flowOf({ a: nothing }, [fanIn(['x'], 'a')]),
      () => flowOf({ a: nothing }, [fanIn(['a'], 'a'), fanIn(['a'], 'a')]),
      () => flowOf({ a: 7 as never }),
      () => flowOf({ a: { handle: nothing, attempts: 0 } as never }),
      () => flowOf({ a: { handle: nothing, timeoutMs: 1.5 } as never }),
    ];
    for (const make of graphs) expect(make).toThrow(wrong);
  });
}
