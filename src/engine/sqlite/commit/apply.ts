/**
 * Writing one work's decision into the open transaction.
 *
 * W1. One upsert for each entry, one row for the log, one for each scope, one for the ledger: what
 *     is written is what a group changed, folded.
 * W2. The ledger's row is computed here rather than in SQL: the file is locked, and what is known
 *     of the ledger is current.
 * W3. Nothing that other calls can see changes before `publish`, which is called after COMMIT.
 */
import type { Head } from '../../entry.ts';
import type { Applied, Decision, Stamp } from '../../transaction.ts';
import type { Connection } from '../file/connection.ts';
import { frozenHead, storedOf } from '../ledgers.ts';
import type { Ledgers, LedgerState, ScopeState } from '../ledgers.ts';
import { appendLog, rewriteLog, trimLog } from '../log.ts';
import { keepLastStamp, pruneStamps } from './stamps.ts';

/** Scopes of the ledger itself, which its totals leave out. */
const uncountedPrefix = '$ledger/';

const upsertEntry = `INSERT INTO entry (scope, key, version, created_at, updated_at, expires_at,
    schema, size, external, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (scope, key) DO UPDATE SET version = excluded.version,
    created_at = excluded.created_at, updated_at = excluded.updated_at,
    expires_at = excluded.expires_at, schema = excluded.schema, size = excluded.size,
    external = excluded.external, content = excluded.content`;
const deleteEntry = 'DELETE FROM entry WHERE scope = ? AND key = ?';
const insertScope =
  'INSERT INTO scope (ledger, name, entries, bytes, revision) VALUES (?, ?, ?, ?, ?) RETURNING id';
const updateScope = `UPDATE scope SET entries = entries + ?, bytes = bytes + ?,
  revision = max(revision, ?) WHERE id = ?`;
const insertLedger = 'INSERT INTO ledger (name) VALUES (?) RETURNING id';
const insertHead = `INSERT INTO scope (ledger, name, revision, time, incarnation, trimmed, entries,
  bytes, log_bytes, changes) VALUES (?, '', 0, 0, '', 0, 0, 0, 0, 0)`;
const updateLedger = `UPDATE scope SET revision = ?, time = ?, incarnation = ?, trimmed = ?,
  entries = ?, bytes = ?, log_bytes = ?, changes = ?, stamp_member = ?, stamp_sequence = ?,
  stamp_base = ?, stamp_time = ? WHERE ledger = ? AND name = ''`;
// The check of entries costs one look; it keeps a miscounted scope from losing what it still holds.
const deleteEmptyScopes = `DELETE FROM scope WHERE ledger = ? AND entries = 0 AND name > ''
  AND revision <= ?
  AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.scope = scope.id) RETURNING name`;

export interface Plan {
  readonly ledger: LedgerState;
  readonly decision: Decision;
  readonly time: number;
  readonly stamp: Stamp;
  /** The incarnation that begins with this decision, if one does. */
  readonly incarnation: string | undefined;
}

export interface Change {
  readonly applied: Applied;
  readonly ledger: string;
  readonly revisions: number;
  /** Makes what was written known to this process; after COMMIT. */
  publish(): void;
}

/** Upkeep (a trim, a rewrite, blind counts) takes no revision, but it is something to apply. */
export function isIdle({ revisions, scopes, trimThrough, rewrites }: Decision): boolean {
  return (
    revisions === 0 &&
    scopes.length === 0 &&
    trimThrough === undefined &&
    (rewrites === undefined || rewrites.length === 0)
  );
}

/** What a decision that changes nothing is answered with. */
export function idleOutcome(ledger: LedgerState, time: number): Applied {
  const { revision: base, incarnation } = ledger.head;
  return { kind: 'applied', base, incarnation, time };
}

interface Tally {
  readonly state: ScopeState;
  id: number;
  entries: number;
  bytes: number;
  revision: number;
  /** Whether the scope needs a row, and whether the row changes. */
  isNeeded: boolean;
  isCounted: boolean;
}

export class Application {
  readonly #connection: Connection;
  readonly #ledgers: Ledgers;
  readonly #plan: Plan;
  readonly #tallies = new Map<string, Tally>();
  readonly #upsert;
  readonly #base: number;
  #id: number;
  #pruned: readonly string[] = [];

  constructor(connection: Connection, ledgers: Ledgers, plan: Plan) {
    this.#connection = connection;
    this.#ledgers = ledgers;
    this.#plan = plan;
    this.#base = plan.ledger.head.revision;
    this.#id = plan.ledger.id;
    this.#upsert = connection.statement(upsertEntry);
  }

  run(): Change {
    const { ledger, decision, time, stamp, incarnation } = this.#plan;
    if (isIdle(decision)) {
      const applied = idleOutcome(ledger, time);
      return { applied, ledger: ledger.name, revisions: 0, publish: () => undefined };
    }
    if (this.#id === 0) {
      this.#id = this.#connection.first(insertLedger, ledger.name)?.[0] as number;
      this.#connection.run(insertHead, this.#id);
    }
    if (incarnation !== undefined) {
      this.#connection.run(
        'INSERT INTO incarnation VALUES (?, ?, ?)',
        this.#id,
        this.#base,
        incarnation,
      );
    }
    this.#count();
    this.#writeEntries();
    keepLastStamp(this.#connection, ledger, stamp);
    const head = this.#writeLog(this.#nextHead());
    const applied: Applied = {
      kind: 'applied',
      base: this.#base,
      incarnation: head.incarnation,
      time,
    };
    this.#writeLedger(head);
    return {
      applied,
      ledger: ledger.name,
      revisions: decision.revisions,
      publish: () => this.#publish(head),
    };
  }

  /** Folds the deltas of each scope, and makes the rows that are missing. */
  #count(): void {
    const { decision } = this.#plan;
    for (const delta of decision.scopes) {
      const tally = this.#tally(delta.scope);
      tally.entries += delta.entries;
      tally.bytes += delta.bytes;
      tally.isNeeded = true;
      tally.isCounted = true;
      if (delta.offset !== undefined) {
        tally.revision = Math.max(tally.revision, this.#base + delta.offset);
      }
    }
    for (const { kind, scope } of decision.writes) {
      const tally = this.#tally(scope);
      if (kind === 'put') tally.isNeeded = true;
    }
    for (const [name, tally] of this.#tallies) this.#writeScope(name, tally);
  }

  #tally(scope: string): Tally {
    const known = this.#tallies.get(scope);
    if (known !== undefined) return known;
    const state = this.#ledgers.scope(this.#plan.ledger, scope);
    const counts = { entries: 0, bytes: 0, revision: 0, isNeeded: false, isCounted: false };
    const tally: Tally = { state, id: state.id, ...counts };
    this.#tallies.set(scope, tally);
    return tally;
  }

  #writeScope(name: string, tally: Tally): void {
    const { id, entries, bytes, revision, isNeeded, isCounted } = tally;
    if (id !== 0) {
      if (isCounted) this.#connection.run(updateScope, entries, bytes, revision, id);
    } else if (isNeeded) {
      const row = this.#connection.first(insertScope, this.#id, name, entries, bytes, revision);
      tally.id = row?.[0] as number;
    }
  }

  #writeEntries(): void {
    const { decision, time } = this.#plan;
    for (const write of decision.writes) {
      const { id } = this.#tally(write.scope);
      if (write.kind === 'delete') {
        if (id !== 0) this.#connection.run(deleteEntry, id, write.key);
        continue;
      }
      this.#upsert.run(
        id,
        write.key,
        this.#base + write.offset,
        write.createdAt ?? time,
        time,
        write.expiresAt ?? null,
        write.schema,
        write.size,
        write.external ? 1 : 0,
        write.content,
      );
    }
  }

  #nextHead(): Head {
    const { ledger, decision, time, incarnation } = this.#plan;
    const { head } = ledger;
    let { entries, bytes } = head;
    for (const [name, tally] of this.#tallies) {
      if (name.startsWith(uncountedPrefix)) continue;
      entries += tally.entries;
      bytes += tally.bytes;
    }
    return {
      ...head,
      incarnation: incarnation ?? head.incarnation,
      revision: head.revision + decision.revisions,
      time: decision.revisions > 0 ? time : head.time,
      entries,
      bytes,
    };
  }

  /** Appends, rewrites and trims; returns the head with what that changed. */
  #writeLog(head: Head): Head {
    const { ledger, decision, time } = this.#plan;
    const { log, rewrites = [], trimThrough } = decision;
    let { logBytes, trimmed } = head;
    if (log !== undefined) {
      const { body, tags } = log;
      const row = { first: this.#base + 1, last: head.revision, time, tags, body };
      appendLog(this.#connection, this.#id, row);
      logBytes += Buffer.byteLength(body);
    }
    for (const rewrite of rewrites) logBytes += rewriteLog(this.#connection, this.#id, rewrite);
    if (trimThrough !== undefined) {
      const dropped = trimLog(this.#connection, this.#id, trimThrough);
      logBytes -= dropped.bytes;
      trimmed = Math.max(trimmed, dropped.trimmed);
      const pruned = this.#connection.all(deleteEmptyScopes, this.#id, trimmed);
      this.#pruned = pruned.map(([name]) => name as string);
      pruneStamps(this.#connection, ledger.name);
    }
    return frozenHead({ ...head, logBytes, trimmed });
  }

  #writeLedger(head: Head): void {
    const { ledger, stamp, time } = this.#plan;
    this.#connection.run(
      updateLedger,
      head.revision,
      head.time,
      head.incarnation,
      head.trimmed,
      head.entries,
      head.bytes,
      head.logBytes,
      ledger.changes + 1,
      stamp.member,
      stamp.sequence,
      this.#base,
      time,
      this.#id,
    );
  }

  #publish(head: Head): void {
    const { ledger, decision, time, stamp } = this.#plan;
    ledger.id = this.#id;
    ledger.head = head;
    ledger.changes += 1;
    ledger.stamp = { member: stamp.member, sequence: stamp.sequence, base: this.#base, time };
    for (const [name, tally] of this.#tallies) {
      tally.state.id = tally.id;
      // The map may have been emptied since: what is written is what is known again.
      ledger.scopes.set(name, tally.state);
    }
    for (const write of decision.writes) {
      const { state } = this.#tally(write.scope);
      const entry = write.kind === 'put' ? storedOf(write, this.#base + write.offset, time) : null;
      this.#ledgers.cache.set(state, write.key, entry);
    }
    for (const name of this.#pruned) ledger.scopes.delete(name);
  }
}
