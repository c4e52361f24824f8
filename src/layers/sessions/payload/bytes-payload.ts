/** Opaque sessions: a handler works with bytes, or with what somebody makes of them. */
import { HoldfastError } from '../../../errors/index.ts';
import type { StateHash } from '../state/set-hash.ts';
import type { BytesCodec, Payload } from './payload.ts';

/** How a handler's view is made of bytes and becomes bytes again. */
export interface BytesView<Draft> {
  /** Must not keep the bytes, nor write to them. */
  open(bytes: Uint8Array): Draft;
  /** The bytes after the turn. The view is not used any more. */
  close(draft: Draft): Uint8Array;
  /** The turn came to nothing; the view is not used any more. */
  discard(draft: Draft): void;
}

/** The view that hides nothing. */
export interface BytesDraft {
  bytes: Uint8Array;
}

export interface BytesState {
  readonly bytes: Uint8Array;
  readonly hash: StateHash;
}

export const wholeBytes: BytesView<BytesDraft> = {
  open: (bytes) => ({ bytes: bytes.slice() }),
  close: ({ bytes }) => bytes,
  discard: () => undefined,
};

/**
 * A payload of bytes: `codec` compares them, `view` is what a handler sees of them. The codec goes
 * to the host, too. `wholeBytes` is the view that hides nothing.
 *
 * @example
 * import { bytesPayload, digest } from 'holdfast/sessions';
 * import type { BytesCodec } from 'holdfast/sessions';
 *
 * const codec: BytesCodec = {
 *   name: 'lines',
 *   empty: () => new Uint8Array(),
 *   diff: () => undefined,
 *   apply: (_before, delta) => delta,
 *   hash: (bytes) => digest(bytes),
 * };
 * const lines = bytesPayload<string[]>(codec, {
 *   open: (bytes) => new TextDecoder().decode(bytes).split('\n'),
 *   close: (draft) => new TextEncoder().encode(draft.join('\n')),
 *   discard: () => undefined,
 * });
 * const before = lines.load(new TextEncoder().encode('one'));
 * const draft = lines.draft(before);
 * draft.push('two');
 * const after = lines.finish(before, draft);
 * new TextDecoder().decode(lines.save(after.state)); // => 'one\ntwo'
 */
export function bytesPayload<Draft>(
  codec: BytesCodec,
  view: BytesView<Draft>,
): Payload<BytesState, Draft> {
  function stateOf(bytes: Uint8Array): BytesState {
    return { bytes, hash: codec.hash(bytes) };
  }
  return {
    name: codec.name,
    codec,
    empty: () => stateOf(codec.empty()),
    load: (snapshot) => stateOf(snapshot),
    save: ({ bytes }) => bytes,
    hash: ({ hash }) => hash,
    bytesOf: ({ bytes }) => bytes.byteLength,
    apply({ bytes }, delta, expected) {
      const state = stateOf(codec.apply(bytes, delta));
      if (expected === undefined || state.hash === expected) return state;
      const details = { expected, found: state.hash };
      const message = 'the delta leads to another state than it says';
      throw new HoldfastError('state_mismatch', message, { details });
    },
    draft: ({ bytes }) => view.open(bytes),
    finish({ bytes }, draft) {
      const state = stateOf(view.close(draft));
      return { state, hash: state.hash, delta: codec.diff(bytes, state.bytes) };
    },
    discard: (draft) => view.discard(draft),
  };
}
