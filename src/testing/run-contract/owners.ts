/** One owner at a time, and answers from outside. */
import { expect, vi } from 'vitest';
import type { LayerContract } from '../layer-world.ts';
import { collect } from '../layer-world.ts';
import { runsOf, stateOf, stepBy } from './acts.ts';

const memberTtlMs = 10_000;

export function ownersContract(contract: LayerContract): void {
  contract.test('a run that somebody holds cannot be opened', async (world) => {
    const runs = runsOf(world);
    const run = await runs.open('r');
    const held = { code: 'held', retryable: true };
    await expect(runs.open('r')).rejects.toMatchObject(held);
    const other = (await world.another()).runs('flow');
    await expect(other.open('r')).rejects.toMatchObject(held);
    await stepBy(run, (view) => view.set('k', 1));
    await run.close();
    await run.close();
    expect(() => run.step()).toThrow(expect.objectContaining({ code: 'closed' }));
    await using theirs = await other.open('r');
    expect([theirs.state.get('k'), theirs.epoch > run.epoch]).toEqual([1, true]);
  });

  contract.timed('an owner that slept and was replaced is refused', async (world, clock) => {
    const run = await runsOf(world).open('r', { initial: { state: { n: 0 } } });
    const users = world.app.scope('users');
    const step = run.step();
    step.view('a').set('n', 'stale');
    step.view('a').app.set(users, 'ada', 'stale');
    // Its heartbeats do not come through: it is as if it were paused.
    const beat = vi.spyOn(world.ledger, 'heartbeat').mockRejectedValue(new Error('paused'));
    clock.advance(memberTtlMs + 1);
    const theirs = await (await world.another()).runs('flow').open('r');
    await stepBy(theirs, (view) => view.set('n', 1));
    await expect(step.commit()).rejects.toMatchObject({ code: 'fenced', outcome: 'not-applied' });
    await expect(run.checkpoint()).rejects.toMatchObject({ code: 'fenced' });
    expect(run.signal.aborted).toBe(true);
    await stepBy(theirs, (view) => view.update('n', [{ op: 'increment' }]));
    expect([stateOf(theirs), await users.has('ada')]).toEqual([{ n: 2 }, false]);
    const found = await collect(runsOf(world).checkpoints({ run: 'r' }));
    expect(found.map(({ id }) => id)).toEqual([0, 1, 2]);
    await run.close();
    await theirs.close();
    beat.mockRestore();
  });

  contract.timed('holding on costs no commit', async (world, clock) => {
    await using run = await runsOf(world).open('r');
    const { position } = await world.ledger.head();
    await clock.pass(10 * memberTtlMs);
    expect((await world.ledger.head()).position).toEqual(position);
    await stepBy(run, (view) => view.set('k', 1));
  });

  contract.test('a save that failed for a passing reason can be repeated', async (world) => {
    const { HoldfastError } = await import('../../errors/index.ts');
    await using run = await runsOf(world).open('r');
    const step = run.step();
    step.view('a').set('k', 1);
    const busy = vi
      .spyOn(world.ledger, 'commit')
      .mockRejectedValueOnce(new HoldfastError('busy', 'the store is held'));
    await expect(step.commit()).rejects.toMatchObject({ code: 'busy' });
    expect([run.state.has('k'), run.latest.id]).toEqual([false, 0]);
    await step.commit();
    busy.mockRestore();
    expect([run.state.get('k'), run.latest.id]).toEqual([1, 1]);
  });

  contract.test('a commit whose answer is lost counts once', async (world) => {
    const { HoldfastError } = await import('../../errors/index.ts');
    await using run = await runsOf(world).open('r');
    const users = world.app.scope<number>('users');
    const { ledger } = world;
    const commit = ledger.commit.bind(ledger);
    const lossy = vi.spyOn(ledger, 'commit').mockImplementationOnce(async (proposal) => {
      await commit(proposal);
      throw new HoldfastError('outcome_unknown', 'the answer was lost');
    });
    await stepBy(run, (view) => {
      view.set('k', 1);
      view.app.update(users, 'ada', [{ op: 'increment' }]);
    });
    lossy.mockRestore();
    expect([run.latest.id, await users.get('ada')]).toEqual([1, 1]);
    await stepBy(run, (view) => view.set('k', 2));
    expect((await runsOf(world).load('r', 1))?.state.get('k')).toBe(1);
  });

  contract.test('if it stays unknown the run is given up, and can be opened', async (world) => {
    const { HoldfastError } = await import('../../errors/index.ts');
    const run = await runsOf(world).open('r');
    const lost = vi
      .spyOn(world.ledger, 'commit')
      .mockRejectedValue(new HoldfastError('outcome_unknown', 'the answer was lost'));
    const stepping = stepBy(run, (view) => view.set('k', 1));
    await expect(stepping).rejects.toMatchObject({ code: 'outcome_unknown' });
    await expect(run.checkpoint()).rejects.toMatchObject({ code: 'closed' });
    lost.mockRestore();
    await run.close();
    await using again = await runsOf(world).open('r');
    expect(stateOf(again)).toEqual({});
  });

  contract.test('a request is answered once, by whoever comes first', async (world) => {
    const runs = runsOf(world);
    const requests = [{ id: 'q1', executor: 'a', payload: null }];
    await using run = await runs.open('r', { initial: { requests } });
    expect(await runs.answer('r', 'other', 1)).toBe('not_pending');
    expect(await runs.answer('none', 'q1', 1)).toBe('not_pending');
    const outcomes = await Promise.all([1, 2, 3].map((n) => runs.answer('r', 'q1', n)));
    expect(outcomes.toSorted()).toEqual(['accepted', 'answered', 'answered']);
    const given = await runs.answers('r', ['q1', 'q2']);
    expect([...given]).toEqual([['q1', outcomes.indexOf('accepted') + 1]]);
    await run.step().commit({ requests: [] });
    expect(await runs.answer('r', 'q1', 9)).toBe('not_pending');
    expect((await runs.answers('r', ['q1'])).size).toBe(0);
    await run.restore(0);
    expect(await runs.answer('r', 'q1', 'again')).toBe('accepted');
  });
}
