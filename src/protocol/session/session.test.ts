import { expect, test } from 'vitest';
import type { Ledger, LogPage } from '../../ledger/index.ts';
import { decodeAnswer } from '../messages/answer.ts';
import { CallingSession } from './calling-session.ts';
import { decodeRequest, encodeRequest } from '../messages/request.ts';
import { ServingSession } from './serving-session.ts';

const position = { incarnation: 'i', revision: 1 };
const page: LogPage = { kind: 'commits', commits: [], through: position, head: position };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A ledger whose watch counts what is asked of it, and which fails at everything else. */
function counting(pages: number): { ledger: Ledger; asked: () => number; returned: () => boolean } {
  let asked = 0;
  let returned = false;
  const iterator: AsyncIterableIterator<LogPage> = {
    [Symbol.asyncIterator]: () => iterator,
    async next() {
      asked += 1;
      return asked > pages ? { done: true, value: undefined } : { done: false, value: page };
    },
    async return() {
      returned = true;
      return { done: true, value: undefined };
    },
  };
  const failing = async (): Promise<never> => {
    throw new TypeError('a secret of the server');
  };
  const ledger = { name: 'a', watch: () => iterator, head: failing } as unknown as Ledger;
  return { ledger, asked: () => asked, returned: () => returned };
}

function serving(ledger: Ledger): { session: ServingSession; answers: () => string[] } {
  const frames: Uint8Array[] = [];
  const session = new ServingSession({ ledger: () => ledger, send: (frame) => frames.push(frame) });
  return { session, answers: () => frames.splice(0).map((frame) => decodeAnswer(frame).kind) };
}

test('a stream sends no page without credit', async () => {
  const { ledger, asked } = counting(10);
  const { session, answers } = serving(ledger);
  session.receive(encodeRequest({ kind: 'watch', id: 1, app: 'a', options: {} }));
  await turn();
  expect(asked()).toBe(0);
  session.receive(encodeRequest({ kind: 'pull', id: 1, count: 3 }));
  await turn();
  expect(asked()).toBe(3);
  expect(answers()).toEqual(['item', 'item', 'item']);
});

test('a stream that is stopped lets go of its ledger, and ends once', async () => {
  const { ledger, returned } = counting(10);
  const { session, answers } = serving(ledger);
  session.receive(encodeRequest({ kind: 'watch', id: 1, app: 'a', options: {} }));
  session.receive(encodeRequest({ kind: 'stop', id: 1 }));
  session.receive(encodeRequest({ kind: 'stop', id: 1 }));
  session.receive(encodeRequest({ kind: 'pull', id: 1, count: 1 }));
  await turn();
  expect(returned()).toBe(true);
  expect(answers()).toEqual(['end']);
  expect(session.open).toBe(0);
});

test('a session that closes lets go of its ledgers and answers nothing more', async () => {
  const { ledger, returned } = counting(10);
  const { session, answers } = serving(ledger);
  session.receive(encodeRequest({ kind: 'watch', id: 1, app: 'a', options: {} }));
  session.close();
  await turn();
  expect(returned()).toBe(true);
  expect(answers()).toEqual([]);
});

test('an id that is still open is a protocol error', () => {
  const { session } = serving(counting(1).ledger);
  const watch = encodeRequest({ kind: 'watch', id: 1, app: 'a', options: {} });
  session.receive(watch);
  expect(() => session.receive(watch)).toThrow(expect.objectContaining({ code: 'protocol' }));
});

test('a bug of the ledger is told as internal, without its message', async () => {
  const frames: Uint8Array[] = [];
  const { ledger } = counting(1);
  const session = new ServingSession({ ledger: () => ledger, send: (frame) => frames.push(frame) });
  session.receive(encodeRequest({ kind: 'call', id: 1, app: 'a', method: 'head', args: {} }));
  await turn();
  const text = new TextDecoder().decode(frames[0]);
  expect(text).toContain('"code":"internal"');
  expect(text).not.toContain('secret');
});

test('a request that cannot be read fails alone', async () => {
  const { session, answers } = serving(counting(1).ledger);
  session.receive(new TextEncoder().encode('{"kind":"call","id":5,"app":"a","method":"drop"}\n'));
  expect(answers()).toEqual(['error']);
  expect(() => session.receive(Uint8Array.of(1, 2))).toThrow();
});

test('a reader asks ahead by its window and holds no more', async () => {
  const pulls: number[] = [];
  const calling = new CallingSession({
    watchWindow: 4,
    send(frame) {
      const request = decodeRequest(frame);
      if (request.kind === 'pull') pulls.push(request.count);
    },
  });
  const pages = calling.watch('a', {})[Symbol.asyncIterator]();
  expect(pulls).toEqual([]);
  void pages.next();
  void pages.next();
  expect(pulls).toEqual([4, 1]);
});

test('a lost connection leaves open what may have been written, and nothing else', async () => {
  const calling = new CallingSession({ send: () => undefined });
  const ledger = calling.ledger('a');
  const commit = ledger.commit({});
  const read = ledger.read([]);
  const pages = ledger.watch()[Symbol.asyncIterator]();
  const next = pages.next();
  calling.fail(new Error('reset'));
  await expect(commit).rejects.toMatchObject({ code: 'outcome_unknown', outcome: 'unknown' });
  await expect(read).rejects.toMatchObject({ code: 'unavailable', outcome: 'not-applied' });
  await expect(next).rejects.toMatchObject({ code: 'unavailable' });
  expect(await pages.next()).toEqual({ done: true, value: undefined });
  await expect(ledger.commit({})).rejects.toMatchObject({ code: 'unavailable' });
  expect(calling.open).toBe(0);
});

test('an answer that nobody waits for is a protocol error', () => {
  const calling = new CallingSession({ send: () => undefined });
  const end = new TextEncoder().encode('{"kind":"end","id":1}\n');
  expect(() => calling.receive(end)).toThrow(expect.objectContaining({ code: 'protocol' }));
});
