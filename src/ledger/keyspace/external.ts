/**
 * Large values, stored once and apart from their entry.
 *
 * X1. Entry, change and the next change's `previous` name a large value; none repeats its bytes.
 * X2. A text that an update made from another is stored as its difference to a base: what lies
 *     between the common start and the common end. The base is always a full value, never a
 *     difference.
 * X3. All differences to one base belong to consecutive versions of one entry. So a base can go
 *     when the log has forgotten the last of them: no counting of references (see `garbageOf`).
 */
import type { Content } from '../../engine/index.ts';

/** What an entry holds in place of a large value, as JSON text. */
export interface ExternalRef {
  readonly id: string;
  /** The full value that this one is a difference to; left out if it is full itself. */
  readonly base?: string | undefined;
  /** Bytes of the value. */
  readonly size: number;
}

export function encodeExternal(ref: ExternalRef): string {
  return JSON.stringify(ref);
}

export function decodeExternal(content: Content): ExternalRef {
  return JSON.parse(String(content)) as ExternalRef;
}

/** The id of the full value that `ref` stands on: its own, or its base's. */
export function rootOf(ref: ExternalRef): string {
  return ref.base ?? ref.id;
}

/** The rows that hold the value of `ref`: one, or the difference and its base. */
export function rowsOf(ref: ExternalRef): readonly string[] {
  return ref.base === undefined ? [ref.id] : [ref.id, ref.base];
}

/**
 * The rows that nobody needs once a change is forgotten that replaced `previous` by `value`.
 * A value that a touch carried over (same id) stays; a base stays while the new value stands on it.
 */
export function garbageOf(
  previous: ExternalRef | undefined,
  value: ExternalRef | undefined,
): readonly string[] {
  if (previous === undefined || previous.id === value?.id) return [];
  if (value !== undefined && rootOf(value) === rootOf(previous)) {
    return previous.base === undefined ? [] : [previous.id];
  }
  return rowsOf(previous);
}

/** A difference is kept as `<prefix>,<suffix>\n<what lies between>`, lengths in UTF-16 units. */
export function encodeDifference(base: string, text: string): string | undefined {
  const most = Math.min(base.length, text.length);
  let prefix = 0;
  while (prefix < most && base.charCodeAt(prefix) === text.charCodeAt(prefix)) prefix += 1;
  if (splitsPair(text, prefix) || splitsPair(base, prefix)) prefix -= 1;
  let suffix = 0;
  while (
    suffix < most - prefix &&
    base.charCodeAt(base.length - 1 - suffix) === text.charCodeAt(text.length - 1 - suffix)
  ) {
    suffix += 1;
  }
  if (splitsPair(text, text.length - suffix) || splitsPair(base, base.length - suffix)) suffix -= 1;
  // A difference that saves less than half is not worth a second row on every read.
  if (prefix + suffix < text.length / 2) return undefined;
  return `${prefix},${suffix}\n${text.slice(prefix, text.length - suffix)}`;
}

export function applyDifference(base: string, difference: string): string {
  const lineEnd = difference.indexOf('\n');
  const comma = difference.indexOf(',');
  const prefix = Number(difference.slice(0, comma));
  const suffix = Number(difference.slice(comma + 1, lineEnd));
  return base.slice(0, prefix) + difference.slice(lineEnd + 1) + base.slice(base.length - suffix);
}

/** Whether cutting before unit `at` would tear a surrogate pair, which UTF-8 cannot store. */
function splitsPair(text: string, at: number): boolean {
  if (at <= 0 || at >= text.length) return false;
  const unit = text.charCodeAt(at);
  const before = text.charCodeAt(at - 1);
  return unit >= 0xdc00 && unit <= 0xdfff && before >= 0xd800 && before <= 0xdbff;
}
