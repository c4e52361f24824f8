/**
 * Between what is stored and what a caller holds: migrations, then the schema.
 *
 * V1. What is stored is what the caller gave (the schema's input), once the schema has accepted it.
 *     The schema's output is made on each read, so a schema may transform and fill in defaults.
 * V2. Fail-closed: a stored value that no migration leads up, that the schema refuses, or that
 *     newer code wrote, is `schema_mismatch` with its key and issues. It is never returned, changed
 *     or deleted.
 * V3. Migration is lazy: a read migrates its copy; the stored value changes when it is next
 *     written.
 * V4. Without schema and version everything passes as it is, at no cost.
 */
import { HoldfastError } from '../../../errors/index.ts';
import { limits, StoredValue } from '../../../ledger/index.ts';
import { issuePath } from './standard-schema.ts';
import type { SchemaVerdict, StandardSchema } from './standard-schema.ts';

/**
 * Takes a value of one schema version to the next one. Gets a copy of its own, must be synchronous.
 */
export type Migration = (value: unknown) => unknown;

export interface CodecOptions<In, Out> {
  /** Judges what is written and makes what is read. */
  readonly schema?: StandardSchema<In, Out> | undefined;
  /** Of the shape of values, a whole number; raise it with each change of shape. Default 0. */
  readonly version?: number | undefined;
  /** `migrate[v]` takes a value of version v to version v + 1. */
  readonly migrate?: Readonly<Record<number, Migration>> | undefined;
}

/** A value as it is stored, with what is needed to read it. */
export interface Encoded {
  readonly key: string;
  readonly schema: number;
  readonly value: StoredValue;
}

export class ValueCodec<In, Out> {
  /** Stamped on what is written. */
  readonly version: number;
  /** Whether every value passes as it is. */
  readonly isPlain: boolean;
  /** Whether the version that a value was written with matters for reading it. */
  readonly isVersioned: boolean;
  /** Whether the schema was seen to answer with promises. */
  isAsynchronous = false;
  readonly #owner: string;
  readonly #schema: StandardSchema<In, Out> | undefined;
  readonly #migrate: Readonly<Record<number, Migration>>;

  /** `owner` is what errors call the place: `scope 'users'`. */
  constructor(owner: string, { schema, version, migrate }: CodecOptions<In, Out>) {
    this.#owner = owner;
    this.#schema = schema;
    this.#migrate = migrate ?? {};
    this.isVersioned = version !== undefined;
    this.version = version ?? 0;
    this.isPlain = schema === undefined && version === undefined;
    checkOptions(owner, schema, this.version, this.#migrate);
  }

  /**
   * Accepts a value to be written. What the caller does to it afterwards has no effect.
   * Throws `schema_mismatch`; is a promise only if the schema is asynchronous.
   */
  encode(key: string, value: In): unknown {
    if (this.#schema === undefined) return value;
    const verdict = this.#schema['~standard'].validate(value);
    if (!(verdict instanceof Promise)) {
      this.#accept(verdict, key, 'given');
      return value;
    }
    this.isAsynchronous = true;
    const detached = StoredValue.of(value, limits.valueBytesMax);
    return verdict.then((settled) => {
      this.#accept(settled, key, 'given');
      return detached;
    });
  }

  /** The value for a reader. Throws `schema_mismatch`; a promise only if the schema is. */
  decode(entry: Encoded): Out | Promise<Out> {
    if (this.isPlain) return entry.value.decode() as Out;
    return this.judged(entry, this.migrated(entry));
  }

  /** What a reader gets for a migrated value. Throws `schema_mismatch`. */
  judged(entry: { readonly key: string }, value: unknown): Out | Promise<Out> {
    if (this.#schema === undefined) return value as Out;
    const verdict = this.#schema['~standard'].validate(value);
    if (!(verdict instanceof Promise)) return this.#accept(verdict, entry.key, 'stored');
    this.isAsynchronous = true;
    return verdict.then((settled) => this.#accept(settled, entry.key, 'stored'));
  }

  /** The stored value in the current version's shape, not yet judged by the schema. */
  migrated({ key, schema, value }: Encoded): unknown {
    if (schema > this.version && this.isVersioned) {
      throw this.#mismatch(
        key,
        `was written with schema version ${schema}; this code knows up to ${this.version}`,
        { storedVersion: schema },
      );
    }
    let current = value.decode();
    for (let from = schema; from < this.version; from += 1) {
      const step = this.#migrate[from];
      if (step === undefined) {
        throw this.#mismatch(key, `has schema version ${schema}; there is no migrate[${from}]`, {
          storedVersion: schema,
        });
      }
      current = this.#step(step, current, key, from);
    }
    return current;
  }

  #step(step: Migration, value: unknown, key: string, from: number): unknown {
    let next: unknown;
    try {
      next = step(value);
    } catch (cause) {
      throw this.#mismatch(key, `could not be migrated: migrate[${from}] threw`, {}, cause);
    }
    if (next === undefined || next instanceof Promise) {
      const what = next === undefined ? 'nothing' : 'a promise';
      throw this.#mismatch(key, `could not be migrated: migrate[${from}] returned ${what}`, {});
    }
    return next;
  }

  #accept(verdict: SchemaVerdict<Out>, key: string, which: 'given' | 'stored'): Out {
    if (verdict.issues === undefined) return verdict.value;
    const issues = verdict.issues.map((issue) => ({
      path: issuePath(issue),
      message: issue.message,
    }));
    const [first] = issues;
    const where = first === undefined || first.path === '' ? '' : ` at ${first.path}`;
    const message = `(${which}) is refused by the schema${where}: ${first?.message ?? 'no reason'}`;
    throw this.#mismatch(key, message, { issues, which });
  }

  #mismatch(
    key: string,
    message: string,
    details: Record<string, unknown>,
    cause?: unknown,
  ): HoldfastError {
    const { version } = this;
    return new HoldfastError('schema_mismatch', `'${key}' in ${this.#owner} ${message}`, {
      details: { owner: this.#owner, key, version, ...details },
      cause,
    });
  }
}

function checkOptions(
  owner: string,
  schema: StandardSchema | undefined,
  version: number,
  migrate: Readonly<Record<number, Migration>>,
): void {
  if (schema !== undefined && typeof schema['~standard']?.validate !== 'function') {
    throw invalid(`the schema of ${owner} is no Standard Schema (zod, valibot, arktype, …)`);
  }
  if (!Number.isSafeInteger(version) || version < 0) {
    throw invalid(`the version of ${owner} must be a whole number, not ${String(version)}`);
  }
  for (const from of Object.keys(migrate)) {
    if (/^\d+$/.test(from) && Number(from) < version) continue;
    throw invalid(`migrate['${from}'] of ${owner} leads to no version up to ${version}`);
  }
}

function invalid(message: string): HoldfastError {
  return new HoldfastError('invalid_argument', message);
}
