/** Sessions of bytes: a codec says what changed. */
import { expect } from 'vitest';
import type { LayerContract } from '../layer-world.ts';
import { Stage } from './stage.ts';

const grower = { agent: 'grower' };

export function sessionOpaqueContract(contract: LayerContract): void {
  contract.test('deltas are folded, and a cold worker gets the whole', async ({ app }) => {
    const stage = new Stage(app);
    const first = stage.hire('w1');
    for (let n = 0; n < 60; n += 1) {
      const done = await stage.turn('s', `t${n}`, { text: `${n % 10}`.repeat(700) }, grower);
      expect(done).toMatchObject({ version: n + 1 });
    }
    expect(new Set(first.forms())).toEqual(new Set(['current']));
    first.worker.close();
    const second = stage.hire('w2');
    const done = await stage.turn('s', 'last', { text: '!' }, grower);
    expect(String(done.output)).toHaveLength(60 * 700 + 1);
    expect(second.forms()).toEqual(['snapshot']);
    await stage.host.close();
  });

  contract.test('a change that no delta can say is sent whole', async ({ app }) => {
    const stage = new Stage(app);
    const { forms } = stage.hire('w');
    await stage.turn('s', 't1', { text: 'abc' }, grower);
    const done = await stage.turn('s', 't2', { text: 'x', reset: true }, grower);
    expect(done).toMatchObject({ version: 2, output: 'x' });
    expect((await stage.turn('s', 't3', { text: 'y' }, grower)).output).toBe('xy');
    expect(forms()).toEqual(['current', 'current', 'current']);
    await stage.host.close();
    const next = new Stage(app);
    next.hire('w2');
    expect((await next.turn('s', 't4', { text: 'z' }, grower)).output).toBe('xyz');
    await next.host.close();
  });

  contract.test('regenerations start from their base', async ({ app }) => {
    const stage = new Stage(app);
    stage.hire('w');
    const turn = async (id: string, text: string, base?: number): Promise<unknown> => {
      const done = await stage.turn('s', id, { text }, { ...grower, ...(base ? { base } : {}) });
      return [done.version, done.output];
    };
    expect(await turn('t1', 'a')).toEqual([1, 'a']);
    expect(await turn('t2', 'b')).toEqual([2, 'ab']);
    expect(await turn('t3', 'c', 1)).toEqual([3, 'ac']);
    expect(await turn('t4', 'd', 1)).toEqual([4, 'ad']);
    expect(await turn('t5', 'e', 3)).toEqual([5, 'ace']);
    expect(await turn('t6', 'f')).toEqual([6, 'acef']);
    await stage.host.close();
  });

  contract.test('a large state is kept in pieces', async ({ app, ledger }) => {
    const stage = new Stage(app);
    stage.hire('w1');
    const text = 'abcdefgh'.repeat(90_000);
    await stage.turn('s', 't1', { text }, grower);
    await stage.turn('s', 't2', { text: '!' }, grower);
    await stage.host.close();
    const next = new Stage(app);
    next.hire('w2');
    const done = await next.turn('s', 't3', { text: '?' }, grower);
    expect(done.output).toBe(`${text}!?`);
    const { entries } = await ledger.scope('$session/s');
    expect(entries).toBeLessThan(12);
    await next.host.close();
  });

  contract.test('a host that does not know the codec refuses the session', async ({ app }) => {
    const stage = new Stage(app, { codecs: [] });
    stage.hire('w');
    const refused = { code: 'unsupported' };
    await expect(stage.turn('s', 't1', { text: 'a' }, grower)).rejects.toMatchObject(refused);
    await stage.host.close();
  });
}
