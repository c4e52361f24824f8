/**
 * One entry as a line of JSON: the format of `export`, documented in `docs/cli.md`.
 *
 * `{"app"?, "scope", "key", "expiresAt"?, "schema"?, "value" | "base64"}`, in this order. The
 * value's text is written as it is stored, so equal stores give equal bytes. The first line of an
 * export is `{"holdfast":{"format":1}}`, the last `{"holdfast":{"entries":N}}`: a file without it
 * was cut off.
 */
import { StoredValue, limits } from '../../ledger/index.ts';
import type { Entry } from '../../ledger/index.ts';
import { valueMember } from '../output/format.ts';

export const formatVersion = 1;

/** An entry on its way into a store. */
export interface Incoming {
  /** Undefined: the app that the command names. */
  readonly app: string | undefined;
  readonly scope: string;
  readonly key: string;
  readonly value: StoredValue;
  readonly expiresAt: number | undefined;
  readonly schema: number;
}

export type Line =
  | { readonly kind: 'entry'; readonly entry: Incoming }
  | { readonly kind: 'format'; readonly format: number }
  | { readonly kind: 'end'; readonly entries: number };

export function headerLine(): string {
  return `{"holdfast":{"format":${formatVersion}}}\n`;
}

export function footerLine(entries: number): string {
  return `{"holdfast":{"entries":${entries}}}\n`;
}

export function entryLine(entry: Entry, app: string | undefined): string {
  const { scope, key, expiresAt, schema, value } = entry;
  let line = app === undefined ? '{' : `{"app":${JSON.stringify(app)},`;
  line += `"scope":${JSON.stringify(scope)},"key":${JSON.stringify(key)},`;
  if (expiresAt !== undefined) line += `"expiresAt":${expiresAt},`;
  if (schema !== 0) line += `"schema":${schema},`;
  return `${line}${valueMember(value)}}\n`;
}

/** Throws an `Error` that says what is wrong with the line. */
export function parseLine(text: string): Line {
  const json: unknown = JSON.parse(text);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new Error('a line must be a JSON object');
  }
  const fields = json as Record<string, unknown>;
  if (fields['scope'] === undefined && fields['holdfast'] !== undefined) {
    return markOf(fields['holdfast']);
  }
  return { kind: 'entry', entry: incomingOf(fields) };
}

function markOf(mark: unknown): Line {
  const { format, entries } = mark as { format?: unknown; entries?: unknown };
  if (typeof format === 'number') return { kind: 'format', format };
  if (typeof entries === 'number') return { kind: 'end', entries };
  throw new Error('"holdfast" names neither a format nor a number of entries');
}

function incomingOf(fields: Record<string, unknown>): Incoming {
  const { app, scope, key, value, base64, expiresAt, schema = 0 } = fields;
  if (app !== undefined && typeof app !== 'string') throw new Error('"app" must be text');
  if (typeof scope !== 'string') throw new Error('"scope" must be text');
  if (typeof key !== 'string') throw new Error('"key" must be text');
  if (expiresAt !== undefined && !isWhole(expiresAt)) {
    throw new Error('"expiresAt" must be milliseconds since 1970');
  }
  if (!isWhole(schema)) throw new Error('"schema" must be a whole number');
  if ((value === undefined) === (base64 === undefined)) {
    throw new Error('a line must have either "value" or "base64"');
  }
  const content = base64 === undefined ? value : bytesOf(base64);
  const stored = StoredValue.of(content, limits.valueBytesMax);
  return { app, scope, key, value: stored, expiresAt, schema };
}

function bytesOf(base64: unknown): Uint8Array {
  if (typeof base64 === 'string') {
    const bytes = Buffer.from(base64, 'base64');
    if (bytes.toString('base64') === base64) return new Uint8Array(bytes);
  }
  throw new Error('"base64" must be padded base64 text');
}

function isWhole(number: unknown): number is number {
  return Number.isSafeInteger(number) && (number as number) >= 0;
}
