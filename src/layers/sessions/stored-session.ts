/** A session as it is stored: its head, its state, and what became of its turns. */
import { HoldfastError } from '../../errors/index.ts';
import type { Entry, Ledger } from '../../ledger/index.ts';
import { headRef, scopeOf, turnRef } from './keyspace.ts';
import { emptyHash } from './state/set-hash.ts';
import type { StateHash } from './state/set-hash.ts';

/** A state of a session, known by its version and hash. */
export interface Base {
  readonly version: number;
  readonly hash: StateHash;
}

export interface SessionHead extends Base {
  readonly payload: string;
  /** The agent of the last turn. */
  readonly agent: string;
  /** States that the next turn may start from besides this one, the newest first. */
  readonly earlier: readonly Base[];
  /** Of an opaque session: what is kept, oldest first. */
  readonly records?: readonly RecordInfo[] | undefined;
}

/** One snapshot or delta of an opaque session. */
export interface RecordInfo {
  /** The version that it leads to. */
  readonly version: number;
  readonly kind: 'snapshot' | 'delta';
  readonly bytes: number;
}

export interface TurnRecord extends Base {
  /** A digest of agent, input, metadata and base. */
  readonly asked: string;
  readonly output?: unknown;
  readonly events: readonly { index: number; kind: string; data: unknown }[];
  readonly worker: string;
  readonly attempts: number;
}

export interface StoredSession {
  readonly name: string;
  readonly scope: string;
  /** Undefined before the first turn. */
  readonly head: SessionHead | undefined;
  /** Of the entry; 0 if there is none. What a commit checks. */
  readonly headVersion: number;
  /** What became of the turn that was asked for. */
  readonly turn: TurnRecord | undefined;
}

export async function loadSession(
  ledger: Ledger,
  name: string,
  turn?: string,
): Promise<StoredSession> {
  const scope = scopeOf(name);
  const refs = [headRef(scope), ...(turn === undefined ? [] : [turnRef(scope, turn)])];
  const [head, record] = await ledger.read(refs);
  return {
    name,
    scope,
    head: head && headOf(head),
    headVersion: head?.version ?? 0,
    turn: record && (record.value.decode() as TurnRecord),
  };
}

/** Stands in for the head of a session of which a part is deleted already. */
export const deletingHead = { deleting: true };

/** Throws `contended` while the session is being deleted. */
export function headOf(entry: Pick<Entry, 'value' | 'scope'>): SessionHead {
  const head = entry.value.decode() as (Partial<SessionHead> & { deleting?: unknown }) | null;
  if (head?.deleting === true) {
    const text = `the session in '${entry.scope}' is being deleted; if that was broken off, repeat it`;
    throw new HoldfastError('contended', text, { details: { scope: entry.scope } });
  }
  if (typeof head?.version === 'number' && typeof head.hash === 'string')
    return head as SessionHead;
  throw new HoldfastError('store_corrupt', `the head in '${entry.scope}' is no session's head`, {
    details: { scope: entry.scope },
  });
}

/** The state that the session is in. `emptyHash` is that of a payload before its first turn. */
export function currentBase(session: StoredSession, hash: StateHash = emptyHash): Base {
  const { head } = session;
  return head === undefined ? { version: 0, hash } : { version: head.version, hash: head.hash };
}
