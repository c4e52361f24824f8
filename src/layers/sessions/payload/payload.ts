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

/** `State` is what a worker's cache holds, `Draft` what a handler works with. */
export interface Payload<State, Draft> {
  /** By this a host knows how to keep a session: `entries`, or the codec's name. */
  readonly name: string;
  empty(): State;
  /** Throws if the bytes are no snapshot. */
  load(snapshot: Uint8Array): State;
  save(state: State): Uint8Array;
  hash(state: State): StateHash;
  /** About how many bytes of memory it takes. */
  bytesOf(state: State): number;
  /** Throws, and `state` is as it was, unless the delta leads to a state with this hash. */
  apply(state: State, delta: Uint8Array, expected: StateHash | undefined): State;
  /** `state` may be used up by `finish`, and is as it was after `discard`. */
  draft(state: State): Draft;
  finish(state: State, draft: Draft): Finished<State>;
  discard(draft: Draft): void;
  /** How a host keeps such sessions. */
  readonly codec: BytesCodec | undefined;
}

/**
 * How an opaque payload is compared and told apart. All functions are pure: they never write to
 * the bytes that they are given.
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
