/**
 * What a session is made of: how a worker holds a state, how it travels, how it is told apart.
 *
 * A *structured* payload is entries (`entriesPayload`), whose deltas are per field. An *opaque* one
 * is bytes with a codec (`bytesPayload`).
 *
 * Y1. `load`, `apply` and `finish` throw for what is wrong and have changed nothing then.
 * Y2. Two states with the same hash are the same.
 */
import type { StateHash } from '../state/set-hash.ts';

export interface Finished<State> {
  readonly state: State;
  readonly hash: StateHash;
  /** Undefined: no delta can say it (another schema), a snapshot must. */
  readonly delta: Uint8Array | undefined;
}

/**
 * `State` is what a worker's cache holds, `Draft` what a handler works with. `entriesPayload` and
 * `bytesPayload` make those that there are; agents take one, hosts only its name and codec.
 */
export interface Payload<State, Draft> {
  /** By this a host knows how to keep a session: `entries`, or the codec's name. */
  readonly name: string;
  /** Of a session before its first turn. */
  empty(): State;
  /** Throws if the bytes are no snapshot. */
  load(snapshot: Uint8Array): State;
  /** A snapshot that `load` takes. */
  save(state: State): Uint8Array;
  /** Called often: a state should know its own. */
  hash(state: State): StateHash;
  /** About how many bytes of memory it takes. */
  bytesOf(state: State): number;
  /** Throws, and `state` is as it was, unless the delta leads to a state with this hash. */
  apply(state: State, delta: Uint8Array, expected: StateHash | undefined): State;
  /** `state` may be used up by `finish`, and is as it was after `discard`. */
  draft(state: State): Draft;
  /** The handler returned: what it made of the draft, and how to say that. */
  finish(state: State, draft: Draft): Finished<State>;
  /** The handler threw, or nobody waits any more. */
  discard(draft: Draft): void;
  /** How a host keeps such sessions. */
  readonly codec: BytesCodec | undefined;
}

/**
 * How an opaque payload is compared and told apart. All functions are pure: they never write to
 * the bytes that they are given.
 *
 * @example
 * import { bytesPayload, digest, wholeBytes } from 'holdfast/sessions';
 * import type { BytesCodec } from 'holdfast/sessions';
 *
 * // What only grows: a delta is what came.
 * const log: BytesCodec = {
 *   name: 'log',
 *   empty: () => new Uint8Array(),
 *   diff: (before, after) => after.slice(before.byteLength),
 *   apply: (before, delta) => Uint8Array.of(...before, ...delta),
 *   hash: (bytes) => digest(bytes),
 * };
 * const payload = bytesPayload(log, wholeBytes);
 * const state1 = payload.load(Uint8Array.of(1, 2));
 * const draft = payload.draft(state1);
 * draft.bytes = Uint8Array.of(1, 2, 3);
 * const { delta } = payload.finish(state1, draft);
 * delta; // => Uint8Array.of(3)
 */
export interface BytesCodec {
  /** Part of what is stored: a host that does not know it refuses the session. */
  readonly name: string;
  /** Of a session before its first turn. */
  empty(): Uint8Array;
  /** Undefined: no delta can say it, send the whole. */
  diff(before: Uint8Array, after: Uint8Array): Uint8Array | undefined;
  /** Throws if the delta does not apply. */
  apply(before: Uint8Array, delta: Uint8Array): Uint8Array;
  /** 32 hex digits that equal contents share, whatever their bytes. Throws for damaged bytes. */
  hash(bytes: Uint8Array): StateHash;
}
