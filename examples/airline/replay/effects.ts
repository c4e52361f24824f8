/**
 * What the answer of a tool does to the airline's state.
 *
 * E1. The recording was made one conversation at a time, each in a world of its own; here they run
 *     at once in one. So that the outcome does not depend on who was faster, a reservation keeps
 *     what each call replaced, in the order of the recording, and is what they make of it together.
 * E2. A reservation that a conversation booked has the conversation in its key: every world called
 *     its first one HATHAT.
 */
import type { AppliedEffect, Conversation, Message, Reservation } from '../data/shapes.ts';

export type Effect =
  | { readonly kind: 'none' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'book'; readonly key: string; readonly reservation: Reservation }
  | { readonly kind: 'change'; readonly key: string; readonly applied: AppliedEffect }
  | {
      readonly kind: 'certificate';
      readonly user: string;
      readonly id: string;
      readonly amount: number;
    };

const changedFields: Readonly<Record<string, readonly (keyof Reservation)[]>> = {
  update_reservation_flights: ['flights', 'cabin', 'payment_history'],
  update_reservation_baggages: ['total_baggages', 'nonfree_baggages'],
  update_reservation_passengers: ['passengers'],
  cancel_reservation: ['status'],
};

/** Conversations, steps and rounds are padded, so that their texts sort as they happened. */
export function stampOf(round: number, conversation: string, step: number): string {
  return `${String(round).padStart(4, '0')}/${conversation}/${String(step).padStart(3, '0')}`;
}

export function effectOf(round: number, conversation: Conversation, step: number): Effect {
  const message = conversation.messages[step];
  if (message?.role !== 'tool' || message.name === undefined) return { kind: 'none' };
  const { name, content } = message;
  const isChange = name in changedFields || name === 'book_reservation';
  if (!isChange && name !== 'send_certificate') return { kind: 'none' };
  if (content === null || content.startsWith('Error')) return { kind: 'refused' };
  const by = stampOf(round, conversation.id, step);
  if (name === 'send_certificate') return certificate(conversation, step, by);
  const result = JSON.parse(content) as Reservation;
  const key = reservationKey(round, conversation, step, result.reservation_id);
  if (name === 'book_reservation') return { kind: 'book', key, reservation: result };
  const fields: Record<string, unknown> = {};
  for (const field of changedFields[name] ?? []) fields[field] = result[field];
  return { kind: 'change', key, applied: { by, tool: name, fields } };
}

/** The reservation with one more effect: a fold over all of them, whatever order they came in. */
export function withEffect(reservation: Reservation, applied: AppliedEffect): Reservation {
  const history = [...(reservation.history ?? []), applied];
  history.sort((a, b) => (a.by < b.by ? -1 : 1));
  let current = reservation;
  for (const { fields } of history) current = { ...current, ...fields };
  return { ...current, history };
}

function certificate(conversation: Conversation, step: number, by: string): Effect {
  const args = argumentsOf(conversation.messages, step);
  const { user_id: user, amount } = args as { user_id: string; amount: number };
  return { kind: 'certificate', user, id: `certificate_${by}`, amount };
}

function reservationKey(
  round: number,
  conversation: Conversation,
  step: number,
  id: string,
): string {
  const before = conversation.messages.slice(0, step + 1);
  const isOwn = before.some(
    ({ role, name, content }) =>
      role === 'tool' &&
      name === 'book_reservation' &&
      content?.startsWith(`{"reservation_id": "${id}"`) === true,
  );
  const isMade = before.some(({ name, content }) => {
    return name === 'book_reservation' && content?.includes(`"reservation_id":"${id}"`) === true;
  });
  return isOwn || isMade ? `${id}.${round}.${conversation.id}` : id;
}

/** What the tool was asked whose answer the message of this step is. */
export function argumentsOf(messages: readonly Message[], step: number): unknown {
  const id = messages[step]?.tool_call_id;
  for (let index = step - 1; index >= 0; index -= 1) {
    const call = messages[index]?.tool_calls?.find((one) => one.id === id);
    if (call !== undefined) return JSON.parse(call.function.arguments);
  }
  return {};
}

/** The user that a conversation is with, as far as its calls and answers tell. */
export function userOf({ messages }: Conversation): string | undefined {
  for (const [step, message] of messages.entries()) {
    if (message.role !== 'tool') continue;
    const { user_id: asked } = argumentsOf(messages, step) as { user_id?: string };
    if (asked !== undefined) return asked;
    const [, told] = /"user_id": ?"([^"]+)"/.exec(message.content ?? '') ?? [];
    if (told !== undefined) return told;
  }
  return undefined;
}
