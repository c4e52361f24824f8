/** The commands on runs. */
import { expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { CommandLine } from './command.ts';

test('runs are listed, shown, compared, forked and pruned', async () => {
  const cli = await CommandLine.inTemporaryFolder();
  {
    await using store = await open(`file:${cli.store}`);
    const runs = store.app('default').runs('flow');
    await using run = await runs.open('r 1', { initial: { state: { n: 0, kept: 'x' } } });
    for (let n = 1; n <= 4; n += 1) {
      const step = run.step();
      step.view('a').set('n', n);
      await step.commit(n === 2 ? { tags: ['good'] } : { status: 'waiting' });
    }
    await using other = await store.app('default').runs('other').open('r');
    expect(other.latest.id).toBe(0);
  }
  expect(await cli.lines('run', 'list')).toMatchObject([
    { workflow: 'flow', run: 'r 1', status: 'waiting', checkpoint: 4, step: 4 },
    { workflow: 'other', run: 'r', status: 'running', checkpoint: 0 },
  ]);
  expect(await cli.lines('run', 'list', 'other')).toHaveLength(1);
  const checkpoints = await cli.lines('run', 'checkpoints', 'flow', 'r 1', '--limit', '3');
  expect(checkpoints.map(({ id }) => id)).toEqual([4, 3, 2]);
  const [shown, ...entries] = await cli.lines('run', 'show', 'flow', 'r 1', '--checkpoint', '2');
  expect(shown).toMatchObject({ id: 2, tags: ['good'] });
  expect(entries).toEqual([
    { key: 'kept', value: 'x' },
    { key: 'n', value: 2 },
  ]);
  expect(await cli.lines('run', 'diff', 'flow', 'r 1', '0', '4')).toEqual([
    { key: 'n', before: 0, after: 4 },
  ]);
  const table = await cli.run('run', 'checkpoints', 'flow', 'r 1', '--table');
  expect(table.out).toMatch(/CHECKPOINT +PARENT +STEP/);
  expect((await cli.run('run', 'fork', 'flow', 'r 1', '1', 'again')).code).toBe(0);
  expect((await cli.run('run', 'fork', 'flow', 'r 1', '1', 'again')).code).toBe(2);
  expect((await cli.run('run', 'fork', 'flow', 'r 1', '99', 'never')).code).toBe(3);
  const [pruned] = await cli.lines('run', 'prune', 'flow', 'r 1', '--last', '1', '--tag', 'good');
  expect(pruned).toMatchObject({ checkpoints: 2, held: 1 });
  expect((await cli.run('run', 'prune', 'flow', 'r 1')).code).toBe(2);
  expect((await cli.run('run', 'prune', 'flow', 'none', '--within', '7d')).code).toBe(3);
  expect((await cli.run('run', 'show', 'flow', 'none')).code).toBe(3);
  const [forked] = await cli.lines('run', 'show', 'flow', 'again', '--table', '--json');
  expect(forked).toMatchObject({ run: 'again', id: 0, step: 1 });
});
