/** `node worker.ts URL NAME`: a worker in a process of its own, until it is killed. */
import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Message } from '../../../examples/airline/data/shapes.ts';
import {
  agentOf,
  connectWorker,
  SessionWorker,
  sqlitePayload,
  structuredAgent,
} from '../../../src/sessions/index.ts';

const [url = '', name = ''] = process.argv.slice(2);

/** Says what was recorded, message by message, so that a kill meets it in the middle. */
const structured = structuredAgent<readonly Message[]>(async (turn) => {
  const messages = turn.state.list<Message>('messages');
  for (const message of turn.input) {
    messages.append(message);
    turn.emit('message', message);
    await sleep(Math.random() * 2);
  }
  turn.state.update('turns', [{ op: 'append', values: [turn.id] }]);
  return messages.length;
});

const rows = agentOf(sqlitePayload, async (turn) => {
  const db = turn.state;
  if (turn.version === 0) db.exec('CREATE TABLE messages (id INTEGER PRIMARY KEY, message TEXT)');
  for (const message of turn.input as readonly Message[]) {
    db.prepare('INSERT INTO messages (message) VALUES (?)').run(JSON.stringify(message));
    turn.emit('message', message);
    await sleep(Math.random() * 2);
  }
  return Number(db.prepare('SELECT count(*) AS n FROM messages').get()?.['n']);
});

/** Writes the turn's id down, once there is a file of the name that it is given; says it waits. */
const waiting = structuredAgent<{ readonly until?: string }>(async (turn) => {
  const { until } = turn.input;
  if (until !== undefined) {
    writeFileSync(`${until}.begun`, '');
    while (!existsSync(until)) await sleep(5);
  }
  const log = turn.state.list('log');
  log.append(turn.id);
  return log.length;
});

const worker = new SessionWorker({ agents: { structured, rows, waiting }, name });
connectWorker(worker, url, { retryMaxMs: 200 });
