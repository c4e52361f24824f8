/** Reading the text of a log row back into commits. The encoding is described in `body.ts`. */
import { present } from '../../internal/assert.ts';
import type { LogRow } from '../../engine/index.ts';
import type { Change, ChangeKind } from '../commit.ts';
import type { ExternalRef } from '../keyspace/external.ts';
import type { ChangeFilter } from '../ledger.ts';
import type { Operation } from '../operations/index.ts';
import type { Cause } from '../proposal.ts';
import { StoredValue } from '../value/index.ts';
import { kindNames } from './body.ts';

export type RawValue = 0 | readonly [number, number] | readonly [number, number, 1] | ExternalRef;
export type RawPrevious = [number, number, number, number, number, number, RawValue];
export type RawChange = [
  number,
  number,
  string,
  RawValue,
  number,
  number,
  number,
  number,
  0 | RawPrevious,
  (readonly Operation[])?,
];
export type RawCommit = [number, string | 0, Cause | 0, RawChange[]];

export interface RawBody {
  v: number;
  time: number;
  scopes: string[];
  commits: RawCommit[];
}

/** A value of the log: at hand, or named and yet to be loaded. */
export type LogValue = StoredValue | ExternalRef | undefined;

export function isNamed(value: LogValue): value is ExternalRef {
  return value !== undefined && !(value instanceof StoredValue);
}

/** A change whose large values are only named. */
export interface NamedChange extends Omit<Change, 'value' | 'previous'> {
  readonly value: LogValue;
  readonly previous:
    | (Omit<NonNullable<Change['previous']>, 'value'> & { readonly value: LogValue })
    | undefined;
}

export interface NamedCommit {
  readonly revision: number;
  readonly time: number;
  readonly actor: string | undefined;
  readonly cause: Cause | undefined;
  readonly changes: readonly NamedChange[];
}

export function splitBody(text: string): { body: RawBody; values: string } {
  const lineEnd = text.indexOf('\n');
  return {
    body: JSON.parse(text.slice(0, lineEnd)) as RawBody,
    values: text.slice(lineEnd + 1),
  };
}

/** The row's commits above `after` that have a change matching `filter`, with only such changes. */
export function decodeRow(row: LogRow, after: number, filter: ChangeFilter): NamedCommit[] {
  const { body, values } = splitBody(row.body);
  const decoder = new RowDecoder(body, values, row, filter);
  const commits: NamedCommit[] = [];
  for (const [offset, actor, cause, rawChanges] of body.commits) {
    const revision = row.first - 1 + offset;
    if (revision <= after) continue;
    const changes = decoder.changes(rawChanges);
    if (changes.length === 0) continue;
    commits.push({
      revision,
      time: row.time,
      actor: actor === 0 ? undefined : actor,
      cause: cause === 0 ? undefined : cause,
      changes,
    });
  }
  return commits;
}

class RowDecoder {
  readonly #body: RawBody;
  readonly #values: string;
  readonly #row: LogRow;
  readonly #filter: ChangeFilter;

  constructor(body: RawBody, values: string, row: LogRow, filter: ChangeFilter) {
    this.#body = body;
    this.#values = values;
    this.#row = row;
    this.#filter = filter;
  }

  changes(raw: readonly RawChange[]): NamedChange[] {
    const changes: NamedChange[] = [];
    for (const one of raw) if (this.#matches(one)) changes.push(this.#change(one));
    return changes;
  }

  #matches(raw: RawChange): boolean {
    const { scope, key, prefix } = this.#filter;
    if (scope !== undefined && this.#body.scopes[raw[1]] !== scope) return false;
    if (key !== undefined && raw[2] !== key) return false;
    return prefix === undefined || raw[2].startsWith(prefix);
  }

  #change(raw: RawChange): NamedChange {
    const [kind, scope, key, value, createdAgo, expiresIn, schema, size, previous, operations] =
      raw;
    const { time, scopes } = this.#body;
    const keysOnly = this.#filter.keysOnly === true;
    const name: ChangeKind = present(kindNames[kind], 'a kind of change');
    const change = {
      scope: present(scopes[scope], 'the scope of a change'),
      key,
      kind: name,
      createdAt: this.#momentOf(createdAgo),
      expiresAt: expiryOf(time, expiresIn),
      schema,
      size,
      value: keysOnly ? undefined : this.#value(value),
      previous: previous === 0 ? undefined : this.#previous(previous, keysOnly),
    };
    const erased = isErased(name, value, previous) ? { erased: true as const } : undefined;
    return { ...change, ...(operations && !keysOnly && { operations }), ...erased };
  }

  #previous(raw: RawPrevious, keysOnly: boolean): NamedChange['previous'] {
    const [version, createdAgo, updatedAgo, expiresIn, schema, size, value] = raw;
    const { time } = this.#body;
    return {
      version: version < 0 ? this.#row.first - 1 - version : version,
      createdAt: this.#momentOf(createdAgo),
      updatedAt: this.#momentOf(updatedAgo),
      expiresAt: expiryOf(time, expiresIn),
      schema,
      size,
      value: keysOnly ? undefined : this.#value(value),
    };
  }

  /** `ago` as the body says it. */
  #momentOf(ago: number): number {
    if (ago === 0) return this.#row.time;
    return ago < 0 ? this.#body.time : this.#body.time - ago;
  }

  #value(raw: RawValue): LogValue {
    if (raw === 0) return undefined;
    if (!Array.isArray(raw)) return raw as ExternalRef;
    const [start, length, isBytes] = raw as [number, number, number?];
    const text = this.#values.slice(start, start + length);
    return StoredValue.trusted(isBytes === 1 ? new Uint8Array(Buffer.from(text, 'base64')) : text);
  }
}

function isErased(kind: ChangeKind, value: RawValue, previous: 0 | RawPrevious): boolean {
  if (value === 0 && (kind === 'created' || kind === 'updated')) return true;
  return previous !== 0 && previous[6] === 0;
}

function expiryOf(time: number, expiresIn: number): number | undefined {
  if (expiresIn === 0) return undefined;
  return expiresIn > 0 ? time + expiresIn : time + expiresIn + 1;
}

/** A change that says what happened to which key, but not to what. */
export function withoutValues(change: NamedChange): Change {
  const { operations: _, previous, ...rest } = change;
  return { ...rest, value: undefined, previous: previous && { ...previous, value: undefined } };
}
