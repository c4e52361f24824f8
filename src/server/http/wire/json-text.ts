/**
 * How entries, commits and receipts are written as JSON. Stored values are put in as they are,
 * never decoded: text under `value`, bytes under `base64`.
 *
 * A position is text, `<revision>@<incarnation>`: opaque to whoever receives it.
 */
import { HoldfastError } from '../../../errors/index.ts';
import { toBase64 } from '../../../internal/bytes.ts';
import type {
  Change,
  CheckFailure,
  Commit,
  Conflict,
  Entry,
  EntryHead,
  LogPage,
  MutationResult,
  Position,
  Receipt,
  StoredValue,
} from '../../../ledger/index.ts';

export function positionText({ revision, incarnation }: Position): string {
  return `${revision}@${incarnation}`;
}

/** Throws `invalid_argument`. */
export function positionFrom(text: string): Position {
  const [, revision, incarnation] = /^(\d{1,16})@([A-Za-z0-9._-]{0,64})$/.exec(text) ?? [];
  if (revision === undefined || incarnation === undefined) {
    throw new HoldfastError('invalid_argument', 'a position is taken from an answer as it is');
  }
  return { incarnation, revision: Number(revision) };
}

function member(name: string, value: StoredValue | undefined): string {
  if (value === undefined) return '';
  const { content } = value;
  if (typeof content === 'string') return `,"${name}":${content}`;
  const bytesName = name === 'value' ? 'base64' : `${name}Base64`;
  return `,"${bytesName}":"${toBase64(content)}"`;
}

function withValues(head: object, ...values: readonly string[]): string {
  return `${JSON.stringify(head).slice(0, -1)}${values.join('')}}`;
}

/** With its value, unless it has none (of a scan for keys only). */
export function entryText(entry: EntryHead & { readonly value?: StoredValue }): string {
  const { value, ...head } = entry;
  return withValues(head, member('value', value));
}

export function entriesText(entries: readonly (Entry | undefined)[]): string {
  const texts = entries.map((entry) => (entry === undefined ? 'null' : entryText(entry)));
  return `{"entries":[${texts.join(',')}]}`;
}

export function pageText(page: {
  readonly items: readonly (EntryHead & { readonly value?: StoredValue })[];
  readonly cursor: string | undefined;
  readonly position: Position;
}): string {
  const { cursor, position } = page;
  const tail = JSON.stringify({ cursor, position: positionText(position) }).slice(1);
  return `{"items":[${page.items.map(entryText).join(',')}],${tail}`;
}

function resultText({ change, version, value, previous }: MutationResult): string {
  return withValues({ change, version }, member('value', value), member('previous', previous));
}

export function receiptText(receipt: Receipt): string {
  const { position, time, durability, replayed, results } = receipt;
  const head = { position: positionText(position), time, durability, replayed };
  return withValues(head, `,"results":[${results.map(resultText).join(',')}]`);
}

/** Of the one mutation of a request. */
export function singleReceiptText(receipt: Receipt): string {
  const { position, time, durability, replayed, results } = receipt;
  const [result = { change: 'none', version: 0 } as const] = results;
  const { change, version, value, previous } = result;
  const head = {
    change,
    version,
    position: positionText(position),
    time,
    durability,
    replayed,
  };
  return withValues(head, member('value', value), member('previous', previous));
}

/** The members of a problem that says which checks failed. */
export function conflictMembers({ failures, position }: Conflict): object {
  return { failures: failures.map(failureOf), position: positionText(position) };
}

function failureOf({ index, check, actual }: CheckFailure): object {
  // The value was the caller's own; it need not come back.
  if (check.kind === 'value') {
    const { value: _, ...rest } = check;
    return { index, check: rest, actual };
  }
  if (check.kind !== 'unchanged') return { index, check, actual };
  return { index, check: { ...check, since: positionText(check.since) }, actual };
}

function changeText(change: Change): string {
  const { value, previous, ...head } = change;
  const before = previous === undefined ? '' : `,"previous":${previousText(previous)}`;
  return withValues(head, member('value', value), before);
}

function previousText({ value, ...head }: NonNullable<Change['previous']>): string {
  return withValues(head, member('value', value));
}

export function commitText({ position, time, changes, actor, cause }: Commit): string {
  const head = { position: positionText(position), time, actor, cause };
  return withValues(head, `,"changes":[${changes.map(changeText).join(',')}]`);
}

export function logText(page: Extract<LogPage, { kind: 'commits' }>): string {
  const { commits, through, head } = page;
  const tail = JSON.stringify({ through: positionText(through), head: positionText(head) });
  return `{"commits":[${commits.map(commitText).join(',')}],${tail.slice(1)}`;
}
