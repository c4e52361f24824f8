/**
 * How entries, changes and scopes are shown: one place, so that every command shows them alike.
 */
import type { Change, Commit, Entry, EntryHead, ScopeInfo } from '../../ledger/index.ts';
import {
  formatBytes,
  formatCount,
  formatExpiry,
  formatTime,
  formatValue,
  valueMember,
} from '../output/format.ts';
import type { RecordShape } from '../output/output.ts';

function headMembers(head: EntryHead): string {
  const { scope, key, version, createdAt, updatedAt, expiresAt, schema } = head;
  const text = JSON.stringify({ scope, key, version, createdAt, updatedAt, expiresAt });
  return schema === 0 ? text.slice(1, -1) : `${text.slice(1, -1)},"schema":${schema}`;
}

export function entryJson(entry: Entry): string {
  return `{${headMembers(entry)},${valueMember(entry.value)}}`;
}

export function entryShape(now: number): RecordShape<Entry> {
  return {
    json: entryJson,
    columns: [
      { title: 'KEY', cell: ({ key }) => key },
      { title: 'VERSION', align: 'right', cell: ({ version }) => String(version) },
      { title: 'EXPIRES', cell: ({ expiresAt }) => formatExpiry(expiresAt, now) },
      { title: 'VALUE', cell: ({ value }) => formatValue(value) },
    ],
  };
}

export function headShape(now: number): RecordShape<EntryHead> {
  return {
    json: (head) => `{${headMembers(head)},"size":${head.size}}`,
    columns: [
      { title: 'KEY', cell: ({ key }) => key },
      { title: 'VERSION', align: 'right', cell: ({ version }) => String(version) },
      { title: 'SIZE', align: 'right', cell: ({ size }) => formatBytes(size) },
      { title: 'UPDATED', cell: ({ updatedAt }) => formatTime(updatedAt) },
      { title: 'EXPIRES', cell: ({ expiresAt }) => formatExpiry(expiresAt, now) },
    ],
  };
}

export const scopeShape: RecordShape<ScopeInfo> = {
  json: (info) => JSON.stringify(info),
  columns: [
    { title: 'SCOPE', cell: ({ scope }) => scope },
    { title: 'ENTRIES', align: 'right', cell: ({ entries }) => formatCount(entries) },
    { title: 'SIZE', align: 'right', cell: ({ bytes }) => formatBytes(bytes) },
    { title: 'LAST REVISION', align: 'right', cell: ({ revision }) => String(revision) },
  ],
};

/** A change with the commit that it belongs to. */
export interface LoggedChange {
  readonly commit: Commit;
  readonly change: Change;
}

function changeJson({ commit, change }: LoggedChange): string {
  const { position, time, actor, cause } = commit;
  const { kind, scope, key, value, previous, expiresAt, operations, erased } = change;
  const head = { ...position, time, kind, scope, key, expiresAt, actor, cause, operations, erased };
  const before = previous?.value;
  let text = JSON.stringify(head).slice(0, -1);
  if (value !== undefined) text += `,${valueMember(value)}`;
  if (before !== undefined) text += `,${valueMember(before, 'previous')}`;
  return `${text}}`;
}

export const changeShape: RecordShape<LoggedChange> = {
  json: changeJson,
  columns: [
    {
      title: 'REVISION',
      align: 'right',
      cell: ({ commit }) => String(commit.position.revision),
    },
    { title: 'TIME', cell: ({ commit }) => formatTime(commit.time) },
    { title: 'CHANGE', cell: ({ change }) => change.kind },
    { title: 'SCOPE', cell: ({ change }) => change.scope },
    { title: 'KEY', cell: ({ change }) => change.key },
    {
      title: 'VALUE',
      cell: ({ change }) => (change.erased === true ? '<erased>' : formatValue(change.value)),
    },
  ],
};
