/**
 * What lies in a ledger's keys, and what comes back from its scripts.
 *
 * Replies are bytes: text is decoded here, and only where it is text.
 */
import type { Head, Ref, ScopeStat, StoredEntry } from '../entry.ts';
import type { LogRow } from '../engine.ts';
import type { PutWrite } from '../transaction.ts';

/** A reply of Redis, as the driver gives it when it is told to leave bytes alone. */
export type Reply = Buffer | number | null | Reply[];

/** The fields of `head`, in the order in which scripts return them. */
export const headFields = [
  'incarnation',
  'revision',
  'time',
  'trimmed',
  'entries',
  'bytes',
  'logBytes',
] as const;

export function fieldOf({ scope, key }: Ref): string {
  return `${scope}\0${key}`;
}

export function refOfField(field: string): Ref {
  const end = field.indexOf('\0');
  return { scope: field.slice(0, end), key: field.slice(end + 1) };
}

export function textOf(reply: Reply | undefined): string {
  if (Buffer.isBuffer(reply)) return reply.toString('utf8');
  return typeof reply === 'number' ? `${reply}` : '';
}

export function numberOf(reply: Reply | undefined): number {
  return typeof reply === 'number' ? reply : Number(textOf(reply));
}

export function listOf(reply: Reply | undefined): Reply[] {
  return Array.isArray(reply) ? reply : [];
}

export function headOf(reply: Reply | undefined): Head {
  const [incarnation, revision, time, trimmed, entries, bytes, logBytes] = listOf(reply);
  return Object.freeze({
    incarnation: textOf(incarnation),
    revision: numberOf(revision),
    time: numberOf(time),
    trimmed: numberOf(trimmed),
    entries: numberOf(entries),
    bytes: numberOf(bytes),
    logBytes: numberOf(logBytes),
  });
}

/** The part of `meta` that the writer knows: `expiresAt|- schema size flags`. */
export function restOf({ expiresAt, schema, size, external, content }: PutWrite): string {
  const flags = (typeof content === 'string' ? '' : 'b') + (external ? 'x' : '');
  return `${expiresAt ?? '-'} ${schema} ${size} ${flags || '-'}`;
}

/** `meta` is `version createdAt updatedAt expiresAt|- schema size flags`. */
export function entryOf(
  { scope, key }: Ref,
  meta: Reply | undefined,
  data: Reply | undefined,
): StoredEntry | undefined {
  if (!Buffer.isBuffer(meta)) return undefined;
  const [version, createdAt, updatedAt, expiresAt, schema, size, flags] = meta
    .toString('latin1')
    .split(' ');
  const isBytes = flags?.includes('b') ?? false;
  const bytes = Buffer.isBuffer(data) ? data : Buffer.alloc(0);
  return {
    scope,
    key,
    content: isBytes ? new Uint8Array(bytes) : bytes.toString('utf8'),
    version: Number(version),
    createdAt: Number(createdAt),
    updatedAt: Number(updatedAt),
    expiresAt: expiresAt === '-' ? undefined : Number(expiresAt),
    schema: Number(schema),
    size: Number(size),
    external: flags?.includes('x') ?? false,
  };
}

/** `scopes` holds `entries bytes revision` by name. */
export function statOf(scope: string, reply: Reply | undefined): ScopeStat {
  if (!Buffer.isBuffer(reply)) return { scope, entries: 0, bytes: 0, revision: 0 };
  const [entries, bytes, revision] = reply.toString('latin1').split(' ');
  return {
    scope,
    entries: Number(entries),
    bytes: Number(bytes),
    revision: Number(revision),
  };
}

export interface LogMember extends Omit<LogRow, 'body'> {
  /** UTF-8 bytes of the body. */
  readonly bytes: number;
}

/** A member of `log` is `last first time bytes tags`. */
export function logMemberOf(reply: Reply | undefined): LogMember {
  const text = textOf(reply);
  const [, last, first, time, bytes, tags = ''] =
    /^(\d+) (\d+) (\d+) (\d+) (.*)$/s.exec(text) ?? [];
  return {
    first: Number(first),
    last: Number(last),
    time: Number(time),
    bytes: Number(bytes),
    tags,
  };
}
