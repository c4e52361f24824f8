/** What turns do, once as handlers on a worker and once as plain functions. */
import { DatabaseSync } from 'node:sqlite';
import {
  agentOf,
  bytesPayload,
  digest,
  sqliteCodec,
  sqlitePayload,
  structuredAgent,
  wholeBytes,
} from '../../../src/sessions/index.ts';
import type { AnyAgent } from '../../../src/sessions/index.ts';
import type { Random } from '../../../src/internal/random.ts';
import type { Operation } from '../../../src/index.ts';
import { growingCodec } from '../../../src/testing/session-contract/stage.ts';

export type AgentName = 'entries' | 'bytes' | 'rows';

type Act =
  | readonly ['set', string, unknown]
  | readonly ['delete', string]
  | readonly ['update', string, readonly Operation[]]
  | readonly ['append', string, unknown];

/** A turn's input: what is done, in order. A handler that is told to fails in the end. */
export interface Script {
  readonly acts: readonly unknown[];
  readonly fails: boolean;
}

/** A digest that does not depend on the order of members. */
export function summaryOf(entries: readonly (readonly [string, unknown])[]): string {
  const sorted = (_: string, value: unknown): unknown => {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  };
  return digest(JSON.stringify(entries, sorted));
}

/** What others put there meanwhile may be no document. */
function isDocument(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && 'items' in value && 'n' in value;
}

function check(script: Script): void {
  if (script.fails) throw new Error('as it was told');
}

export const agents: Readonly<Record<AgentName, AnyAgent>> = {
  entries: structuredAgent<Script>((turn) => {
    const seen = summaryOf(turn.state.entries());
    for (const act of turn.input.acts as readonly Act[]) {
      turn.emit('act', act[0]);
      if (act[0] === 'set') turn.state.set(act[1], act[2]);
      else if (act[0] === 'delete') turn.state.delete(act[1]);
      else if (act[0] === 'append') turn.state.list(act[1]).append(act[2]);
      else if (isDocument(turn.state.get(act[1]))) turn.state.update(act[1], act[2]);
    }
    check(turn.input);
    return seen;
  }),
  bytes: agentOf(bytesPayload(growingCodec, wholeBytes), (turn) => {
    const script = turn.input as Script;
    const seen = new TextDecoder().decode(turn.state.bytes);
    let text = seen;
    for (const act of script.acts as readonly string[]) text = grown(text, act);
    turn.state.bytes = new TextEncoder().encode(text);
    check(script);
    return digest(seen);
  }),
  rows: agentOf(sqlitePayload, (turn) => {
    const script = turn.input as Script;
    const seen = turn.version;
    for (const act of script.acts as readonly string[]) turn.state.exec(act);
    check(script);
    return seen;
  }),
};

function grown(text: string, act: string): string {
  return act === 'begin anew' ? '' : text + act;
}

/** A state as a single process would have it, told apart by `text`. */
export interface Reference {
  readonly entries: ReadonlyMap<string, unknown>;
  readonly text: string;
  readonly statements: readonly string[];
}

export const nothing: Reference = { entries: new Map(), text: '', statements: [] };

export function applied(agent: AgentName, state: Reference, { acts }: Script): Reference {
  switch (agent) {
    case 'bytes':
      return { ...state, text: (acts as readonly string[]).reduce(grown, state.text) };
    case 'rows':
      return { ...state, statements: [...state.statements, ...(acts as readonly string[])] };
    case 'entries': {
      const entries = new Map(state.entries);
      for (const act of acts as readonly Act[]) applyAct(entries, act);
      return { ...state, entries };
    }
  }
}

function applyAct(entries: Map<string, unknown>, act: Act): void {
  const [kind, key] = act;
  if (kind === 'set') entries.set(key, act[2]);
  else if (kind === 'delete') entries.delete(key);
  else if (kind === 'append') {
    const count = [...entries.keys()].filter((name) => name.startsWith(`${key}/`)).length;
    entries.set(`${key}/${String(count).padStart(16, '0')}`, act[2]);
  } else {
    const value = structuredClone(entries.get(key));
    if (!isDocument(value)) return;
    for (const operation of act[2]) operate(value, operation);
    entries.set(key, value);
  }
}

interface Document {
  items: unknown[];
  n: number;
}

/** The two operations that scripts use, as anybody would write them. */
function operate(value: Document, operation: Operation): void {
  if (operation.op === 'increment') value.n += operation.by ?? 1;
  if (operation.op === 'append') value.items.push(...(operation.values as unknown[]));
  if (operation.op === 'set') value.items[0] = operation.value;
}

/** What is stored for a reference, as the test finds it. */
export function hashOfRows({ statements }: Reference): string {
  const db = new DatabaseSync(':memory:');
  for (const statement of statements) db.exec(statement);
  const hash = sqliteCodec.hash(statements.length === 0 ? new Uint8Array() : db.serialize());
  db.close();
  return hash;
}

const words = ['alpha', 'beta', 'gamma', 'delta'];

export function randomScript(agent: AgentName, state: Reference, random: Random): Script {
  const below = (n: number) => Math.floor(random.float() * n);
  const word = () => words[below(words.length)] ?? 'alpha';
  const count = 1 + below(4);
  const fails = random.float() < 0.05;
  const acts: unknown[] = [];
  let next = state;
  for (let index = 0; index < count; index += 1) {
    const act = {
      entries: () => randomAct(next, random, word),
      bytes: () => (below(12) === 0 ? 'begin anew' : word().repeat(1 + below(300))),
      rows: () => randomStatement(next, below),
    }[agent]();
    acts.push(act);
    next = applied(agent, next, { acts: [act], fails: false });
  }
  return { acts, fails };
}

function randomAct({ entries }: Reference, random: Random, word: () => string): Act {
  const below = (n: number) => Math.floor(random.float() * n);
  const value = () =>
    [word(), below(10), { [word()]: word(), pad: 'p'.repeat(below(200)) }][below(3)];
  switch (below(6)) {
    case 0:
      return ['set', word(), value()];
    case 1:
      return ['delete', [...entries.keys()].find((key) => !key.includes('/')) ?? word()];
    case 2:
    case 3: {
      const key = `document ${below(2)}`;
      if (!entries.has(key)) return ['set', key, { items: ['first'], n: 0 }];
      const choices: Operation[] = [
        { op: 'increment', path: ['n'], by: below(5) },
        { op: 'append', path: ['items'], values: [value()] },
        { op: 'set', path: ['items', 0], value: value() },
      ];
      return ['update', key, [choices[below(3)] as Operation]];
    }
    default:
      return ['append', 'log', value()];
  }
}

function randomStatement({ statements }: Reference, below: (n: number) => number): string {
  const tables = statements.filter((sql) => sql.startsWith('CREATE')).length;
  if (tables === 0 || below(8) === 0) {
    return `CREATE TABLE t${tables} (id INTEGER PRIMARY KEY, a, b)`;
  }
  const table = `t${below(tables)}`;
  const id = below(20);
  return [
    `INSERT OR REPLACE INTO ${table} VALUES (${id}, ${below(9)}, 'text ${below(99)}')`,
    `INSERT OR REPLACE INTO ${table} VALUES (${id}, ${below(9)}.5, x'${'ab'.repeat(below(40))}')`,
    `UPDATE ${table} SET a = ${below(99)} WHERE id > ${id}`,
    `DELETE FROM ${table} WHERE id = ${id}`,
  ][below(4)] as string;
}
