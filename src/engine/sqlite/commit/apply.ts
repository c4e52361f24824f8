/**
 * Writing one work's decision into the open transaction.
 *
 * W1. One upsert for each entry and one row for the log, most of the time: the counts of scopes and
 *     the head are in it, and their own rows follow later (tail.ts).
 * W2. The ledger's row is computed here rather than in SQL: the file is locked, and what is known
 *     of the ledger is current.
 * W3. Nothing that other calls can see changes before `publish`, which is called after COMMIT.
 */
import type { Head } from '../../entry.ts';
import type { Applied, Decision, Stamp } from '../../transaction.ts';
import { isIdle, needsUpkeep } from '../../verdict.ts';
import type { Connection } from '../file/connection.ts';
import { storedOf } from '../../kept-entry.ts';
import { frozenHead } from '../ledgers.ts';
import type { Ledgers, LedgerState } from '../ledgers.ts';
import { appendLog, rewriteLog, trimLog } from '../log.ts';
import { firstLedger } from '../schema.ts';
import { emptyTail, isLong } from '../tail.ts';
import { writeHead } from './fold.ts';
import type { HeadRow } from './fold.ts';
import { keepLastStamp, pruneStamps } from './stamps.ts';
import { Tallies } from './tallies.ts';

const upsertEntry = `INSERT INTO entry (scope, key, version, created_at, updated_at, expires_at,
    schema, size, external, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (scope, key) DO UPDATE SET version = excluded.version,
    created_at = excluded.created_at, updated_at = excluded.updated_at,
    expires_at = excluded.expires_at, schema = excluded.schema, size = excluded.size,
    external = excluded.external, content = excluded.content`;
const deleteEntry = 'DELETE FROM entry WHERE scope = ? AND key = ?';
const insertLedger = `INSERT INTO ledger (id, name)
  SELECT coalesce(min(id) - 1, ${firstLedger}), ? FROM ledger RETURNING id`;
const insertHead = `INSERT INTO scope (ledger, name, revision, time, incarnation, trimmed, entries,
  bytes, log_bytes, changes) VALUES (?, '', 0, 0, '', 0, 0, 0, 0, 0)`;
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

type UnfinishedHead = { -readonly [Name in keyof Head]: Head[Name] };

/** What a decision that changes nothing is answered with. */
export function idleOutcome(ledger: LedgerState, time: number): Applied {
  const { revision: base, incarnation } = ledger.head;
  return { kind: 'applied', base, incarnation, time };
}

export class Application {
  readonly #connection: Connection;
  readonly #ledgers: Ledgers;
  readonly #plan: Plan;
  readonly #tallies: Tallies;
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
    this.#tallies = new Tallies(connection, ledgers, plan.ledger);
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
    this.#tallies.count(decision, this.#id, this.#base);
    const isFolded = this.#mustFold();
    if (isFolded) this.#tallies.fold();
    this.#writeEntries();
    keepLastStamp(this.#connection, ledger, stamp);
    const head = this.#nextHead();
    this.#writeLog(head, isFolded);
    frozenHead(head);
    const { member, sequence } = stamp;
    const row = {
      head,
      changes: ledger.changes + 1,
      stamp: { member, sequence, base: this.#base, time },
    };
    if (isFolded) writeHead(this.#connection, this.#id, row);
    return {
      applied: { kind: 'applied', base: this.#base, incarnation: head.incarnation, time },
      ledger: ledger.name,
      revisions: decision.revisions,
      publish: () => this.#publish(row, isFolded),
    };
  }

  /** Whether the log row cannot say all that this commit changes beside its entries (tail.ts). */
  #mustFold(): boolean {
    const { ledger, decision, stamp, incarnation } = this.#plan;
    return (
      decision.log === undefined ||
      incarnation !== undefined ||
      this.#tallies.hasNew ||
      needsUpkeep(decision) ||
      ledger.stamp?.member !== stamp.member ||
      isLong(this.#ledgers.tail(ledger))
    );
  }

  #writeEntries(): void {
    const { decision, time } = this.#plan;
    for (const write of decision.writes) {
      const { id } = this.#tallies.of(write.scope);
      if (write.kind === 'delete') {
        if (id !== 0) this.#connection.run(deleteEntry, id, write.key);
        continue;
      }
      // As `Connection.run` does, and for its reason.
      this.#upsert.get(
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

  /** Before the log has told what it weighs. */
  #nextHead(): UnfinishedHead {
    const { ledger, decision, time, incarnation } = this.#plan;
    const { head } = ledger;
    const growth = this.#tallies.growth();
    return {
      ...head,
      incarnation: incarnation ?? head.incarnation,
      revision: head.revision + decision.revisions,
      time: decision.revisions > 0 ? time : head.time,
      entries: head.entries + growth.entries,
      bytes: head.bytes + growth.bytes,
    };
  }

  /** Appends, rewrites and trims; the head is told what that changed. */
  #writeLog(head: UnfinishedHead, isFolded: boolean): void {
    const { ledger, decision, time, stamp } = this.#plan;
    const { log, rewrites, trimThrough } = decision;
    if (log !== undefined) {
      const { body, tags } = log;
      const row = { first: this.#base + 1, last: head.revision, time, tags, body };
      head.logBytes += Buffer.byteLength(body);
      const { entries, bytes, logBytes } = head;
      const totals = isFolded
        ? undefined
        : {
            sequence: stamp.sequence,
            entries,
            bytes,
            logBytes,
            counts: this.#tallies.encode(this.#base),
          };
      appendLog(this.#connection, this.#id, row, totals);
    }
    for (const rewrite of rewrites ?? []) {
      head.logBytes += rewriteLog(this.#connection, this.#id, rewrite);
    }
    if (trimThrough !== undefined) {
      const dropped = trimLog(this.#connection, this.#id, trimThrough);
      head.logBytes -= dropped.bytes;
      head.trimmed = Math.max(head.trimmed, dropped.trimmed);
      const pruned = this.#connection.all(deleteEmptyScopes, this.#id, head.trimmed);
      this.#pruned = pruned.map(([name]) => name as string);
      pruneStamps(this.#connection, ledger.name);
    }
  }

  #publish({ head, changes, stamp }: HeadRow, isFolded: boolean): void {
    const { ledger, decision, time } = this.#plan;
    ledger.id = this.#id;
    ledger.head = head;
    ledger.stamp = stamp;
    if (isFolded) {
      ledger.changes = changes;
      ledger.folded = head.revision;
      ledger.tail = emptyTail();
    } else {
      const tail = this.#ledgers.tail(ledger);
      tail.groups += 1;
      this.#tallies.addTo(tail);
    }
    this.#tallies.publish();
    for (const write of decision.writes) {
      const { state } = this.#tallies.of(write.scope);
      const entry = write.kind === 'put' ? storedOf(write, this.#base + write.offset, time) : null;
      this.#ledgers.cache.set(state, write.key, entry);
    }
    for (const name of this.#pruned) ledger.scopes.delete(name);
  }
}
