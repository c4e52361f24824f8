/** What the example shows: one live line while it runs, and totals at the end. */
import { styleText } from 'node:util';
import { SingleBar, Presets } from 'cli-progress';
import type { Dataset } from './data/shapes.ts';
import { effectOf } from './replay/effects.ts';
import type { Tally } from './replay/replay.ts';
import { totalNames } from './replay/state.ts';
import type { AirlineState, TotalName } from './replay/state.ts';

const labels: Readonly<Record<TotalName, string>> = {
  conversations: 'conversations finished',
  messages: 'messages kept',
  toolCalls: 'tool calls',
  bookings: 'reservations booked',
  changes: 'reservations changed',
  certificates: 'certificates sent',
  refused: 'calls refused by the airline',
};

export function say(text = ''): void {
  process.stdout.write(`${text}\n`);
}

export function styledTitle(text: string): string {
  return styleText('bold', text);
}

/** What went wrong is said in one line; the stack is of no use to whoever tries the example. */
export async function inOneLine(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    console.error(error instanceof Error ? `error: ${error.message}` : error);
    process.exitCode = 1;
  }
}

export class LiveLine {
  readonly #bar: SingleBar;
  readonly #done: number;

  constructor(done: number, of: number, conversations: number) {
    this.#done = done;
    this.#bar = new SingleBar(
      {
        stream: process.stdout,
        hideCursor: true,
        noTTYOutput: false,
        barsize: 28,
        format: `{bar} {percentage}%  step {value} of {total}  {finished} of ${conversations} conversations  {rate} steps/s`,
      },
      Presets.shades_classic,
    );
    this.#bar.start(of, done, { finished: 0, rate: 0 });
  }

  update({ steps, finished }: Tally, spentMs: number): void {
    const rate = Math.round((steps / Math.max(1, spentMs)) * 1000);
    this.#bar.update(this.#done + steps, { finished, rate });
  }

  end(): void {
    this.#bar.stop();
  }
}

export async function showTotals(
  state: AirlineState,
  dataset: Dataset,
  tally: Tally,
  store: string,
): Promise<void> {
  say();
  say(styledTitle('In the store now'));
  const totals = await state.totals.getMany(totalNames);
  for (const [index, name] of totalNames.entries()) row(labels[name], totals[index] ?? 0);
  const top = await busiest(state);
  row('users who came', await state.visits.count());
  row('most visits by one user', top.visits, top.user);
  row(
    'searches in the cache',
    await state.searches.count(),
    'gone ten minutes after they were made',
  );
  say();
  const { cacheHits, cacheMisses } = tally;
  say(`This run: ${tally.steps} steps, ${cacheHits} searches from the cache, ${cacheMisses} made.`);
  say(`Data: ${dataset.name}.`);
  say();
  say(styledTitle('Look into it'));
  const address = store.startsWith('file:') ? store.slice('file:'.length) : store;
  const [first] = dataset.conversations;
  for (const command of [
    'scopes',
    'list visits',
    `get reservations ${firstChanged(dataset)}`,
    `list '$list/conversation/1/${first?.id ?? ''}'`,
    'log --last 10 --follow',
  ]) {
    say(`  npm run -s holdfast -- -s ${address} -a airline ${command}`);
  }
}

/** A reservation that is worth a look. */
function firstChanged({ conversations, reservations }: Dataset): string {
  for (const conversation of conversations) {
    for (const step of conversation.messages.keys()) {
      const effect = effectOf(1, conversation, step);
      if (effect.kind === 'change') return effect.key;
    }
  }
  return reservations[0]?.[0] ?? '';
}

function row(label: string, count: number, remark = ''): void {
  say(
    `  ${label.padEnd(30)}${count.toLocaleString('en-US').padStart(8)}  ${styleText('dim', remark)}`.trimEnd(),
  );
}

async function busiest(state: AirlineState): Promise<{ user: string; visits: number }> {
  let most = { user: '', visits: 0 };
  for await (const { key, value } of state.visits.entries()) {
    if (value > most.visits) most = { user: key, visits: value };
  }
  return most;
}
