/** Which worker gets a turn, and how one leaves. */
import { expect } from 'vitest';
import { deferred } from '../../internal/deferred.ts';
import { structuredAgent } from '../../layers/sessions/index.ts';
import type { LayerContract } from '../layer-world.ts';
import { agents, nextTurnOfLoop, Stage } from './stage.ts';

export function sessionRoutingContract(contract: LayerContract): void {
  contract.test('a session stays with the worker that has it', async ({ app }) => {
    const stage = new Stage(app);
    for (const name of ['w1', 'w2', 'w3']) stage.hire(name);
    const seen = new Map<string, Set<string>>();
    for (const id of ['t1', 't2', 't3', 't4']) {
      const names = ['s1', 's2', 's3', 's4', 's5', 's6'];
      const done = await Promise.all(names.map((name) => stage.turn(name, id)));
      for (const { session, worker } of done) {
        seen.set(session, (seen.get(session) ?? new Set()).add(worker));
      }
    }
    expect([...seen.values()].map(({ size }) => size)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(new Set([...seen.values()].flatMap((set) => [...set])).size).toBe(3);
    await stage.host.close();
  });

  contract.test('a draining worker finishes its turns and gets no more', async ({ app }) => {
    const stage = new Stage(app);
    const opened = deferred<void>();
    const slow = structuredAgent(async (turn) => {
      await opened.promise;
      turn.state.set('done', true);
    });
    const first = stage.hire('w1', { agents: { ...agents, slow } });
    const turn = stage.host.turn({ session: 's', id: 't1', agent: 'slow' });
    while (first.worker.open === 0) await nextTurnOfLoop();
    expect(stage.host.drain('w1')).toBe(true);
    stage.hire('w2');
    expect(await stage.turn('other', 't1')).toMatchObject({ worker: 'w2' });
    opened.resolve();
    expect(await turn).toMatchObject({ version: 1, worker: 'w1', attempts: 1 });
    expect(await stage.turn('s', 't2')).toMatchObject({ version: 2, worker: 'w2' });
    expect(stage.host.drain('nobody')).toBe(false);
    await stage.host.close();
  });

  contract.test('a worker that is closed gives its turns back', async ({ app }) => {
    const stage = new Stage(app);
    const never = structuredAgent(() => new Promise<void>(() => undefined));
    const first = stage.hire('w1', { agents: { writer: never } });
    const turn = stage.turn('s', 't1');
    while (first.worker.open === 0) await nextTurnOfLoop();
    stage.hire('w2');
    first.worker.close();
    expect(await turn).toMatchObject({ worker: 'w2', attempts: 2 });
    await stage.host.close();
  });

  contract.test('no worker is given more than it takes at once', async ({ app }) => {
    const stage = new Stage(app);
    let running = 0;
    let most = 0;
    const counted = structuredAgent(async () => {
      running += 1;
      most = Math.max(most, running);
      await nextTurnOfLoop();
      running -= 1;
    });
    stage.hire('w', { capacity: 3, agents: { counted } });
    const turns = Array.from({ length: 30 }, (_, index) => {
      return stage.host.turn({ session: `s${index}`, id: 't', agent: 'counted' });
    });
    const done = await Promise.all(turns);
    expect(done.every((outcome) => outcome.kind === 'done' && outcome.attempts === 1)).toBe(true);
    expect(most).toBe(3);
    await stage.host.close();
  });

  contract.test('followers see every turn once, of every host, from anywhere on', async (world) => {
    const stages = [new Stage(world.app), new Stage(await world.another())];
    for (const [index, stage] of stages.entries()) stage.hire(`w${index}`);
    const session = stages[0]?.host.session('s');
    const { position } = await world.ledger.head();
    await stages[0]?.turn('s', 't1', { a: 1 });
    await stages[1]?.turn('s', 't2', { a: 2 });
    const seen: [number, string, unknown][] = [];
    const abort = new AbortController();
    for await (const step of session?.follow({ after: position, signal: abort.signal }) ?? []) {
      const changed = step.changes.find(({ key }) => key === 'a')?.value;
      seen.push([step.version, step.turn, changed]);
      if (seen.length === 2) await stages[1]?.turn('s', 't3', { a: 3 });
      if (seen.length === 3) abort.abort();
    }
    expect(seen).toEqual([
      [1, 't1', 1],
      [2, 't2', 2],
      [3, 't3', 3],
    ]);
    for (const stage of stages) await stage.host.close();
  });
}
