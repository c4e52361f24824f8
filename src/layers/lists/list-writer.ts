/**
 * The one writer of a list in this process: what waits goes out together, one commit at a time.
 *
 * W1. Appends that wait share a commit, so a thousand concurrent appends are a few commits and not
 *     a race of a thousand compare-and-sets. Each is all or nothing, in the order of the calls.
 * W2. The head is remembered between commits: an append costs no read until somebody else writes.
 * W3. Other processes are met by the check of the head's version: the loser reads it again.
 * W4. An append that the ledger refuses fails alone.
 */
import { isHoldfastError } from '../../errors/index.ts';
import { assert } from '../../internal/assert.ts';
import type { Conflict, Mutation, Position, StoredValue } from '../../ledger/index.ts';
import { Retry } from '../scopes/index.ts';
import type { ScopeHost } from '../scopes/index.ts';
import {
  headMutation,
  headOf,
  isRenewalDue,
  itemLife,
  lifeOf,
  noHead,
  renewItems,
} from './head.ts';
import type { Head, ListLife } from './head.ts';
import { headRef, itemKey } from './keyspace.ts';
import { itemsPerAppend } from './list-items.ts';
import type { Appended } from './list-options.ts';

const batchBytes = 8 * 1024 * 1024;
const attempts = 200;

export interface AppendJob {
  /** Its ledger, and the terms of its commit: only appends of one host share a commit. */
  readonly host: ScopeHost;
  readonly items: readonly StoredValue[];
  /** The schema version of the items. */
  readonly schema: number;
  readonly ttlMs: ListLife;
  readonly durability: 'sync' | 'relaxed' | undefined;
}

interface WaitingAppend {
  readonly kind: 'append';
  readonly job: AppendJob;
  readonly bytes: number;
  resolve(appended: Appended): void;
  reject(error: unknown): void;
}

interface WaitingTask {
  readonly kind: 'task';
  run(): Promise<void>;
}

export class ListWriter {
  readonly #scope: string;
  readonly #idle: () => void;
  #waiting: (WaitingAppend | WaitingTask)[] = [];
  #running = false;
  /** Undefined: not known. */
  #head: Head | undefined;

  /** `idle` is called whenever nothing waits any more. */
  constructor(scope: string, idle: () => void) {
    this.#scope = scope;
    this.#idle = idle;
  }

  /** Whether nothing waits: all that would be lost with it is a remembered head. */
  get isIdle(): boolean {
    return !this.#running;
  }

  append(job: AppendJob): Promise<Appended> {
    return new Promise((resolve, reject) => {
      const bytes = job.items.reduce((sum, { size }) => sum + size, 0);
      this.#add({ kind: 'append', job, bytes, resolve, reject });
    });
  }

  /**
   * One change of the head, in turn with the appends. `plan` may run again with a fresher head; if
   * it answers undefined nothing is changed and the answer is false.
   */
  step(host: ScopeHost, plan: Plan): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const fail: (error: unknown) => void = reject;
      const run = async () => {
        try {
          resolve((await this.#contend(host, plan)) !== undefined);
        } catch (error) {
          this.#head = undefined;
          fail(error);
        }
      };
      this.#add({ kind: 'task', run });
    });
  }

  #add(waiting: WaitingAppend | WaitingTask): void {
    this.#waiting.push(waiting);
    if (this.#running) return;
    this.#running = true;
    // Whoever appends in the same tick shares the first commit.
    queueMicrotask(() => void this.#run());
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const [first] = this.#waiting;
      if (first?.kind === 'task') {
        this.#waiting.shift();
        await first.run();
      } else {
        await this.#commit(this.#takeAppends());
      }
    }
    this.#running = false;
    this.#idle();
  }

  #takeAppends(): WaitingAppend[] {
    const taken: WaitingAppend[] = [];
    let items = 0;
    let bytes = 0;
    for (const waiting of this.#waiting) {
      if (waiting.kind === 'task') break;
      const { job } = waiting;
      items += job.items.length;
      bytes += waiting.bytes;
      const fits = items <= itemsPerAppend && bytes <= batchBytes;
      if (taken[0] !== undefined && (!fits || !mayShare(taken[0].job, job))) break;
      taken.push(waiting);
    }
    this.#waiting = this.#waiting.slice(taken.length);
    return taken;
  }

  async #commit(taken: readonly WaitingAppend[]): Promise<void> {
    try {
      const { from, position } = await this.#append(taken.map(({ job }) => job));
      let index = from;
      for (const { job, resolve } of taken) {
        resolve({ from: index, to: index + job.items.length, position });
        index += job.items.length;
      }
    } catch (error) {
      this.#head = undefined;
      const refused = isHoldfastError(error) && !error.retryable && error.outcome === 'not-applied';
      if (taken.length > 1 && refused) for (const one of taken) await this.#commit([one]);
      else for (const one of taken) one.reject(error);
    }
  }

  async #append(jobs: readonly AppendJob[]): Promise<{ from: number; position: Position }> {
    const [first] = jobs;
    assert(first !== undefined, 'an append of nothing');
    const { host, ttlMs, durability } = first;
    const scope = this.#scope;
    const items = jobs.flatMap(({ items, schema }) => items.map((value) => ({ value, schema })));
    const done = await this.#contend(host, async (head) => {
      const plan = await planAppend(host, scope, head, items.length, ttlMs);
      const mutations: Mutation[] = [headMutation(scope, plan.head, plan.head.ttlMs)];
      for (const [offset, item] of items.entries()) {
        const key = itemKey(head.next + offset);
        mutations.push({ kind: 'set', scope, key, ttlMs: plan.itemLife, ...item });
      }
      return { head: plan.head, mutations, durability };
    });
    assert(done !== undefined, 'an append was given up');
    return { from: done.head.next - items.length, position: done.position };
  }

  /** Commits a change of the head as it is now, however often others change it first. */
  async #contend(host: ScopeHost, plan: Plan): Promise<Done | undefined> {
    const retry = new Retry(host, attempts, `a write to the list in '${this.#scope}'`);
    try {
      for (;;) {
        const known = (this.#head ??= await this.#load(host));
        const change = await plan(known);
        if (change === undefined) return undefined;
        const { head, mutations, durability } = change;
        const check = { kind: 'version', ...headRef(this.#scope), version: known.version } as const;
        const answer = await host.commit({ checks: [check], mutations }, durability);
        if (answer.kind === 'committed') {
          const version = answer.results[0]?.version ?? 0;
          this.#head = version === 0 ? noHead : { ...head, version };
          return { head, position: answer.position };
        }
        await this.#lost(retry, answer);
      }
    } finally {
      retry.release();
    }
  }

  async #lost(retry: Retry, conflict: Conflict): Promise<void> {
    this.#head = undefined;
    await retry.after(conflict);
  }

  #load(host: ScopeHost): Promise<Head> {
    return host.reads.read(this.#scope, headRef(this.#scope).key, headOf);
  }
}

/** A new head, and the mutations that make it; the head's own comes first. */
export interface HeadChange {
  readonly head: Omit<Head, 'version'>;
  readonly mutations: readonly Mutation[];
  readonly durability?: 'sync' | 'relaxed' | undefined;
}

type Plan = (head: Head) => Promise<HeadChange | undefined> | HeadChange | undefined;

interface Done {
  readonly head: Omit<Head, 'version'>;
  readonly position: Position;
}

/**
 * The head after an append of `count` items, with the items that are there renewed if that is due.
 */
export async function planAppend(
  host: ScopeHost,
  scope: string,
  head: Head,
  count: number,
  wanted: ListLife,
): Promise<{ head: Omit<Head, 'version'>; itemLife: number | undefined }> {
  const { first, next } = head;
  const ttlMs = lifeOf(head, wanted);
  if (ttlMs === undefined && head.ttlMs === undefined) {
    return { head: { first, next: next + count }, itemLife: undefined };
  }
  const { time } = await host.ledger.head();
  const isDue = isRenewalDue(head, ttlMs, time);
  if (isDue) await renewItems(host.ledger, scope, head, ttlMs);
  const renewedAt = isDue || first === next ? time : head.renewedAt;
  return { head: { first, next: next + count, ttlMs, renewedAt }, itemLife: itemLife(ttlMs) };
}

function mayShare(a: AppendJob, b: AppendJob): boolean {
  return a.host === b.host && a.ttlMs === b.ttlMs && a.durability === b.durability;
}
