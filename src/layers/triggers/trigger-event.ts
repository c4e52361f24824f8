/**
 * One change as a handler gets it: the six members that iii's state triggers have, and where in the
 * log it happened.
 *
 * Values are decoded when they are asked for. As JSON a value that is absent is null, and raw bytes
 * are `{ "base64": "…" }`.
 */
import type { Cause, ChangeKind, Position, StoredValue } from '../../ledger/index.ts';

/** An event as it is kept: what the log said, without the values. */
export interface EventHead {
  readonly scope: string;
  readonly key: string;
  readonly kind: ChangeKind;
  readonly position: Position;
  readonly time: number;
  readonly actor?: string | undefined;
  readonly cause?: Cause | undefined;
  readonly erased?: true | undefined;
}

export interface EventParts {
  readonly app: string;
  readonly trigger: string;
  readonly head: EventHead;
  readonly oldValue: StoredValue | undefined;
  readonly newValue: StoredValue | undefined;
  readonly attempt: number;
}

/** CloudEvents 1.0, structured mode. */
export interface CloudEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: Readonly<Record<string, unknown>>;
}

export class TriggerEvent<T = unknown> {
  readonly type = 'state';
  /** For whoever keeps or moves the event without decoding it. */
  readonly parts: EventParts;
  #old: { readonly value: T | undefined } | undefined;
  #new: { readonly value: T | undefined } | undefined;

  constructor(parts: EventParts) {
    this.parts = parts;
  }

  /** The app that the change happened in. */
  get app(): string {
    return this.parts.app;
  }

  /** The name of the trigger. */
  get trigger(): string {
    return this.parts.trigger;
  }

  get kind(): ChangeKind {
    return this.parts.head.kind;
  }

  /** `state:created`, `state:updated`, `state:deleted` or `state:expired`. */
  get event_type(): `state:${ChangeKind}` {
    return `state:${this.parts.head.kind}`;
  }

  get scope(): string {
    return this.parts.head.scope;
  }

  get key(): string {
    return this.parts.head.key;
  }

  /** Undefined if there was no entry before. */
  get old_value(): T | undefined {
    this.#old ??= { value: this.parts.oldValue?.decode() as T | undefined };
    return this.#old.value;
  }

  /** Undefined if there is no entry any more. */
  get new_value(): T | undefined {
    this.#new ??= { value: this.parts.newValue?.decode() as T | undefined };
    return this.#new.value;
  }

  /** Of the commit. Together with scope and key it names the event. */
  get position(): Position {
    return this.parts.head.position;
  }

  /** Of the commit, in milliseconds since the Unix epoch. */
  get time(): number {
    return this.parts.head.time;
  }

  get actor(): string | undefined {
    return this.parts.head.actor;
  }

  get cause(): Cause | undefined {
    return this.parts.head.cause;
  }

  /** Whether somebody erased the values meanwhile. */
  get erased(): boolean {
    const { kind, erased } = this.parts.head;
    const isMissing = this.parts.newValue === undefined;
    return erased === true || (isMissing && (kind === 'created' || kind === 'updated'));
  }

  /** 1 for the first; an attempt that died with its process is not counted. */
  get attempt(): number {
    return this.parts.attempt;
  }

  /** The same for every attempt: what a receiver recognises a repeat by. */
  get id(): string {
    const { incarnation, revision } = this.position;
    return [incarnation, revision, this.scope, this.key].map(encode).join('/');
  }

  /**
   * What iii's handlers get, and the rest beside it.
   *
   * @example
   * const told = Promise.withResolvers<unknown>();
   * const trigger = await app.trigger('t', { scope: 'users' }, (event) => {
   *   told.resolve(event.toJSON());
   * });
   * await app.scope('users').set('ada', 1);
   * await told.promise; // => { event_type: 'state:created', old_value: null, new_value: 1 }
   * await trigger.stop();
   */
  toJSON(): Record<string, unknown> {
    const { type, event_type, scope, key, position, time, actor, cause, attempt, trigger } = this;
    const values = {
      old_value: plain(this.parts.oldValue),
      new_value: plain(this.parts.newValue),
    };
    const fields = { type, event_type, scope, key, ...values };
    return { ...fields, id: this.id, trigger, position, time, actor, cause, attempt };
  }

  /**
   * Source and subject are URI references: `/apps/shop/scopes/users` and the key.
   *
   * @example
   * const told = Promise.withResolvers<unknown>();
   * const trigger = await app.trigger('t', { scope: 'users' }, (event) => {
   *   told.resolve(event.toCloudEvent());
   * });
   * await app.scope('users').set('ada', 1);
   * await told.promise; // => { type: 'holdfast.state.created', subject: 'ada' }
   * await trigger.stop();
   */
  toCloudEvent(): CloudEvent {
    return {
      specversion: '1.0',
      id: this.id,
      source: `/apps/${encode(this.app)}/scopes/${encode(this.scope)}`,
      type: `holdfast.state.${this.kind}`,
      subject: this.key,
      time: new Date(this.time).toISOString(),
      datacontenttype: 'application/json',
      data: this.toJSON(),
    };
  }
}

function encode(part: string | number): string {
  return encodeURIComponent(part);
}

function plain(value: StoredValue | undefined): unknown {
  if (value === undefined) return null;
  const { content } = value;
  if (typeof content === 'string') return value.decode();
  let text = '';
  for (const byte of content) text += String.fromCharCode(byte);
  return { base64: btoa(text) };
}
