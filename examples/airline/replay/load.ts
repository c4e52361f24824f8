/**
 * Users and reservations into the store, once: each batch and how far it got are one commit, so a
 * load that was cut short goes on where it was, and overwrites nothing that a conversation changed.
 */
import type { Dataset } from '../data/shapes.ts';
import type { AirlineState } from './state.ts';

const batchEntries = 500;

export async function load(state: AirlineState, dataset: Dataset): Promise<number> {
  const users = await loadAll(state, dataset.name, 'users', dataset.users);
  return users + (await loadAll(state, dataset.name, 'reservations', dataset.reservations));
}

async function loadAll<T>(
  state: AirlineState,
  dataset: string,
  scope: 'users' | 'reservations',
  entries: readonly (readonly [string, T])[],
): Promise<number> {
  const before = await state.load.get(scope, { dataset, loaded: 0 });
  if (before.dataset !== dataset) {
    throw new Error(`this store holds data '${before.dataset}'; name another one with --store`);
  }
  for (let start = before.loaded; start < entries.length; start += batchEntries) {
    const share = entries.slice(start, start + batchEntries);
    await state.app.transact(async (tx) => {
      const { loaded } = await tx.scope(state.load).get(scope, { dataset, loaded: 0 });
      // Another process on this store was faster.
      if (loaded !== start) return;
      for (const [key, value] of share) await tx.scope(state.app.scope<T>(scope)).set(key, value);
      await tx.scope(state.load).set(scope, { dataset, loaded: start + share.length });
    });
  }
  return entries.length - before.loaded;
}
