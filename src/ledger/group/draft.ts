/**
 * An entry as it stands inside a group: read from the engine, or pending in it.
 *
 * Immutable but for its caches. Two changes share a draft as "after" and "before", which is how the
 * log stores each value once.
 */
import type { Content, Ref, StoredEntry } from '../../engine/index.ts';
import { decodeExternal } from '../keyspace/external.ts';
import type { ExternalRef } from '../keyspace/external.ts';

export class Draft {
  /** Undefined for a large value that nobody has loaded. */
  content: Content | undefined;
  /** Set for a large value: where it is kept. */
  external: ExternalRef | undefined;
  /** Revision offset in this group; 0 for what was there before it. */
  offset = 0;
  /** The absolute version of what was there before the group. */
  readonly version: number;
  /** Undefined for what this group creates and writes: its commits' time is not drawn yet. */
  readonly createdAt: number | undefined;
  readonly updatedAt: number | undefined;
  readonly expiresAt: number | undefined;
  readonly schema: number;
  /** Bytes of key and value. */
  readonly size: number;
  /** The base's text, if this was loaded as a difference to it. */
  baseText: string | undefined;
  /** Where the log body of this group holds the content; -1 if it does not. */
  logStart = -1;
  #json: unknown;
  #parsed = false;

  constructor(
    content: Content | undefined,
    external: ExternalRef | undefined,
    version: number,
    createdAt: number | undefined,
    updatedAt: number | undefined,
    expiresAt: number | undefined,
    schema: number,
    size: number,
  ) {
    this.content = content;
    this.external = external;
    this.version = version;
    this.createdAt = createdAt;
    this.updatedAt = updatedAt;
    this.expiresAt = expiresAt;
    this.schema = schema;
    this.size = size;
  }

  static fromStored(entry: StoredEntry): Draft {
    return new Draft(
      entry.external ? undefined : entry.content,
      entry.external ? decodeExternal(entry.content) : undefined,
      entry.version,
      entry.createdAt,
      entry.updatedAt,
      entry.expiresAt,
      entry.schema,
      entry.size,
    );
  }

  /** The parsed JSON. Shared between readers: operations copy what they change. */
  json(): unknown {
    if (!this.#parsed) {
      this.#json = JSON.parse(this.content as string);
      this.#parsed = true;
    }
    return this.#json;
  }

  /** Spares the next operation the parse. */
  remember(json: unknown): void {
    this.#json = json;
    this.#parsed = true;
  }
}

/** One entry's place in a group: what the engine read, and what the group has made of it. */
export class Slot {
  readonly ref: Ref;
  /** What was stored before the group. */
  readonly base: Draft | undefined;
  current: Draft | undefined;
  /** Offset of the last commit of this group that touched the entry; 0 if none did. */
  lastOffset = 0;

  constructor(ref: Ref, stored: StoredEntry | undefined) {
    this.ref = ref;
    this.base = stored === undefined ? undefined : Draft.fromStored(stored);
    this.current = this.base;
  }
}
