/** What was given up: kept with its data, read, tried again, dropped, erased. */
import { expect } from 'vitest';
import type { LayerContract, LayerWorld } from '../layer-world.ts';
import { passUntil } from './acts.ts';

const day = 24 * 60 * 60 * 1000;

/** A trigger whose events are all dead letters until `isWell`. */
async function failing({ app }: LayerWorld) {
  const state = { isWell: false, seen: [] as unknown[] };
  const trigger = await app.trigger('t', { scope: 's', retry: { attempts: 1 } }, (event) => {
    if (!state.isWell) throw new Error('broken');
    state.seen.push(event.new_value);
  });
  return { trigger, state };
}

export function deadLettersContract(contract: LayerContract): void {
  contract.timed('a dead letter has the event, its data and the last error', async (w, clock) => {
    const { trigger } = await failing(w);
    const large = 'x'.repeat(9000);
    await w.app.scope('s').set('k', large);
    await w.app.scope('s').set('k', Uint8Array.of(7));
    await passUntil(clock, async () => (await trigger.stats()).deadLetters === 2);
    const first = await trigger.deadLetters({ limit: 1 });
    const second = await trigger.deadLetters({ limit: 1, cursor: first.cursor });
    await trigger.stop();
    const [one, two] = [first.letters[0], second.letters[0]];
    expect(one).toMatchObject({ reason: 'failed', attempts: 1, error: 'broken' });
    expect([one?.event.new_value, one?.event.old_value]).toEqual([large, undefined]);
    expect([two?.event.new_value, two?.event.old_value]).toEqual([Uint8Array.of(7), large]);
  });

  contract.timed('a replayed one is handled, and gone', async (world, clock) => {
    const { trigger, state } = await failing(world);
    for (let n = 0; n < 3; n += 1) await world.app.scope('s').set(`k${n}`, n);
    await passUntil(clock, async () => (await trigger.stats()).deadLetters === 3);
    const { letters } = await trigger.deadLetters();
    state.isWell = true;
    expect(await trigger.replay([letters[1]?.id ?? '', 'no such one'])).toBe(1);
    await passUntil(clock, () => state.seen.length === 1);
    expect(state.seen).toEqual([1]);
    expect(await trigger.replay()).toBe(2);
    await passUntil(clock, () => state.seen.length === 3);
    await passUntil(clock, async () => (await trigger.stats()).parked === 0);
    expect((await trigger.stats()).deadLetters).toBe(0);
    await trigger.stop();
    expect((await world.ledger.scope('$trigger/t/values')).entries).toBe(0);
  });

  contract.timed('a dropped one leaves nothing behind', async (world, clock) => {
    const { trigger } = await failing(world);
    await world.app.scope('s').setMany({ a: 1, b: 2 });
    await passUntil(clock, async () => (await trigger.stats()).deadLetters === 2);
    const { letters } = await trigger.deadLetters();
    expect(await trigger.drop([letters[0]?.id ?? ''])).toBe(1);
    expect(await trigger.drop()).toBe(1);
    await trigger.stop();
    expect((await world.ledger.scope('$trigger/t/values')).entries).toBe(0);
    expect((await trigger.deadLetters()).letters).toEqual([]);
  });

  contract.timed('the log is trimmed behind poison, whose data is kept', async (world, clock) => {
    const { app, ledger, upkeep } = world;
    const handled: unknown[] = [];
    const retry = { attempts: 1000, firstMs: 10 * day, longestMs: 10 * day };
    const state = { isWell: false };
    const trigger = await app.trigger('t', { scope: 's', retry }, ({ key, new_value }) => {
      if (key === 'poison' && !state.isWell) throw new Error('poison');
      handled.push(new_value);
    });
    await app.scope('s').set('poison', 'kept');
    const { position } = await app.scope('s').set('other', 1);
    await passUntil(clock, async () => {
      return handled.length === 1 && (await trigger.stats()).parked === 1;
    });
    await passUntil(clock, async () => (await trigger.stats()).lag === 0);
    clock.advance(2 * day);
    // The hold follows what was written down, with the next look after it.
    await passUntil(clock, async () => {
      await upkeep();
      return (await ledger.head()).trimmed >= position.revision;
    });
    state.isWell = true;
    clock.advance(10 * day);
    await passUntil(clock, () => handled.length === 2);
    await trigger.stop();
    expect(handled).toEqual([1, 'kept']);
  });

  contract.timed('the log is held for events that were not handled yet', async (world, clock) => {
    const { app, upkeep } = world;
    const handled: unknown[] = [];
    const trigger = await app.trigger('t', { scope: 's' }, (event) => {
      handled.push(event.new_value);
    });
    await trigger.pause();
    await app.scope('s').set('k', 1);
    clock.advance(3 * day);
    await upkeep();
    await trigger.stop();
    const again = await app.trigger('t', { scope: 's' }, (event) => {
      handled.push(event.new_value);
    });
    await again.resume();
    await passUntil(clock, () => handled.length > 0);
    await again.stop();
    expect(handled).toEqual([1]);
  });

  contract.timed('erasing an entry reaches dead letters and what is parked', async (w, clock) => {
    const { app, ledger } = w;
    const seen: unknown[] = [];
    const state = { isWell: false };
    const retry = { attempts: 3, firstMs: 1000, longestMs: 1000 };
    const trigger = await app.trigger('t', { scope: 's', retry }, (event) => {
      if (event.attempt === 3 || !state.isWell) throw new Error('broken');
      seen.push(event.new_value, event.erased);
    });
    await app.scope('s').set('ada', 'secret');
    await passUntil(clock, async () => (await trigger.stats()).deadLetters === 1);
    await app.scope('s').set('ada', 'secret again');
    await passUntil(clock, async () => (await trigger.stats()).parked === 1);
    await app.scope('s').erase('ada');
    const { letters } = await trigger.deadLetters();
    expect([letters[0]?.event.new_value, letters[0]?.event.erased]).toEqual([undefined, true]);
    const page = await ledger.log((await ledger.head()).oldest);
    const values = page.kind === 'commits' ? page.commits.flatMap(({ changes }) => changes) : [];
    const texts = values.flatMap(({ value, previous }) => [
      value?.content,
      previous?.value?.content,
    ]);
    expect(texts.filter((text) => String(text).includes('secret'))).toEqual([]);
    state.isWell = true;
    await passUntil(clock, () => seen.length >= 2);
    await trigger.stop();
    expect(seen.slice(0, 2)).toEqual([undefined, true]);
  });
}
