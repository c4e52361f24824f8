/**
 * What a caller may ask about the store as a whole, beside the calls of its ledgers.
 *
 * The one table of questions, as `calls.ts` is that of calls. None of them writes.
 */
import type { EngineStats, Incarnation, LedgerSource } from '../../ledger/index.ts';
import { count, list, name, record, text, word } from '../wire/shape.ts';
import type { Shape } from '../wire/shape.ts';

export interface Questions {
  /** The apps that hold something or have a history. */
  apps: { args: object; answer: readonly string[] };
  /** What the engine below gives and takes. */
  stats: { args: object; answer: EngineStats };
  /** Which incarnation each revision of an app belongs to. */
  incarnations: { args: { readonly app: string }; answer: readonly Incarnation[] };
}

export type Question = keyof Questions;
export type Directory = Pick<LedgerSource, 'names' | 'stats' | 'incarnations'>;

export interface QuestionShape<Q extends Question> {
  readonly args: Shape<Questions[Q]['args']>;
  readonly answer: Shape<Questions[Q]['answer']>;
  run(directory: Directory, args: Questions[Q]['args']): Promise<Questions[Q]['answer']>;
}

type Facts = EngineStats['facts'];

const facts: Shape<Facts> = {
  write: (value) => value,
  read(json) {
    const plain = Object.entries(Object(json) as object).filter(([, fact]) => isPlain(fact));
    return Object.fromEntries(plain) as Facts;
  },
};

function isPlain(fact: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof fact);
}

const table: { readonly [Q in Question]: QuestionShape<Q> } = {
  apps: {
    args: record<object>({}),
    answer: list(text),
    run: (directory) => directory.names(),
  },
  stats: {
    args: record<object>({}),
    answer: record<EngineStats>({
      scheme: text,
      durability: word('none', 'process', 'disk', 'replicated'),
      storedBytes: count,
      facts,
    }),
    run: (directory) => directory.stats(),
  },
  incarnations: {
    args: record({ app: name }),
    answer: list(record<Incarnation>({ id: text, from: count })),
    run: (directory, { app }) => directory.incarnations(app),
  },
};

export const questions = Object.keys(table) as readonly Question[];

export function questionShape<Q extends Question>(question: Q): QuestionShape<Q> {
  return table[question];
}
