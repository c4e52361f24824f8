/** Structured sessions: a handler reads and writes entries and lists. */
import { HoldfastError } from '../../../errors/index.ts';
import type { Plan } from '../state/change.ts';
import {
  decodeChanges,
  decodeEntries,
  encodeChanges,
  encodeEntries,
} from '../state/entries-codec.ts';
import { EntriesState } from '../state/entries-state.ts';
import { SessionState } from '../state/session-state.ts';
import { hashText } from '../state/set-hash.ts';
import type { StateHash } from '../state/set-hash.ts';
import type { Payload } from './payload.ts';

export const entriesName = 'entries';

export const entriesPayload: Payload<EntriesState, SessionState> = {
  name: entriesName,
  codec: undefined,
  empty: () => new EntriesState(),
  load: (snapshot) => EntriesState.of(decodeEntries(snapshot)),
  save: (state) => encodeEntries(state.entries()),
  hash: (state) => state.hash,
  bytesOf: (state) => state.bytes,
  apply(state, delta, expected) {
    const plan = state.plan(decodeChanges(delta));
    if (expected !== undefined) checkHash(plan, expected);
    state.advance(plan);
    return state;
  },
  draft: (state) => new SessionState(state),
  finish(state, draft) {
    const changes = draft.finish();
    const plan = state.plan(changes);
    state.advance(plan);
    return { state, hash: state.hash, delta: encodeChanges(changes) };
  },
  discard(draft) {
    draft.finish();
  },
};

export function checkHash({ sum }: Pick<Plan, 'sum'>, expected: StateHash): void {
  const found = hashText(sum);
  if (found === expected) return;
  throw new HoldfastError('state_mismatch', 'the delta leads to another state than it says', {
    details: { expected, found },
  });
}
