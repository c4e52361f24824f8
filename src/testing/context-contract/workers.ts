/** What a worker reaches that was given one request: its two scopes, and nothing else. */
import { expect } from 'vitest';
import { ContextLedger, RequestContext } from '../../layers/contexts/index.ts';
import { ScopeHost } from '../../layers/scopes/index.ts';
import type { Ledger } from '../../ledger/index.ts';
import { collect, testParts } from '../layer-world.ts';
import type { LayerContract } from '../layer-world.ts';
import { loopback } from '../loopback.ts';

/** As over a network: what the serving side gives goes through bytes. */
function workerOf(ledger: Ledger, request: string) {
  const served = loopback(new ContextLedger(ledger, request));
  return { served, ctx: RequestContext.served(new ScopeHost(served, testParts())) };
}

export function workersContract(contract: LayerContract): void {
  contract.test('a worker sees what the process sees, by keys alone', async (world) => {
    const { app, ledger } = world;
    const { ctx } = workerOf(ledger, 'r1');
    await ctx.state.set('k', 1);
    await ctx.appState.update('n', [{ op: 'increment' }]);
    await app.request('r1').state.set('l', 2);
    expect(await app.request('r1').state.getMany(['k', 'l'])).toEqual([1, 2]);
    expect(await collect(ctx.state.keys())).toEqual(['k', 'l']);
    expect(await app.request('r2').appState.get('n')).toBe(1);
    expect(await workerOf(ledger, 'r2').ctx.state.get('k', 'none')).toBe('none');
    const { version } = (await ctx.state.entry('k'))!;
    expect((await ctx.state.compareAndSet('k', { version }, 3)).kind).toBe('swapped');
    expect((await ctx.state.compareAndSet('k', { version }, 4)).kind).toBe('conflict');
    await ctx.end();
    expect((await ctx.state.entry('k'))?.expiresAt).toEqual(expect.any(Number));
  });

  contract.test('whatever a worker asks for, it gets nothing else', async ({ app, ledger }) => {
    await app.scope('users').set('ada', 1);
    await app.request('other').state.set('k', 'secret');
    const { served } = workerOf(ledger, 'r1');
    const scopes = [
      'users',
      '$context/app',
      '$context/request/other',
      '../request/other',
      'state/../other',
      'request/other',
      '$ledger/pins',
      '',
      '*',
    ];
    const { position } = await served.head();
    for (const scope of scopes) {
      const ref = { scope, key: 'k' };
      const asked: (() => Promise<unknown>)[] = [
        () => served.read([ref]),
        () => served.scan({ scope }),
        () => served.scope(scope),
        () => served.log(position, { scope }),
        async () => collect(served.watch({ scope, after: position })),
        () => served.erase(ref),
        () => served.commit({ mutations: [{ kind: 'set', ...ref, value: 1 }] }),
        () => served.commit({ checks: [{ kind: 'value', ...ref, value: 'secret' }] }),
        () => served.commit({ checks: [{ kind: 'unchanged', scope, since: position }] }),
      ];
      for (const ask of asked) await expect(ask()).rejects.toMatchObject({ code: /^invalid_/ });
    }
    const closed: (() => Promise<unknown>)[] = [
      () => served.log(position),
      async () => collect(served.watch({ after: position })),
      () => served.pin('p', position, 1000),
      () => served.heartbeat('m', 1000),
      () => served.members(),
      () => served.commit({ checks: [{ kind: 'epoch', resource: 'r', epoch: 1 }] }),
    ];
    for (const ask of closed) {
      await expect(ask()).rejects.toMatchObject({ code: /^(invalid_name|unsupported)$/ });
    }
    expect((await served.scopes()).items).toEqual([]);
    expect(await served.head()).toMatchObject({ entries: 0, bytes: 0, logBytes: 0 });
  });

  contract.test('a watch shows the worker’s changes, under its own names', async (world) => {
    const { app, ledger } = world;
    const { served } = workerOf(ledger, 'r1');
    const { position: after } = await served.head();
    await app.request('r2').state.set('theirs', 1);
    await app.scope('users').set('ada', 1);
    await app.request('r1').state.set('own', 1);
    const page = await served.log(after, { scope: 'state' });
    const changes = page.kind === 'commits' ? page.commits.flatMap((one) => one.changes) : [];
    expect(changes.map(({ scope, key }) => [scope, key])).toEqual([['state', 'own']]);
    for await (const seen of served.watch({ scope: 'state', after })) {
      expect(seen).toMatchObject({ kind: 'commits', commits: [{ changes: [{ scope: 'state' }] }] });
      break;
    }
  });
}
