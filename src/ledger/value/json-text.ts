/**
 * From JavaScript to JSON text and back, refusing what would not survive (`json-rules.ts`).
 *
 * Everything that becomes a stored value passes one of these two functions once.
 */
import { fault } from './fault.ts';
import type { Fault } from './fault.ts';
import { findFault, findLoneSurrogate, findParsedFault } from './json-rules.ts';

/** The JSON text of any JavaScript value, or why there is none. Checks size only roughly. */
export function toJsonText(value: unknown, maxBytes: number, depth = 0): string | Fault {
  return findFault(value, maxBytes, depth) ?? written(value);
}

/** The text of a JSON document from outside, written the way that this engine writes it. */
export function canonicalText(document: string): string | Fault {
  let value: unknown;
  try {
    value = JSON.parse(document);
  } catch (error) {
    const message = error instanceof Error ? error.message.toWellFormed() : 'unreadable';
    return fault('malformed_json', `is not JSON: ${message}`);
  }
  return findParsedFault(value) ?? written(value);
}

function written(value: unknown): string | Fault {
  const text = JSON.stringify(value);
  // A lone surrogate is written as an escape \udXXX; a backslash in a text may look like one.
  if (text.includes('\\ud')) return findLoneSurrogate(value) ?? text;
  return text;
}
