/**
 * One change as a watcher sees it.
 *
 * Values are decoded when they are asked for, each watcher its own copy: what nobody looks at costs
 * nothing, and what one mutates no other sees.
 */
import type {
  Cause,
  Change,
  ChangeKind,
  Commit,
  Position,
  StoredValue,
} from '../../ledger/index.ts';

interface Encoded {
  readonly key: string;
  readonly schema: number;
  readonly value: StoredValue;
}

/** Makes a stored value what the reader wants; throws what refuses it. */
export type Decode<Out> = (entry: Encoded) => Out | Promise<Out>;

type Outcome<Out> = { readonly value: Out | undefined } | { readonly error: unknown };
const nothing = { value: undefined };

export class WatchedChange<Out = unknown> {
  readonly #commit: Commit;
  readonly #change: Change;
  /** Undefined until somebody asks, where a value needs no schema. */
  #value: Outcome<Out> | undefined;
  #previous: Outcome<Out> | undefined;

  constructor(commit: Commit, change: Change) {
    this.#commit = commit;
    this.#change = change;
  }

  /** Of the commit that made it. */
  get position(): Position {
    return this.#commit.position;
  }

  /** Of the commit, in milliseconds since the Unix epoch. */
  get time(): number {
    return this.#commit.time;
  }

  get actor(): string | undefined {
    return this.#commit.actor;
  }

  get cause(): Cause | undefined {
    return this.#commit.cause;
  }

  get scope(): string {
    return this.#change.scope;
  }

  get key(): string {
    return this.#change.key;
  }

  get kind(): ChangeKind {
    return this.#change.kind;
  }

  get expiresAt(): number | undefined {
    return this.#change.expiresAt;
  }

  /** Whether somebody erased the values of this change. */
  get erased(): boolean {
    return this.#change.erased === true;
  }

  /**
   * The value after it. Undefined for `deleted` and `expired`, with `keysOnly`, or if it was
   * erased. Throws `schema_mismatch` if the scope's schema refuses it.
   */
  get value(): Out | undefined {
    this.#value ??= { value: this.#change.value?.decode() as Out | undefined };
    return settled(this.#value);
  }

  /** The value before it, where there was one. Throws `schema_mismatch`. */
  get previous(): Out | undefined {
    this.#previous ??= { value: this.#change.previous?.value?.decode() as Out | undefined };
    return settled(this.#previous);
  }

  /**
   * The change as plain JSON, values decoded. Throws `schema_mismatch` as they do.
   *
   * @example
   * const watch = scope.watch({ snapshot: true });
   * await watch.next();
   * await scope.set('ada', 1);
   * const { value: event } = await watch.next();
   * const [change] = event?.kind === 'changes' ? event.changes : [];
   * change?.toJSON(); // => { kind: 'created', scope: 'examples', key: 'ada', value: 1 }
   * await watch.return();
   */
  toJSON(): Record<string, unknown> {
    const { position, time, actor, cause, scope, key, kind, expiresAt, value, previous } = this;
    return { kind, scope, key, value, previous, position, time, expiresAt, actor, cause };
  }

  /**
   * Lets a schema judge both values now. What it refuses is thrown to whoever reads it.
   *
   * @internal
   */
  async decodeWith(decode: Decode<Out>): Promise<void> {
    const { key, schema, value, previous } = this.#change;
    const before = previous?.value && { key, schema: previous.schema, value: previous.value };
    this.#value = await outcomeOf(value && { key, schema, value }, decode);
    this.#previous = await outcomeOf(before, decode);
  }
}

async function outcomeOf<Out>(
  entry: Encoded | undefined,
  decode: Decode<Out>,
): Promise<Outcome<Out>> {
  if (entry === undefined) return nothing;
  try {
    return { value: await decode(entry) };
  } catch (error) {
    return { error };
  }
}

function settled<Out>(outcome: Outcome<Out>): Out | undefined {
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}
