/** What is said. The agent's side stands in for a language model: it knows what comes next. */

export interface Message {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

const lines: readonly (readonly [user: string, assistant: string])[] = [
  [
    'Hello! I would like to fly from New York to Seattle.',
    'With pleasure. On which day, and how many of you are travelling?',
  ],
  [
    'The 20th of May, just me. An aisle seat, please.',
    'There is a direct flight at 9:15 with an aisle seat in row 12, for $182. Shall I take it?',
  ],
  [
    'Yes. Can I bring a bicycle?',
    'You can: it counts as a checked bag and has to be in a box. I have noted it, it adds $35. ' +
      'Your seat is 12C, your flight leaves at 9:15, and the whole comes to $217. ' +
      'I send the confirmation as soon as you say so.',
  ],
  ['Then please book it.', 'Done: your reservation is QX4T7L. Have a good flight!'],
  ['What was my seat again?', 'Seat 12C, on the aisle.'],
];

export const questions: readonly string[] = lines.map(([user]) => user);

/** The answer to the question that `messages` end with. */
export function answerTo(messages: readonly Message[]): string {
  const asked = messages.at(-1)?.content;
  return lines.find(([user]) => user === asked)?.[1] ?? 'I did not get that.';
}
