/**
 * Reading a store in Redis.
 *
 * P1. Each answer is one script, so one moment (E1), of the primary (E2).
 * P2. Reads of one ledger that come while another of them is on its way go out together: one script
 *     for all of them.
 */
import { HoldfastError } from '../../errors/index.ts';
import { compareText } from '../../internal/text-order.ts';
import type { Head, Ref, ScanRange, ScopeCensus, ScopeStat, StoredEntry } from '../entry.ts';
import type {
  LogQuery,
  LogResult,
  LogRow,
  Member,
  Moment,
  ReadResult,
  ScanResult,
  ScopeQuery,
  ScopesResult,
} from '../engine.ts';
import type { Reads } from '../transaction.ts';
import {
  entryOf,
  fieldOf,
  headOf,
  listOf,
  logMemberOf,
  numberOf,
  refOfField,
  statOf,
  textOf,
} from './encoding.ts';
import type { Reply } from './encoding.ts';
import { GatheredReads } from './gathered-reads.ts';
import type { Keyspace } from './keyspace.ts';
import type { Ledgers, LedgerState } from './ledgers.ts';
import { listScopes, readEntries, readLog, readMembers, scanEntries } from './scripts/read.ts';
import type { Connection } from './server/connection.ts';

/** Bytes of bodies that one answer carries at most, and the row beyond. */
const logBytesMax = 32 * 1024 * 1024;
/** Ledgers whose reads are gathered at once, before those that rest are forgotten. */
const gatheredMax = 10_000;
/** How often a log that is trimmed under the reader is read again. */
const logAttemptsMax = 100;

export interface Snapshot extends Moment {
  readonly entries: readonly (StoredEntry | undefined)[];
  readonly scopes: readonly ScopeStat[];
}

export class Reader {
  readonly #connection: Connection;
  readonly #keyspace: Keyspace;
  readonly #ledgers: Ledgers;
  readonly #now: () => string;
  readonly #gathered = new Map<string, GatheredReads>();

  /** `now` is empty where the server's clock is the engine's. */
  constructor(connection: Connection, keyspace: Keyspace, ledgers: Ledgers, now: () => string) {
    this.#connection = connection;
    this.#keyspace = keyspace;
    this.#ledgers = ledgers;
    this.#now = now;
  }

  async snapshot(state: LedgerState, { refs, scopes }: Reads): Promise<Snapshot> {
    const { head, meta, data, scopes: scopesKey } = state.keys;
    const [headReply, time, stats, metas, datas] = listOf(
      await this.#connection.ask(
        readEntries,
        [head, meta, data, scopesKey],
        [this.#now(), scopes.length, ...scopes, ...refs.map(fieldOf)],
      ),
    );
    const moment = await this.#moment(state, headReply, time);
    const [metaList, dataList, statList] = [listOf(metas), listOf(datas), listOf(stats)];
    return {
      ...moment,
      entries: refs.map((ref, index) => entryOf(ref, metaList[index], dataList[index])),
      scopes: scopes.map((scope, index) => statOf(scope, statList[index])),
    };
  }

  read(ledger: string, refs: readonly Ref[]): Promise<ReadResult> {
    let gathered = this.#gathered.get(ledger);
    if (gathered === undefined) {
      const state = this.#ledgers.of(ledger);
      gathered = new GatheredReads((all) => this.snapshot(state, { refs: all, scopes: [] }));
      this.#gathered.set(ledger, gathered);
    }
    const result = gathered.read(refs);
    if (this.#gathered.size > gatheredMax) this.#forgetIdle();
    return result;
  }

  async scan(ledger: string, range: ScanRange): Promise<ScanResult> {
    const state = this.#ledgers.of(ledger);
    const { head, meta, data, index } = state.keys;
    const { lower, upper } = boundsOf(range);
    const direction = range.reverse ? 'reverse' : 'forward';
    const [headReply, time, fields, metas, datas] = listOf(
      await this.#connection.ask(
        scanEntries,
        [head, meta, data, index],
        [
          this.#now(),
          lower,
          upper,
          direction,
          Math.max(0, range.limit),
          range.keysOnly ? '1' : '0',
        ],
      ),
    );
    const moment = await this.#moment(state, headReply, time);
    const [metaList, dataList] = [listOf(metas), listOf(datas)];
    const entries: StoredEntry[] = [];
    for (const [place, field] of listOf(fields).entries()) {
      const entry = entryOf(refOfField(textOf(field)), metaList[place], dataList[place]);
      if (entry !== undefined) entries.push(range.keysOnly ? { ...entry, content: '' } : entry);
    }
    return { ...moment, entries };
  }

  async scopes(ledger: string, query: ScopeQuery): Promise<ScopesResult> {
    const state = this.#ledgers.of(ledger);
    const { head, meta, names, scopes, expiry } = state.keys;
    const { from, to, after, limit } = query;
    const isAfter = after !== undefined && (from === undefined || compareText(after, from) >= 0);
    const lower = isAfter ? `(${after}` : from === undefined ? '-' : `[${from}`;
    const upper = to === undefined ? '+' : `[${to}`;
    const [headReply, time, found, stats, dead] = listOf(
      await this.#connection.ask(
        listScopes,
        [head, meta, names, scopes, expiry],
        [this.#now(), lower, upper, Math.max(0, limit)],
      ),
    );
    const moment = await this.#moment(state, headReply, time);
    const expired = new Map<string, { entries: number; bytes: number }>();
    const deadList = listOf(dead);
    for (let index = 0; index + 2 < deadList.length; index += 3) {
      const [entries, bytes] = [numberOf(deadList[index + 1]), numberOf(deadList[index + 2])];
      expired.set(textOf(deadList[index]), { entries, bytes });
    }
    const statList = listOf(stats);
    const census = listOf(found).map((name, index): ScopeCensus => {
      const scope = textOf(name);
      const { entries = 0, bytes = 0 } = expired.get(scope) ?? {};
      const stat = statOf(scope, statList[index]);
      return { ...stat, expiredEntries: entries, expiredBytes: bytes };
    });
    return { ...moment, scopes: census };
  }

  async log(ledger: string, query: LogQuery): Promise<LogResult> {
    const state = this.#ledgers.of(ledger);
    for (let attempt = 1; attempt <= logAttemptsMax; attempt += 1) {
      const result = await this.#readLog(state, query);
      if (result !== undefined) return result;
    }
    throw new HoldfastError('busy', `the log of '${ledger}' is trimmed faster than it is read`);
  }

  /** Undefined if the log was trimmed while it was read. */
  async #readLog(state: LedgerState, query: LogQuery): Promise<LogResult | undefined> {
    const { head: headKey, log, bodies } = state.keys;
    const { after, limit, wants } = query;
    const maxBytes = Math.min(query.maxBytes ?? logBytesMax, logBytesMax);
    const [headReply, time, found, first] = listOf(
      await this.#connection.ask(
        readLog,
        [headKey, log, bodies],
        [this.#now(), after, limit, maxBytes, wants === undefined ? '1' : '0'],
      ),
    );
    // Whoever reads the log has a position, and is told by it what became of its history.
    const head = headOf(headReply);
    const moment = { head, time: Math.max(numberOf(time), head.time) };
    const members = listOf(found).map(logMemberOf);
    const chosen = [];
    let [examined, bytes] = [0, 0];
    for (const member of members) {
      if (examined >= limit || bytes >= maxBytes) break;
      examined += 1;
      if (wants !== undefined && !wants(member.tags)) continue;
      chosen.push(member);
      bytes += member.bytes;
    }
    const isAll = examined === members.length;
    const through = isAll ? Math.max(after, moment.head.revision) : members[examined - 1]?.last;
    const texts = wants === undefined ? listOf(first) : await this.#bodies(bodies, chosen);
    const rows: LogRow[] = [];
    for (const [index, row] of chosen.entries()) {
      const body = texts[index];
      if (!Buffer.isBuffer(body)) return undefined;
      const { bytes: _, ...rest } = row;
      rows.push({ ...rest, body: body.toString('utf8') });
    }
    return { ...moment, rows, through: through ?? after };
  }

  async #bodies(key: string, rows: readonly { readonly last: number }[]): Promise<Reply[]> {
    if (rows.length === 0) return [];
    return listOf(await this.#connection.call('HMGET', key, ...rows.map(({ last }) => last)));
  }

  /** Names of the ledgers that have a commit, in order. */
  async ledgers(): Promise<string[]> {
    const listed = listOf(await this.#connection.call('ZRANGE', this.#keyspace.ledgers, 0, -1));
    const names = listed.map(textOf);
    const heads = await Promise.all(
      names.map((name) =>
        this.#connection.call('HGET', this.#ledgers.of(name).keys.head, 'revision'),
      ),
    );
    return names.filter((_, index) => numberOf(heads[index]) > 0);
  }

  async members(): Promise<{ members: Member[]; time: number }> {
    const [time, found] = listOf(
      await this.#connection.ask(readMembers, [this.#keyspace.members], [this.#now()]),
    );
    const pairs = listOf(found);
    const members: Member[] = [];
    for (let index = 0; index + 1 < pairs.length; index += 2) {
      members.push({ id: textOf(pairs[index]), expiresAt: numberOf(pairs[index + 1]) });
    }
    members.sort((a, b) => compareText(a.id, b.id));
    return { members, time: numberOf(time) };
  }

  #forgetIdle(): void {
    for (const [ledger, gathered] of this.#gathered) {
      if (gathered.isIdle) this.#gathered.delete(ledger);
    }
  }

  async #moment(
    state: LedgerState,
    headReply: Reply | undefined,
    time: Reply | undefined,
  ): Promise<Moment & { head: Head }> {
    const head = headOf(headReply);
    await this.#ledgers.observe(state, head);
    return { head, time: Math.max(numberOf(time), head.time) };
  }
}

/** The bounds of a range, as `ZRANGEBYLEX` takes them. */
function boundsOf({ scope, from, to, after, reverse }: ScanRange): {
  lower: string;
  upper: string;
} {
  const start = `${scope}\0`;
  let lower = `[${start}${from ?? ''}`;
  // No key holds a NUL, so what follows `scope NUL` lies below `scope U+0001`.
  let upper = to === undefined ? `(${scope}\u0001` : `(${start}${to}`;
  if (after !== undefined) {
    if (reverse) {
      if (to === undefined || compareText(after, to) < 0) upper = `(${start}${after}`;
    } else if (from === undefined || compareText(after, from) >= 0) lower = `(${start}${after}`;
  }
  return { lower, upper };
}
