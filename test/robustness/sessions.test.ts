/**
 * The recorded conversations as sessions: a host and four workers in processes of their own, all of
 * which are killed again and again while many users talk. Nothing may be lost, nothing doubled.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { madeDataset } from '../../examples/airline/data/made.ts';
import { readRecorded } from '../../examples/airline/data/recorded.ts';
import type { Conversation } from '../../examples/airline/data/shapes.ts';
import { turnsOf } from '../../examples/airline/data/turns.ts';
import { open } from '../../src/index.ts';
import type { App } from '../../src/index.ts';
import { systemClock } from '../../src/internal/clock.ts';
import { seededRandom } from '../../src/internal/random.ts';
import {
  agentOf,
  linkPair,
  Session,
  SessionHost,
  sessionNames,
  SessionWorker,
  sqliteCodec,
  sqlitePayload,
} from '../../src/sessions/index.ts';
import { Processes } from './sessions/processes.ts';
import { runCount, runSeed } from './runs.ts';

const recorded =
  process.env['HOLDFAST_DATA'] ?? join(import.meta.dirname, '../../../shared/data/tau-bench');
const hasRecorded = existsSync(join(recorded, 'trajectories.jsonl'));
const workers = 4;
const usersAtOnce = 12;

/** Every fourth conversation is a SQLite database. */
function agentFor(index: number): string {
  return index % 4 === 3 ? 'rows' : 'structured';
}

async function talkAll(
  processes: Processes,
  conversations: readonly Conversation[],
  counts: { done: number; replayed: number; repeated: number },
): Promise<void> {
  let next = 0;
  async function user(): Promise<void> {
    for (let index = next++; index < conversations.length; index = next++) {
      const conversation = conversations[index] as Conversation;
      for (const [turn, messages] of turnsOf(conversation).entries()) {
        const request = { session: conversation.id, id: `turn ${turn}`, agent: agentFor(index) };
        const done = await processes.turn({ ...request, input: messages });
        expect(done).toMatchObject({ kind: 'done', version: turn + 1 });
        counts.done += 1;
        if (done.replayed) counts.replayed += 1;
        if (done.attempts > 1) counts.repeated += 1;
      }
    }
  }
  await Promise.all(Array.from({ length: usersAtOnce }, user));
}

async function messagesOf(app: App, name: string, index: number): Promise<unknown[]> {
  if (agentFor(index) === 'structured') return new Session(app.ledger, name).items('messages');
  // A worker that is sent the whole database, as the next turn would send it.
  await using host = new SessionHost(app, { codecs: [sqliteCodec] });
  let found: unknown[] = [];
  const rows = agentOf(sqlitePayload, ({ state }: { state: DatabaseSync }) => {
    const stored = state.prepare('SELECT message FROM messages ORDER BY id').all();
    found = stored.map(({ message }) => JSON.parse(String(message)) as unknown);
  });
  const [ours, theirs] = linkPair();
  host.attach(ours);
  void new SessionWorker({ agents: { rows } }).serve(theirs);
  await host.turn({ session: name, id: 'look', agent: 'rows' });
  return found;
}

async function check(path: string, conversations: readonly Conversation[]): Promise<void> {
  await using store = await open(`file:${path}`);
  const app = store.app('airline');
  const names: string[] = [];
  for await (const name of sessionNames(app)) names.push(name);
  expect(names).toEqual(conversations.map(({ id }) => id).toSorted());
  for (const [index, conversation] of conversations.entries()) {
    const { id, messages } = conversation;
    const turns = turnsOf(conversation);
    expect((await new Session(app.ledger, id).head())?.version).toBe(turns.length);
    expect(await messagesOf(app, id, index)).toEqual(messages);
    if (agentFor(index) === 'rows') continue;
    const ids = turns.map((_, turn) => `turn ${turn}`);
    expect(await new Session(app.ledger, id).get('turns')).toEqual(ids);
  }
}

test(
  `${hasRecorded ? '100 recorded' : 'made'} conversations come through kills (seed ${runSeed})`,
  { timeout: 300_000 },
  async () => {
    const data = hasRecorded ? await readRecorded(recorded) : madeDataset();
    const { conversations } = data;
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-sessions-'));
    const path = join(folder, 'store.db');
    const random = seededRandom(runSeed);
    const processes = new Processes(`file:${path}`);
    const kills = { workers: 0, hosts: 0 };
    try {
      await processes.startHost();
      for (let index = 0; index < workers; index += 1) processes.startWorker(index);
      const over = new AbortController();
      const counts = { done: 0, replayed: 0, repeated: 0 };
      const talking = talkAll(processes, conversations, counts).finally(() => over.abort());
      talking.catch(() => undefined);
      const hostKills = runCount(2, 1 / 100);
      let doneAtKill = 0;
      while (!over.signal.aborted) {
        await systemClock.sleep(50 + random.float() * 250);
        // Where nothing came of the last one yet, processes would die before they have begun.
        if (counts.done === doneAtKill) continue;
        doneAtKill = counts.done;
        const isHosts = kills.hosts < hostKills && kills.workers > (kills.hosts + 1) * 2;
        if (isHosts) await processes.restartHost();
        else await processes.restartWorker(Math.floor(random.float() * workers));
        kills[isHosts ? 'hosts' : 'workers'] += 1;
      }
      await talking;
      console.log('kills', kills, 'turns', counts);
      expect(kills.workers).toBeGreaterThan(2);
      expect(kills.hosts).toBeGreaterThan(0);
      expect(counts.repeated).toBeGreaterThan(0);
    } finally {
      await processes.stop();
    }
    await check(path, conversations);
    expect(processes.complaints).toBe('');
    rmSync(folder, { recursive: true });
  },
);
