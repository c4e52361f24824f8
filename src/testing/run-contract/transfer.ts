/** State and checkpoints as data that leaves and comes back. */
import { expect } from 'vitest';
import type { ExportedState } from '../../layers/runs/index.ts';
import type { LayerContract } from '../layer-world.ts';
import { runsOf, stateOf, stepBy } from './acts.ts';

export function transferContract(contract: LayerContract): void {
  contract.test('what is exported is what is committed, by value', async (world) => {
    await using run = await runsOf(world).open('r', { initial: { state: { k: { n: 1 } } } });
    const step = run.step();
    step.view('a').set('pending', 1);
    const exported = run.exportState();
    const [entry] = exported.entries;
    (entry!.json as { n: number }).n = 9;
    expect(run.state.get('k')).toEqual({ n: 1 });
    expect(exported.entries).toHaveLength(1);
  });

  contract.test('an import merges, and leaves pending writes pending', async (world) => {
    const runs = runsOf(world);
    await using source = await runs.open('source');
    await stepBy(source, (view) => {
      view.set('shared', 'new');
      view.set('bytes', Uint8Array.from([1, 2, 255]));
      view.set('marker', { json: 1, base64: 'x' });
      view.private.set('own', 1);
      view.list('l').append('x', 'y');
    });
    const state = { shared: 'old', kept: 1 };
    await using run = await runs.open('r', { initial: { state } });
    await stepBy(run, (view) => view.list('l').append(1, 2, 3));
    const step = run.step();
    step.view('a').set('pending', 1);
    step.view('a').update('marker', [{ op: 'set', path: '/added', value: true }]);
    const made = await run.importState(
      JSON.parse(JSON.stringify(source.exportState())) as ExportedState,
    );
    expect(made).toMatchObject({ id: 2, step: 1 });
    expect(run.state.has('pending')).toBe(false);
    await step.commit();
    expect(stateOf(run)).toEqual({
      shared: 'new',
      kept: 1,
      pending: 1,
      bytes: Uint8Array.from([1, 2, 255]),
      marker: { json: 1, base64: 'x', added: true },
    });
    expect(run.private('a').get('own')).toBe(1);
    expect(run.state.list('l').range()).toEqual(['x', 'y']);
  });

  contract.test('a checkpoint is one text, and begins a run elsewhere', async (world) => {
    const runs = runsOf(world);
    const requests = [{ id: 'q', executor: 'a', payload: 1 }];
    await using run = await runs.open('r', { initial: { messages: ['m'], requests } });
    await stepBy(run, (view) => {
      view.set('k', 1);
      view.list('l').append('x');
    });
    const text = await runs.export('r', 1);
    const other = world.app.runs('other');
    expect(await other.import(text, 'copy')).toMatchObject({ step: 1, messages: ['m'], requests });
    await using copy = await other.open('copy');
    expect([stateOf(copy), copy.state.list('l').range()]).toEqual([{ k: 1 }, ['x']]);
    expect(await other.answer('copy', 'q', 'yes')).toBe('accepted');
    await expect(other.import(text, 'copy')).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(runs.export('r', 5)).rejects.toMatchObject({ code: 'not_found' });
  });

  contract.test('what is no export is refused, and changes nothing', async (world) => {
    const runs = runsOf(world);
    await using run = await runs.open('r');
    const entries: unknown[] = [
      [{ key: 'k' }],
      [{ key: 'k', json: 1, base64: 'AA==' }],
      [{ key: '$k', json: 1 }],
      [{ key: 'k', base64: '%' }],
      [{ list: 'l', json: 1 }],
      [{ list: 'l', index: -1, json: 1 }],
      [
        { list: 'l', index: 0, json: 1 },
        { list: 'l', index: 2, json: 1 },
      ],
      'entries',
    ];
    for (const wrong of [undefined, 7, { format: 2, entries: [] }]) {
      await expect(run.importState(wrong as never)).rejects.toMatchObject({
        code: 'invalid_argument',
      });
    }
    for (const one of entries) {
      const wrong = run.importState({ format: 1, entries: one } as never);
      await expect(wrong).rejects.toMatchObject({ code: /invalid_(argument|name)/ });
    }
    for (const text of ['', '{}', '[]', 'null', '{"kind":"holdfast.checkpoint"}']) {
      await expect(runs.import(text, 'x')).rejects.toMatchObject({ code: 'invalid_argument' });
    }
    const newer = '{"kind":"holdfast.checkpoint","format":9,"checkpoint":{}}';
    await expect(runs.import(newer, 'x')).rejects.toMatchObject({ code: 'unsupported' });
    expect([run.latest.id, await runs.latest('x')]).toEqual([0, undefined]);
  });
}
