/**
 * `bench`: what this store gives on this machine, by the clock, in a minute or less.
 *
 * It writes into a scope of its own of the app `bench` and takes that away when it is done; other
 * apps are left alone, but for sharing the store's time with it.
 */
import type { Ledger, Mutation } from '../../ledger/index.ts';
import type { Context } from '../context.ts';
import { usageError } from '../failure.ts';
import { parseDuration } from '../input/duration.ts';
import { formatCount } from '../output/format.ts';
import type { RecordShape } from '../output/output.ts';

export interface BenchOptions {
  readonly time: string;
  readonly callers: number;
  readonly bytes: number;
}

interface Question {
  readonly name: string;
  readonly callers: number;
  ask(index: number): Promise<unknown>;
}

interface Figure {
  readonly question: string;
  readonly callers: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const app = 'bench';
/** Distinct entries: enough for callers not to meet, few enough to be taken away at once. */
const keyCount = 1000;
/** Before it is measured each question is asked for this part of its time. */
const warmUp = 0.1;

const shape: RecordShape<Figure> = {
  json: (figure) => JSON.stringify(figure),
  columns: [
    { title: 'QUESTION', cell: ({ question }) => question },
    { title: 'CALLERS', cell: ({ callers }) => formatCount(callers), align: 'right' },
    { title: 'PER SECOND', cell: ({ perSecond }) => formatCount(perSecond), align: 'right' },
    { title: 'P50', cell: ({ p50Ms }) => shown(p50Ms), align: 'right' },
    { title: 'P99', cell: ({ p99Ms }) => shown(p99Ms), align: 'right' },
  ],
};

export async function bench(context: Context, options: BenchOptions): Promise<void> {
  const spanMs = parseDuration(options.time);
  if (spanMs < 1) throw usageError('--time must be longer than nothing');
  await context.withStore('create', async (store) => {
    const ledger = store.ledger(app);
    const scope = `run/${context.clock.now()}`;
    const questions = questionsOf(ledger, scope, options);
    context.note(`${questions.length} questions at ${store.url}, ${options.time} each`);
    const writer = context.output.records(shape);
    try {
      for (const question of questions) {
        await run(context, question, spanMs * warmUp);
        await writer.write(await run(context, question, spanMs));
        await writer.flush();
        await context.output.flush();
      }
    } finally {
      await clear(ledger, scope);
    }
  });
}

function questionsOf(ledger: Ledger, scope: string, options: BenchOptions): readonly Question[] {
  const value = 'x'.repeat(Math.max(0, options.bytes - 2));
  const keyOf = (index: number): string => `k${index % keyCount}`;
  const commit = (mutation: Mutation) => ledger.commit({ mutations: [mutation] });
  const set = (index: number) => commit({ kind: 'set', scope, key: keyOf(index), value });
  const get = async (index: number) => {
    const [entry] = await ledger.read([{ scope, key: keyOf(index) }]);
    return entry?.value.decode();
  };
  const operations = [{ op: 'increment' as const }];
  const count = () => commit({ kind: 'update', scope, key: 'counter', operations });
  const { callers } = options;
  return [
    { name: 'set, durable', callers: 1, ask: set },
    { name: 'set, durable', callers, ask: set },
    { name: 'get', callers: 1, ask: get },
    { name: 'get', callers, ask: get },
    { name: 'one counter', callers, ask: count },
  ];
}

async function run({ clock, signal }: Context, question: Question, ms: number): Promise<Figure> {
  const spans: number[] = [];
  const start = clock.monotonic();
  let asked = 0;
  async function caller(): Promise<void> {
    for (let now = start; now - start < ms;) {
      signal.throwIfAborted();
      asked += 1;
      await question.ask(asked);
      const done = clock.monotonic();
      spans.push(done - now);
      now = done;
    }
  }
  await Promise.all(Array.from({ length: question.callers }, caller));
  const seconds = (clock.monotonic() - start) / 1000;
  const sorted = Float64Array.from(spans).sort();
  const at = (part: number): number => rounded(sorted[Math.floor(sorted.length * part)] ?? 0);
  return {
    question: question.name,
    callers: question.callers,
    perSecond: Math.round(spans.length / seconds),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
}

/** As wide as any: each row is shown before the next is known. */
function shown(ms: number): string {
  return `${ms.toFixed(2)} ms`.padStart(10);
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

async function clear(ledger: Ledger, scope: string): Promise<void> {
  for (;;) {
    const { items } = await ledger.scan({ scope, limit: 500, keysOnly: true });
    if (items.length === 0) return;
    await ledger.commit({
      mutations: items.map(({ key }) => ({ kind: 'delete' as const, scope, key })),
    });
  }
}
