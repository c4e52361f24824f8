/** A conversation as turns: what the user says, and everything until the user speaks again. */
import type { Conversation, Message } from './shapes.ts';

/** Each turn begins with a message of the user; the first one with what stands before that, too. */
export function turnsOf({ messages }: Conversation): readonly (readonly Message[])[] {
  const turns: Message[][] = [];
  let isSpeaking = false;
  for (const message of messages) {
    const isUser = message.role === 'user';
    const begins = turns.length === 0 || (isUser && isSpeaking);
    if (begins) turns.push([]);
    if (isUser) isSpeaking = true;
    turns.at(-1)?.push(message);
  }
  return turns;
}
