/**
 * One step of a conversation: a message, and what it does, in one commit.
 *
 * S1. The message in the list, its effect, the totals and the marker of progress are one
 *     transaction. So whoever is killed goes on behind the last step that is there, and nothing is
 *     counted twice or left out.
 * S2. Counters are changed by operations, which never conflict. A reservation is read and written:
 *     if another conversation changed it in between, the step runs again.
 */
import type { Transaction } from '../../../src/index.ts';
import type { Conversation, Message } from '../data/shapes.ts';
import { argumentsOf, effectOf, userOf, withEffect } from './effects.ts';
import type { Effect } from './effects.ts';
import { progressKey } from './state.ts';
import type { AirlineState, TotalName } from './state.ts';

export interface Place {
  readonly round: number;
  readonly conversation: Conversation;
  readonly step: number;
}

/** Returns the next step, which is another one than expected if another process was faster. */
export async function takeStep(state: AirlineState, place: Place): Promise<number> {
  const { round, conversation, step } = place;
  const effect = effectOf(round, conversation, step);
  const message = conversation.messages[step] as Message;
  const key = progressKey(round, conversation.id);
  return state.app.transact(async (tx) => {
    const of = conversation.messages.length;
    const { next } = await tx.scope(state.progress).get(key, { next: 0, of });
    if (next !== step) return next;
    await tx.scope(state.progress).set(key, { next: step + 1, of });
    await state.messages(round, conversation.id).in(tx).append(message);
    await applyEffect(state, tx, effect, key);
    await count(state, tx, countsOf(place, message, effect));
    const user = step === 0 ? userOf(conversation) : undefined;
    if (user !== undefined) await tx.scope(state.visits).update(user, [{ op: 'increment' }]);
    return step + 1;
  });
}

async function applyEffect(
  state: AirlineState,
  tx: Transaction,
  effect: Effect,
  by: string,
): Promise<void> {
  const reservations = tx.scope(state.reservations);
  switch (effect.kind) {
    case 'book': {
      const { key, reservation } = effect;
      await reservations.set(key, reservation);
      const booked = { op: 'merge', path: '/booked', value: { [key]: by } } as const;
      await tx.scope(state.users).update(reservation.user_id, [booked]);
      break;
    }
    case 'change': {
      const { key, applied } = effect;
      const before = await reservations.get(key);
      if (before === undefined) throw new Error(`there is no reservation '${key}' to change`);
      await reservations.set(key, withEffect(before, applied));
      break;
    }
    case 'certificate': {
      const { user, id, amount } = effect;
      const method = { source: 'certificate', amount, id };
      await tx
        .scope(state.users)
        .update(user, [{ op: 'merge', path: '/payment_methods', value: { [id]: method } }]);
      break;
    }
    case 'none':
    case 'refused':
  }
}

type Counts = Partial<Record<TotalName, number>>;

const effectTotals: Readonly<Record<Effect['kind'], TotalName | undefined>> = {
  none: undefined,
  refused: 'refused',
  book: 'bookings',
  change: 'changes',
  certificate: 'certificates',
};

function countsOf({ conversation, step }: Place, message: Message, effect: Effect): Counts {
  const counts: Counts = { messages: 1 };
  if (step === conversation.messages.length - 1) counts.conversations = 1;
  if (message.role === 'tool') counts.toolCalls = 1;
  const total = effectTotals[effect.kind];
  return total === undefined ? counts : { ...counts, [total]: 1 };
}

async function count(state: AirlineState, tx: Transaction, counts: Counts): Promise<void> {
  const totals = tx.scope(state.totals);
  for (const [name, by] of Object.entries(counts)) {
    await totals.update(name, [{ op: 'increment', by }]);
  }
}

/** Looks a search up before it is made. Tells whether it was there; undefined: no search. */
export async function search(state: AirlineState, place: Place): Promise<boolean | undefined> {
  const { messages } = place.conversation;
  const message = messages[place.step];
  if (message?.role !== 'tool' || message.name?.startsWith('search_') !== true) return undefined;
  const asked = argumentsOf(messages, place.step) as Record<string, string>;
  const { origin, destination, date } = asked;
  const key = `${message.name}/${origin}/${destination}/${date}`;
  if (await state.searches.has(key)) return true;
  await state.searches.set(key, message.content);
  return false;
}
