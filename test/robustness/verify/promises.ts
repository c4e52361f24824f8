/** What was promised to the writers, held against what a ledger shows of itself. */
import type { Commit } from '../../../src/ledger/index.ts';
import { isStamped, sentAt, sides } from '../load/proposals.ts';
import type { App } from '../load/proposals.ts';
import { flushedThrough } from '../load/acks.ts';
import type { Ack } from '../load/acks.ts';
import { verifier } from './explain.ts';
import type { Held } from './fold.ts';
import type { History } from './history.ts';
import type { Problems } from './problems.ts';

export interface Acknowledged {
  readonly seed: number;
  readonly acks: ReadonlyMap<string, readonly Ack[]>;
  /** Whether what was acknowledged only as `relaxed` may be gone: after a power cut, not a kill. */
  readonly relaxedMayBeLost: boolean;
}

function commitsByActor(commits: readonly Commit[]): Map<string, Commit> {
  return new Map(commits.map((commit) => [commit.actor ?? '', commit]));
}

/** P1, of a proposal: however often it was sent, it was applied once. */
export function demandOnce(app: App, { commits }: History, problems: Problems): void {
  const met = new Set<string>();
  for (const { actor } of commits) {
    if (actor === undefined || actor === verifier) continue;
    if (met.has(actor)) problems.add(`${app}: ${actor} was applied twice`);
    met.add(actor);
  }
}

/** P2: what was acknowledged as durable is there, where it was said to be. */
export function demandAcknowledged(
  app: App,
  history: History,
  { seed, acks, relaxedMayBeLost }: Acknowledged,
  problems: Problems,
): void {
  const byActor = commitsByActor(history.commits);
  for (const [writer, lines] of acks) {
    const flushed = flushedThrough(lines);
    for (const [line, ack] of lines.entries()) {
      if (ack.kind !== 'committed') continue;
      const load = sentAt(seed, writer, ack.index);
      if (load.app !== app) continue;
      const changed = ack.results.some(([change]) => change !== 'none');
      if (!changed || ack.revision <= history.head.trimmed) continue;
      const actor = `${writer}:${load.original}`;
      const found = byActor.get(actor);
      const durable = ack.durability === 'sync' || line < flushed || !relaxedMayBeLost;
      if (found === undefined) {
        // What may be lost is the end of history: nothing that came after it may be there.
        if (!durable && ack.revision > history.head.position.revision) continue;
        problems.add(`${app}: ${actor} is lost, acknowledged at revision ${ack.revision}`);
      } else judgeAck(app, actor, ack, found, problems);
    }
  }
}

function judgeAck(
  app: App,
  actor: string,
  ack: Ack & { kind: 'committed' },
  found: Commit,
  problems: Problems,
): void {
  const { position, time, changes } = found;
  const same =
    position.revision === ack.revision &&
    position.incarnation === ack.incarnation &&
    time === ack.time;
  if (!same) {
    const said = `${ack.incarnation}/${ack.revision} at ${ack.time}`;
    const is = `${position.incarnation}/${position.revision} at ${time}`;
    problems.add(`${app}: ${actor} was acknowledged as ${said} and is ${is}`);
  }
  const changed = ack.results.filter(([change]) => change !== 'none').length;
  if (changed !== changes.length) {
    problems.add(`${app}: ${actor} was told of ${changed} changes and has ${changes.length}`);
  }
}

/** The state is what the log folds to; what the log no longer tells is older than the log. */
export function demandFolded(
  app: App,
  history: History,
  state: ReadonlyMap<string, Held>,
  isUnknown: (address: string) => boolean,
  problems: Problems,
): void {
  const { entries, head } = history;
  for (const [address, entry] of entries) {
    const held = state.get(address);
    if (held === undefined) {
      const older = isUnknown(address) && entry.version <= head.trimmed;
      if (!older) problems.add(`${app}: ${address} is there, and the log says that it is not`);
    } else if (held.version !== entry.version || !held.value.equals(entry.value)) {
      problems.add(`${app}: ${address} is not what the log says`);
    } else if (held.expiresAt !== entry.expiresAt || held.size !== entry.size) {
      problems.add(`${app}: ${address} lives or weighs otherwise than the log says`);
    }
    if (entry.expiresAt !== undefined && entry.expiresAt <= head.time) {
      problems.add(`${app}: ${address} is dead and shown`);
    }
  }
  for (const [address, held] of state) {
    const alive = held.expiresAt === undefined || held.expiresAt > head.time;
    if (alive && !entries.has(address)) problems.add(`${app}: ${address} is missing`);
  }
}

/** The counts of each scope are those of its entries. */
export function demandCounts(app: App, { scopes, entries }: History, problems: Problems): void {
  const counts = new Map<string, { entries: number; bytes: number }>();
  for (const { scope, size } of entries.values()) {
    const count = counts.get(scope) ?? { entries: 0, bytes: 0 };
    counts.set(scope, { entries: count.entries + 1, bytes: count.bytes + size });
  }
  for (const { scope, entries: said, bytes } of scopes) {
    const is = counts.get(scope) ?? { entries: 0, bytes: 0 };
    if (is.entries === said && is.bytes === bytes) continue;
    const told = `${said} entries of ${bytes} bytes`;
    problems.add(`${app}: ${scope} says ${told}, and has ${is.entries} of ${is.bytes}`);
  }
}

/**
 * What half a commit would break: pairs are equal, and transfers neither make nor lose anything.
 */
export function demandWholeCommits(app: App, { entries }: History, problems: Problems): void {
  let balance = 0;
  for (const [address, { scope, key, value, version }] of entries) {
    if (scope === 'accounts') balance += value.decode() as number;
    const side = sides.indexOf(scope as (typeof sides)[number]);
    if (side < 0) continue;
    const other = entries.get(`${sides[1 - side]}/${key}`);
    const equal = other !== undefined && other.value.equals(value) && other.version === version;
    if (!equal) problems.add(`${app}: ${address} has lost or outlived its twin`);
  }
  if (balance !== 0) problems.add(`${app}: the accounts sum to ${balance}`);
}

/** Stamped proposals whose answer was lost: the same proposal may be sent again. */
export function unanswered(acks: readonly Ack[], lanes: number): number[] {
  const answered = new Set(acks.map((ack) => (ack.kind === 'flushed' ? -1 : ack.index)));
  const newest = Math.max(-1, ...answered);
  const open: number[] = [];
  for (let index = 0; index <= newest + lanes; index += 1) {
    if (isStamped(index) && !answered.has(index)) open.push(index);
  }
  return open;
}
