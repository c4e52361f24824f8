/**
 * The head of a list: what it says, and what an append or a change of its life makes of it.
 *
 * H1. The head expires `ttlMs` after the last append: then the whole list is gone, at once.
 * H2. Items live for three times `ttlMs` and are given that anew at the latest after one `ttlMs`,
 *     so none dies before its head. That renewal costs a write per item, once per `ttlMs`.
 */
import { limits } from '../../ledger/index.ts';
import type { Entry, Ledger, Mutation } from '../../ledger/index.ts';
import { headRef, itemKey } from './keyspace.ts';

export interface HeadValue {
  readonly first: number;
  readonly next: number;
  readonly ttlMs?: number | undefined;
  /** When all items were last given their full life. */
  readonly renewedAt?: number | undefined;
}

export interface Head extends HeadValue {
  /** 0 if there is no list. */
  readonly version: number;
}

export const noHead: Head = { version: 0, first: 0, next: 0 };

export function headOf(entry: Pick<Entry, 'version' | 'value'> | undefined): Head {
  if (entry === undefined) return noHead;
  return { ...(entry.value.decode() as HeadValue), version: entry.version };
}

/** Left out: as the list has it. null: it does not expire. */
export type ListLife = number | null | undefined;

/** How long the list lives after the next append; undefined for ever. */
export function lifeOf(head: Head, wanted: ListLife): number | undefined {
  return wanted === undefined ? head.ttlMs : (wanted ?? undefined);
}

export function itemLife(ttlMs: number | undefined): number | undefined {
  return ttlMs === undefined ? undefined : Math.min(3 * ttlMs, limits.ttlMsMax);
}

/** Whether the items must be given a new life before the head is written. */
export function isRenewalDue(head: Head, ttlMs: number | undefined, now: number): boolean {
  if (head.next === head.first) return false;
  if (ttlMs !== head.ttlMs) return true;
  return ttlMs !== undefined && now >= (head.renewedAt ?? 0) + ttlMs;
}

export function headMutation(
  scope: string,
  { first, next, ttlMs, renewedAt }: HeadValue,
  life: number | 'keep' | undefined,
): Mutation {
  const value = ttlMs === undefined ? { first, next } : { first, next, ttlMs, renewedAt };
  return { kind: 'set', ...headRef(scope), value, ttlMs: life };
}

/**
 * Gives the items of a list their full life, for as long as its head is the one that is given: the
 * items of a list that has expired must not look alive. Harmless if it stops halfway.
 */
export async function renewItems(
  ledger: Ledger,
  scope: string,
  head: Head,
  ttlMs: number | undefined,
): Promise<void> {
  const life = itemLife(ttlMs) ?? null;
  const check = { kind: 'version', ...headRef(scope), version: head.version } as const;
  for (let from = head.first; from < head.next; from += limits.mutationsPerProposal) {
    const to = Math.min(head.next, from + limits.mutationsPerProposal);
    const mutations: Mutation[] = [];
    for (let index = from; index < to; index += 1) {
      mutations.push({ kind: 'touch', scope, key: itemKey(index), ttlMs: life });
    }
    const answer = await ledger.commit({ checks: [check], mutations });
    // Whoever writes the head next meets the same conflict and starts again.
    if (answer.kind === 'conflict') return;
  }
}
