/**
 * Keeps structured sessions: each entry is an entry of the session's scope, so that a turn costs
 * what it changed.
 *
 * Beside the state lies `undo`: for each earlier state that a turn may start from, the delta that
 * leads there. The last delta itself is read off the entries that `undo` names, except where that
 * would repeat a large value of which only a part changed: then it is kept in `forward`.
 */
import { HoldfastError } from '../../../errors/index.ts';
import { limits } from '../../../ledger/index.ts';
import type { Ledger, Mutation, Ref, StoredValue } from '../../../ledger/index.ts';
import { forwardRef, stateRef, statePrefix, undoRef } from '../keyspace.ts';
import { checkHash } from '../payload/entries-payload.ts';
import { planChanges } from '../state/change.ts';
import type { Change, Plan } from '../state/change.ts';
import { changeBetween } from '../state/difference.ts';
import {
  decodeChanges,
  decodeEntries,
  encodeChanges,
  encodeEntries,
} from '../state/entries-codec.ts';
import { EntriesState } from '../state/entries-state.ts';
import { emptyHash, hashText, sumOf } from '../state/set-hash.ts';
import { currentBase } from '../stored-session.ts';
import type { Base, StoredSession } from '../stored-session.ts';
import { count, optionalBytes, optionalHex, repeated, shape } from '../wire/shape.ts';
import { isSame, overtaken } from './keeper.ts';
import type { Answer, Folded, Keeper } from './keeper.ts';

/** Besides the entries of the state, a commit writes the head, the turn, `undo` and `forward`. */
export const changesMax = limits.mutationsPerProposal - 10;

/** A turn that replaced more than this cannot be undone. */
const undoBytesMax = 256 * 1024;

const undoShape = shape({
  steps: repeated(1, shape({ version: count(1), hash: optionalHex(2), delta: optionalBytes(3) })),
});

type Values = ReadonlyMap<string, StoredValue | undefined>;

export class EntriesKeeper implements Keeper {
  readonly emptyHash = emptyHash;
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  async snapshot(session: StoredSession, base: Base): Promise<Uint8Array | undefined> {
    const state = await this.#state(session);
    const current = currentBase(session);
    if (state.hash !== current.hash) return undefined;
    if (!isSame(base, current)) {
      const changes = await this.#undo(session, base);
      if (changes === undefined) return undefined;
      state.advance(state.plan(changes));
      if (state.hash !== base.hash) return undefined;
    }
    return encodeEntries(state.entries());
  }

  async delta(session: StoredSession, from: Base, base: Base): Promise<Uint8Array | undefined> {
    const current = currentBase(session);
    if (isSame(from, current)) {
      const changes = await this.#undo(session, base);
      return changes && encodeChanges(changes);
    }
    const last = session.head?.earlier[0];
    if (last === undefined || !isSame(from, last) || !isSame(base, current)) return undefined;
    return this.#forward(session, last);
  }

  async fold(session: StoredSession, base: Base, answer: Answer): Promise<Folded> {
    const current = currentBase(session);
    const back = isSame(base, current) ? [] : await this.#undo(session, base);
    if (back === undefined) throw overtaken(session);
    const changes = await this.#changesOf(session, back, answer);
    const keys = new Set([...back, ...changes].map(({ key }) => key));
    const stored = await this.#read(session, [...keys]);
    const undone = planChanges(back, (key) => stored.get(key), sumOf(current.hash));
    if (hashText(undone.sum) !== base.hash) throw overtaken(session);
    const based = overlaid(stored, undone);
    const plan = planChanges(changes, (key) => based.get(key), undone.sum);
    if (answer.hash !== undefined) checkHash(plan, answer.hash);
    const after = overlaid(based, plan);
    const mutations = stateMutations(session.scope, {
      stored,
      after,
      plan,
      isBack: back.length > 0,
    });
    if (mutations.length > changesMax) throw tooManyChanges(mutations.length);
    const steps = [{ ...current, changes: changesBetween(after, stored) }];
    if (!isSame(base, current)) steps.push({ ...base, changes: changesBetween(after, based) });
    const undo = encodeUndo(steps);
    const isUndoKept = undo.byteLength <= undoBytesMax;
    mutations.push(valueMutation(undoRef(session.scope), isUndoKept ? undo : undefined));
    const isForwardKept = changes.some(({ kind }) => kind === 'update');
    const forward = isForwardKept ? encodeChanges(changesBetween(stored, after)) : undefined;
    mutations.push(valueMutation(forwardRef(session.scope), isUndoKept ? forward : undefined));
    const earlier = steps.map(({ version, hash }) => ({ version, hash }));
    return { hash: hashText(plan.sum), mutations, earlier: isUndoKept ? earlier : [] };
  }

  /** What the answer changes in the base; a snapshot is compared with it. */
  async #changesOf(
    session: StoredSession,
    back: readonly Change[],
    { delta, snapshot }: Answer,
  ): Promise<readonly Change[]> {
    if (delta !== undefined) return decodeChanges(delta);
    if (snapshot === undefined) {
      throw new HoldfastError('protocol', 'a complete turn has a delta or a snapshot');
    }
    const whole = EntriesState.of(decodeEntries(snapshot));
    const state = await this.#state(session);
    state.advance(state.plan(back));
    const changes: Change[] = [];
    for (const [key, value] of whole.entries()) {
      const change = changeBetween(key, state.get(key), value);
      if (change !== undefined) changes.push(change);
    }
    for (const [key] of state.entries()) {
      if (whole.get(key) === undefined) changes.push({ key, kind: 'delete' });
    }
    return changes;
  }

  async #state({ scope, head }: StoredSession): Promise<EntriesState> {
    const found: [string, StoredValue][] = [];
    let cursor: string | undefined;
    if (head !== undefined) {
      do {
        const query = { scope, prefix: statePrefix, limit: limits.scanLimitMax, cursor };
        const page = await this.#ledger.scan(query);
        for (const { key, value } of page.items) found.push([key.slice(statePrefix.length), value]);
        cursor = page.cursor;
      } while (cursor !== undefined);
    }
    return EntriesState.of(found);
  }

  async #read({ scope }: StoredSession, keys: readonly string[]): Promise<Values> {
    const values = new Map<string, StoredValue | undefined>();
    for (let start = 0; start < keys.length; start += limits.readRefs) {
      const share = keys.slice(start, start + limits.readRefs);
      const entries = await this.#ledger.read(share.map((key) => stateRef(scope, key)));
      for (const [index, key] of share.entries()) values.set(key, entries[index]?.value);
    }
    return values;
  }

  /** What leads from the current state to an earlier one. */
  async #undo({ scope }: StoredSession, base: Base): Promise<readonly Change[] | undefined> {
    const [entry] = await this.#ledger.read([undoRef(scope)]);
    if (entry === undefined) return undefined;
    const { steps } = undoShape.decode(entry.value.decode() as Uint8Array);
    const step = steps.find(({ version, hash }) => isSame({ version, hash: hash ?? '' }, base));
    return step && decodeChanges(step.delta ?? new Uint8Array());
  }

  async #forward(session: StoredSession, last: Base): Promise<Uint8Array | undefined> {
    const [kept] = await this.#ledger.read([forwardRef(session.scope)]);
    if (kept !== undefined) return kept.value.decode() as Uint8Array;
    const changes = await this.#undo(session, last);
    if (changes === undefined) return undefined;
    const values = await this.#read(
      session,
      changes.map(({ key }) => key),
    );
    return encodeChanges(
      Array.from(values, ([key, value]): Change => {
        return value === undefined ? { key, kind: 'delete' } : { key, kind: 'set', value };
      }),
    );
  }
}

function overlaid(values: Values, { effects }: Plan): Values {
  return new Map([...values, ...effects.map(({ key, after }) => [key, after] as const)]);
}

/** From the values of one state to those of another, key by key. */
function changesBetween(from: Values, to: Values): readonly Change[] {
  const keys = new Set([...from.keys(), ...to.keys()]);
  return [...keys].flatMap((key) => changeBetween(key, from.get(key), to.get(key)) ?? []);
}

interface Written {
  readonly stored: Values;
  readonly after: Values;
  readonly plan: Plan;
  /** Whether the plan starts from another state than the one that is stored. */
  readonly isBack: boolean;
}

function stateMutations(scope: string, { stored, after, plan, isBack }: Written): Mutation[] {
  const changes = new Map(plan.effects.map(({ key, change }) => [key, change]));
  const mutations: Mutation[] = [];
  for (const [key, value] of after) {
    const ref: Ref = stateRef(scope, key);
    const change = changes.get(key);
    const before = stored.get(key);
    if (value === undefined) {
      if (before !== undefined) mutations.push({ kind: 'delete', ...ref });
    } else if (!isBack && change?.kind === 'update') {
      mutations.push({ kind: 'update', ...ref, operations: change.operations });
    } else if (before === undefined || before.content !== value.content) {
      mutations.push({ kind: 'set', ...ref, value });
    }
  }
  return mutations;
}

function encodeUndo(
  steps: readonly (Base & { readonly changes: readonly Change[] })[],
): Uint8Array {
  return undoShape.encode({
    steps: steps.map(({ version, hash, changes }) => {
      return { version, hash, delta: encodeChanges(changes) };
    }),
  });
}

function valueMutation(ref: Ref, value: Uint8Array | undefined): Mutation {
  return value === undefined ? { kind: 'delete', ...ref } : { kind: 'set', ...ref, value };
}

function tooManyChanges(count: number): HoldfastError {
  const message = `the turn changes ${count} entries; at most ${changesMax} fit into one commit`;
  return new HoldfastError('limit_exceeded', message, { details: { count, limit: changesMax } });
}
