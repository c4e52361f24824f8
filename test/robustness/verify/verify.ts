/**
 * Opens a store that a writer left behind and holds it against every promise that was made to it.
 *
 * V1. Everything acknowledged as durable is there, at its position and with its values.
 * V2. Every commit is whole, and is what was proposed; nothing was applied twice.
 * V3. The log folds to the state; the counts of the scopes are those of the entries.
 * V4. What was deleted or expired stays gone; each expiry becomes one change.
 * V5. The file is sound, takes new commits, and answers a repeated proposal as the first time.
 */
import { DatabaseSync } from 'node:sqlite';
import { isHoldfastError } from '../../../src/errors/index.ts';
import type { Clock } from '../../../src/internal/clock.ts';
import { systemClock } from '../../../src/internal/clock.ts';
import type { CommitAnswer } from '../../../src/ledger/index.ts';
import type { Ledgers } from '../../../src/ledger/ledgers.ts';
import type { Ack } from '../load/acks.ts';
import { apps, lanes, sentAt } from '../load/proposals.ts';
import type { App } from '../load/proposals.ts';
import { openStore, storePath } from '../load/store.ts';
import { explain, verifier } from './explain.ts';
import { Fold } from './fold.ts';
import { readHistory } from './history.ts';
import type { History } from './history.ts';
import { Problems } from './problems.ts';
import * as promises from './promises.ts';
import type { Acknowledged } from './promises.ts';

const hourMs = 60 * 60 * 1000;
const repeatsPerWriter = 4;

/** A clock that stands where it was put; waiting is real. */
class StandingClock {
  time: number;
  readonly clock: Clock = { ...systemClock, now: () => this.time };

  constructor(time: number) {
    this.time = time;
  }
}

export interface Verdict {
  readonly problems: Problems;
  /** Commits that were found, over all apps. */
  readonly commits: number;
}

export async function verifyStore(folder: string, said: Acknowledged): Promise<Verdict> {
  const problems = new Problems();
  const clock = new StandingClock(newestTime(said.acks));
  let commits = 0;
  try {
    const ledgers = await openStore(folder, { clock: clock.clock, sweepMs: 0 });
    try {
      for (const app of apps) {
        const history = await readHistory(ledgers, app);
        promises.demandAcknowledged(app, history, said, problems);
        judge(app, history, said.seed, problems);
        commits += history.commits.length;
        clock.time = Math.max(clock.time, history.head.time);
      }
      await demandRepeats(ledgers, said, problems);
      clock.time += hourMs;
      await ledgers.runDuties();
      for (const app of apps) {
        const history = await readHistory(ledgers, app);
        judge(app, history, said.seed, problems);
        demandSwept(app, history, problems);
      }
      await demandWritable(ledgers, problems);
    } finally {
      await ledgers.close();
    }
    demandSound(folder, problems);
  } catch (error) {
    problems.add(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  return { problems, commits };
}

function newestTime(acks: ReadonlyMap<string, readonly Ack[]>): number {
  let newest = 1;
  for (const lines of acks.values()) {
    for (const ack of lines) if (ack.kind === 'committed') newest = Math.max(newest, ack.time);
  }
  return newest;
}

function judge(app: App, history: History, seed: number, problems: Problems): void {
  const { trimmed } = history.head;
  const fold = new Fold({ name: app, trimmed }, problems);
  for (const commit of history.commits) {
    explain(app, seed, commit, fold, problems);
    fold.apply(commit);
  }
  promises.demandOnce(app, history, problems);
  promises.demandFolded(app, history, fold.state, (at) => fold.isUnknown(at), problems);
  promises.demandCounts(app, history, problems);
  promises.demandWholeCommits(app, history, problems);
}

/** An hour later everything mortal is dead, swept and out of the totals. */
function demandSwept(app: App, { head, entries }: History, problems: Problems): void {
  let bytes = 0;
  for (const [address, { expiresAt, size }] of entries) {
    bytes += size;
    if (expiresAt !== undefined) problems.add(`${app}: ${address} has outlived its expiry`);
  }
  if (head.entries !== entries.size || head.bytes !== bytes) {
    const totals = `${head.entries} entries of ${head.bytes} bytes`;
    problems.add(`${app}: the head says ${totals}, there are ${entries.size} of ${bytes}`);
  }
}

/**
 * A client that never heard an answer asks again: applied then, it is told so; if not, it is now.
 */
async function demandRepeats(
  ledgers: Ledgers,
  { seed, acks }: Acknowledged,
  problems: Problems,
): Promise<void> {
  for (const [writer, lines] of acks) {
    for (const index of promises.unanswered(lines, lanes).slice(0, repeatsPerWriter)) {
      const { app, proposal, original } = sentAt(seed, writer, index);
      const { commits, head } = await readHistory(ledgers, app);
      const actor = `${writer}:${original}`;
      const applied = commits.find((commit) => commit.actor === actor);
      const answer = await answerOf(ledgers.ledger(app).commit(proposal));
      if (applied !== undefined) {
        const told = answer?.kind === 'committed' && answer.replayed ? answer.position.revision : 0;
        if (told === applied.position.revision) continue;
        problems.add(`${app}: ${actor} is revision ${applied.position.revision}, told ${told}`);
      } else if (answer?.kind === 'committed' && answer.replayed && head.trimmed === 0) {
        const nothing = answer.results.every(({ change }) => change === 'none');
        if (!nothing) problems.add(`${app}: ${actor} is answered as applied, and is not there`);
      }
    }
  }
}

/** Undefined if the proposal does not apply. */
async function answerOf(answer: Promise<CommitAnswer>): Promise<CommitAnswer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isHoldfastError(error, 'operation_failed')) return undefined;
    throw error;
  }
}

async function demandWritable(ledgers: Ledgers, problems: Problems): Promise<void> {
  const ref = { scope: 'after', key: 'reopened' };
  for (const app of apps) {
    const ledger = ledgers.ledger(app);
    const { position } = await ledger.head();
    const mutations = [{ kind: 'set', ...ref, value: position }] as const;
    const answer = await ledger.commit({ mutations, actor: verifier });
    const [entry] = await ledger.read([ref]);
    const written = answer.kind === 'committed' && answer.position.revision > position.revision;
    if (written && entry?.version === answer.position.revision) continue;
    problems.add(`${app}: the reopened store does not take a commit`);
  }
}

function demandSound(folder: string, problems: Problems): void {
  using database = new DatabaseSync(storePath(folder));
  const lines = database.prepare('PRAGMA integrity_check').all();
  const [first] = lines;
  if (lines.length !== 1 || first?.['integrity_check'] !== 'ok') {
    problems.add(`integrity_check: ${JSON.stringify(lines.slice(0, 5))}`);
  }
}
