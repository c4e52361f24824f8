/**
 * Folding the log, and comparing what comes out with the entries that are there.
 *
 * F1. Of a ledger too large for memory, one share of the keys is folded at a time: `share` of
 *     `shares`, by a hash of the address.
 * F2. The log is folded up to the head at its beginning. What is newer is nobody's fault: a key
 *     that differs is only reported if the log has no later change of it.
 */
import { toBase64 } from '../../internal/bytes.ts';
import { sha256 } from '../../internal/sha256.ts';
import type { Content, Head, LogRow, StoredEntry } from '../../engine/index.ts';
import { addressOf } from '../keyspace/address.ts';
import { decodeExternal, rowsOf } from '../keyspace/external.ts';
import type { ExternalRef } from '../keyspace/external.ts';
import { decodeRow } from '../log/decode.ts';
import type { LogValue, NamedChange } from '../log/decode.ts';
import { tuning } from '../group/tuning.ts';
import { StoredValue } from '../value/index.ts';
import type { Scene } from './scene.ts';

/** What the log says about a key. */
interface Folded {
  readonly version: number;
  readonly isAlive: boolean;
  /** Of the value; undefined if there is none, or it was erased. */
  readonly mark: string | undefined;
  readonly expiresAt: number | undefined;
  readonly schema: number;
  isSeen: boolean;
}

export class Fold {
  /** Rows of large values that the log or an entry names. */
  readonly named = new Set<string>();
  readonly #scene: Scene;
  readonly #share: number;
  readonly #shares: number;
  readonly #keys = new Map<string, Folded>();
  readonly #suspects = new Map<string, string>();
  #head: Head | undefined;

  constructor(scene: Scene, share: number, shares: number) {
    this.#scene = scene;
    this.#share = share;
    this.#shares = shares;
  }

  get head(): Head {
    if (this.#head === undefined) throw new Error('the log was not read yet');
    return this.#head;
  }

  async readLog(seeRow: (row: LogRow) => void): Promise<void> {
    const { engine, app } = this.#scene;
    const { head } = await engine.read(app, []);
    this.#head = head;
    for (let after = head.trimmed; after < head.revision;) {
      await this.#scene.pause();
      const { logRows: limit, logBytes: maxBytes } = tuning;
      const page = await engine.log(app, { after, limit, maxBytes });
      for (const row of page.rows) {
        if (row.last > head.revision) break;
        seeRow(row);
        this.#scene.advance(row.last - row.first + 1);
        this.#addRow(row);
      }
      if (page.through <= after) break;
      after = page.through;
    }
  }

  seeEntry(entry: StoredEntry): void {
    const address = addressOf(entry);
    if (entry.external) this.#name(decodeExternal(entry.content));
    if (!this.#isOwn(address) || entry.version > this.head.revision) return;
    const folded = this.#keys.get(address);
    const fault = folded === undefined ? this.#faultOfUnknown(entry) : faultOf(entry, folded);
    if (folded !== undefined) folded.isSeen = true;
    if (fault === undefined) this.#suspects.delete(address);
    else this.#suspects.set(address, fault);
  }

  /** Reports what still differs once later changes are taken out. */
  async report(): Promise<void> {
    for (const [address, { isAlive, isSeen, version }] of this.#keys) {
      if (!isAlive || isSeen) continue;
      this.#suspects.set(address, `is missing; the log wrote it at revision ${version}`);
    }
    if (this.#suspects.size > 0) await this.#forgetChangedSince();
    for (const [address, fault] of this.#suspects) {
      const [scope = '', key = ''] = address.split('\0');
      this.#scene.problem('log_fold', `'${key}' in '${scope}' ${fault}`, { scope, key });
    }
  }

  async #forgetChangedSince(): Promise<void> {
    const { engine, app } = this.#scene;
    for (let after = this.head.revision; ;) {
      const page = await engine.log(app, { after, limit: tuning.logRows });
      for (const row of page.rows) {
        for (const { changes } of decodeRow(row, after, { keysOnly: true })) {
          for (const change of changes) this.#suspects.delete(addressOf(change));
        }
      }
      if (page.through <= after || page.through >= page.head.revision) return;
      after = page.through;
    }
  }

  #addRow(row: LogRow): void {
    for (const { revision, changes } of decodeRow(row, row.first - 1, {})) {
      for (const change of changes) {
        this.#nameAll(change);
        const address = addressOf(change);
        if (this.#isOwn(address)) this.#addChange(address, change, revision);
      }
    }
  }

  #addChange(address: string, change: NamedChange, version: number): void {
    const { scope, key, kind, previous, value, expiresAt, schema } = change;
    const before = this.#keys.get(address);
    const expected = before === undefined ? undefined : before.isAlive ? before.version : 0;
    const stated = previous?.version ?? 0;
    const isBroken = expected === undefined ? stated > this.head.trimmed : stated !== expected;
    if (isBroken || (kind === 'created') !== (previous === undefined)) {
      const message =
        `'${key}' in '${scope}' was ${kind} at revision ${version} from version ${stated}; ` +
        `the log left version ${expected ?? 0}`;
      this.#scene.problem('log_chain', message, { scope, key, revision: version });
    }
    const isAlive = kind === 'created' || kind === 'updated';
    const mark = isAlive ? markOf(value) : undefined;
    const folded = { version, isAlive, mark, expiresAt, schema, isSeen: false };
    this.#keys.set(address, folded);
  }

  #faultOfUnknown({ version }: StoredEntry): string | undefined {
    if (version <= this.head.trimmed) return undefined;
    return `has version ${version}, which the log does not have`;
  }

  #nameAll({ value, previous }: NamedChange): void {
    for (const one of [value, previous?.value]) {
      if (one !== undefined && !(one instanceof StoredValue)) this.#name(one);
    }
  }

  #name(ref: ExternalRef): void {
    for (const id of rowsOf(ref)) if (this.#isOwn(id)) this.named.add(id);
  }

  /** Whether a key or an id is in the share that is looked at. */
  isOwn(text: string): boolean {
    return this.#isOwn(text);
  }

  #isOwn(text: string): boolean {
    return this.#shares === 1 || sum(text) % this.#shares === this.#share;
  }
}

function faultOf(entry: StoredEntry, folded: Folded): string | undefined {
  const { version, expiresAt, schema } = entry;
  if (!folded.isAlive) return `is there; the log took it away at revision ${folded.version}`;
  if (folded.version !== version) {
    return `has version ${version}; the log wrote it last at revision ${folded.version}`;
  }
  if (folded.expiresAt !== expiresAt) return 'has another expiry than the log gave it';
  if (folded.schema !== schema) return 'has another schema version than the log gave it';
  const isSame = folded.mark === undefined || folded.mark === markOf(valueOf(entry));
  return isSame ? undefined : 'has another value than the log gave it';
}

function valueOf({ content, external }: StoredEntry): LogValue {
  return external ? decodeExternal(content) : StoredValue.trusted(content);
}

function markOf(value: LogValue): string | undefined {
  if (value === undefined) return undefined;
  if (!(value instanceof StoredValue)) return `named ${value.id}`;
  const { content }: { content: Content } = value;
  return (typeof content === 'string' ? 't' : 'b') + toBase64(sha256(content)).slice(0, 16);
}

function sum(text: string): number {
  let total = 7;
  for (let index = 0; index < text.length; index += 1) {
    total = (Math.imul(total, 31) + text.charCodeAt(index)) >>> 0;
  }
  return total;
}
