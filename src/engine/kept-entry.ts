/** Entries that an engine keeps in memory: frozen, and out of reach of whoever is given them. */
import type { StoredEntry } from './entry.ts';
import type { PutWrite } from './transaction.ts';

/** The entry that a put leaves, with content of its own. */
export function storedOf(write: PutWrite, version: number, time: number): StoredEntry {
  const { scope, key, content, createdAt = time, expiresAt, schema, size, external } = write;
  return Object.freeze({
    scope,
    key,
    content: typeof content === 'string' ? content : new Uint8Array(content),
    version,
    createdAt,
    updatedAt: time,
    expiresAt,
    schema,
    size,
    external,
  });
}

/** An entry that its receiver may change without reaching the stored one. */
export function fresh(entry: StoredEntry): StoredEntry {
  const { content } = entry;
  return typeof content === 'string' ? entry : { ...entry, content: new Uint8Array(content) };
}
