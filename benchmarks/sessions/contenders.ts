/**
 * Four ways to keep the same conversation in step: all of them sessions, on the same host, so that
 * only the payload differs.
 */
import type { DatabaseSync } from 'node:sqlite';
import jsonPatch from 'fast-json-patch';
import type { Operation } from 'fast-json-patch';
import {
  agentOf,
  bytesPayload,
  digest,
  sqlitePayload,
  structuredAgent,
} from '../../src/sessions/index.ts';
import type { AnyAgent, BytesCodec, BytesView } from '../../src/sessions/index.ts';
import type { Message } from '../../examples/airline/data/shapes.ts';

export const contenders = {
  structured: 'structured deltas',
  sqlite: 'SQLite changesets',
  patch: 'JSON Patch (fast-json-patch)',
  snapshot: 'a snapshot as each answer',
} as const;
export type Contender = keyof typeof contenders;
export const contenderNames = Object.keys(contenders) as Contender[];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function read(bytes: Uint8Array): Message[] {
  return bytes.byteLength === 0 ? [] : (JSON.parse(decoder.decode(bytes)) as Message[]);
}

function write(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

export const snapshotCodec: BytesCodec = {
  name: 'json',
  empty: () => new Uint8Array(),
  diff: () => undefined,
  apply: (before) => before,
  hash: (bytes) => digest(bytes),
};

export const patchCodec: BytesCodec = {
  ...snapshotCodec,
  name: 'json-patch',
  diff: (before, after) => write(jsonPatch.compare(read(before), read(after))),
  apply(before, delta) {
    const operations = JSON.parse(decoder.decode(delta)) as Operation[];
    return write(jsonPatch.applyPatch(read(before), operations, false, false).newDocument);
  },
};

const messagesView: BytesView<Message[]> = {
  open: read,
  close: write,
  discard: () => undefined,
};

type Input = readonly Message[];

export const agents: Readonly<Record<Contender, AnyAgent>> = {
  structured: structuredAgent<Input>((turn) => {
    turn.state.list('messages').append(...turn.input);
  }),
  sqlite: agentOf(sqlitePayload, (turn: { version: number; input: Input; state: DatabaseSync }) => {
    const { state, input } = turn;
    if (turn.version === 0) state.exec('CREATE TABLE messages (id INTEGER PRIMARY KEY, message)');
    const insert = state.prepare('INSERT INTO messages (message) VALUES (?)');
    for (const message of input) insert.run(JSON.stringify(message));
  }),
  patch: agentOf(bytesPayload(patchCodec, messagesView), appended),
  snapshot: agentOf(bytesPayload(snapshotCodec, messagesView), appended),
};

function appended({ state, input }: { state: Message[]; input: Input }): void {
  state.push(...input);
}
