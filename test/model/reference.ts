/**
 * The ledger as a specification: one Map, one array, no engine, no grouping, no encoding.
 *
 * Everything that the real one does must be explained by this. Operations are taken from the
 * ledger's own `applyOperations`, which has a reference of its own beside it.
 */
import { isDeepStrictEqual } from 'node:util';
import { applyOperations, checkOperations } from '../../src/ledger/index.ts';
import type { Check, Commit, Mutation, Proposal } from '../../src/ledger/index.ts';

export interface ModelEntry {
  readonly scope: string;
  readonly key: string;
  readonly value: unknown;
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly expiresAt: number | undefined;
  readonly schema: number;
}

export interface ModelChange {
  readonly scope: string;
  readonly key: string;
  readonly kind: 'created' | 'updated' | 'deleted' | 'expired';
  readonly value: unknown;
  readonly previous: unknown;
  readonly previousVersion: number | undefined;
}

export interface ModelCommit {
  readonly revision: number;
  readonly changes: readonly ModelChange[];
}

export type ModelAnswer =
  | { readonly kind: 'committed'; readonly revision: number; readonly changed: readonly string[] }
  | { readonly kind: 'conflict'; readonly failed: readonly number[] }
  | { readonly kind: 'error'; readonly code: string };

export class Reference {
  readonly entries = new Map<string, ModelEntry>();
  readonly commits: ModelCommit[] = [];
  readonly scopeChanges = new Map<string, number>();
  revision = 0;
  /** The log is gone up to here. */
  trimmed = 0;

  alive(address: string, time: number): ModelEntry | undefined {
    const entry = this.entries.get(address);
    return entry === undefined || isDead(entry, time) ? undefined : entry;
  }

  inScope(scope: string, time: number): ModelEntry[] {
    return [...this.entries.values()]
      .filter((entry) => entry.scope === scope && !isDead(entry, time))
      .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  }

  commit(proposal: Proposal, time: number): ModelAnswer {
    const mutations = proposal.mutations ?? [];
    const checks = proposal.checks ?? [];
    for (const { scope, key } of mutations) this.bury(`${scope}\0${key}`, time);
    for (const check of checks) {
      if ('key' in check) this.bury(`${check.scope}\0${check.key}`, time);
    }
    for (const check of checks) {
      if (check.kind === 'unchanged') this.buryScope(check.scope, time);
    }
    const failed = checks.flatMap((check, index) => (this.#holds(check) ? [] : [index]));
    if (failed.length > 0) return { kind: 'conflict', failed };
    return this.#apply(mutations, time);
  }

  /** The dead of a scope become `expired`, each as a revision of its own. */
  buryScope(scope: string, time: number): void {
    const dead = [...this.entries.values()].filter(
      (entry) => entry.scope === scope && isDead(entry, time),
    );
    for (const entry of dead) this.bury(addressOf(entry), time);
  }

  bury(address: string, time: number): void {
    const entry = this.entries.get(address);
    if (entry === undefined || !isDead(entry, time)) return;
    this.entries.delete(address);
    this.#publish([changeOf('expired', entry, entry, undefined)]);
  }

  /** Which of several dead entries went first decides when their scopes changed last. */
  adoptOrder(commits: readonly Commit[]): void {
    for (const { position, changes } of commits) {
      for (const { scope } of changes) this.scopeChanges.set(scope, position.revision);
    }
  }

  /** What an erasure leaves of the commits from the `from`th on. */
  forgetValues(address: string, from: number): void {
    for (let index = from; index < this.commits.length; index += 1) {
      const { revision, changes } = this.commits[index]!;
      const kept = changes.map((change) =>
        addressOf(change) === address
          ? { ...change, value: undefined, previous: undefined }
          : change,
      );
      this.commits[index] = { revision, changes: kept };
    }
  }

  #apply(mutations: readonly Mutation[], time: number): ModelAnswer {
    const before = new Map(this.entries);
    const touched = new Set<string>();
    const changed: string[] = [];
    try {
      for (const mutation of mutations) {
        const address = addressOf(mutation);
        const had = this.entries.get(address);
        const now = mutate(mutation, had, time);
        touched.add(address);
        if (now === undefined) this.entries.delete(address);
        else this.entries.set(address, now);
        changed.push(nameOf(had, now));
      }
    } catch (error) {
      this.entries.clear();
      for (const [address, entry] of before) this.entries.set(address, entry);
      return { kind: 'error', code: (error as { code: string }).code };
    }
    const changes: ModelChange[] = [];
    for (const address of touched) {
      const had = before.get(address);
      const now = this.entries.get(address);
      if (had === now) continue;
      if (now !== undefined) this.entries.set(address, { ...now, version: this.revision + 1 });
      const kind = had === undefined ? 'created' : now === undefined ? 'deleted' : 'updated';
      changes.push(changeOf(kind, (now ?? had)!, had, now));
    }
    if (changes.length > 0) this.#publish(changes);
    return { kind: 'committed', revision: this.revision, changed };
  }

  #publish(changes: readonly ModelChange[]): void {
    this.revision += 1;
    this.commits.push({ revision: this.revision, changes });
    for (const { scope } of changes) this.scopeChanges.set(scope, this.revision);
  }

  /** An empty scope is forgotten with the log: it may have changed as late as the trim point. */
  #lastChange(scope: string): number {
    const last = this.scopeChanges.get(scope) ?? 0;
    const isEmpty = [...this.entries.values()].every((entry) => entry.scope !== scope);
    return isEmpty ? Math.max(last, this.trimmed) : last;
  }

  #holds(check: Check): boolean {
    switch (check.kind) {
      case 'version':
        return (this.entries.get(addressOf(check))?.version ?? 0) === check.version;
      case 'value': {
        const entry = this.entries.get(addressOf(check));
        return entry !== undefined && isDeepStrictEqual(entry.value, check.value);
      }
      case 'unchanged':
        return this.#lastChange(check.scope) <= check.since.revision;
      case 'epoch':
        throw new Error('ownerships have tests of their own');
    }
  }
}

function mutate(
  mutation: Mutation,
  had: ModelEntry | undefined,
  time: number,
): ModelEntry | undefined {
  const { scope, key } = mutation;
  const times = { version: 0, createdAt: had?.createdAt ?? time, updatedAt: time };
  switch (mutation.kind) {
    case 'delete':
      return undefined;
    case 'touch': {
      if (had === undefined) return undefined;
      const expiresAt = mutation.ttlMs === null ? undefined : time + mutation.ttlMs;
      return { ...had, ...times, expiresAt };
    }
    case 'set': {
      const { ttlMs, schema = 0, value } = mutation;
      const kept = ttlMs === 'keep' ? had?.expiresAt : undefined;
      const expiresAt = typeof ttlMs === 'number' ? time + ttlMs : kept;
      return { scope, key, value, ...times, expiresAt, schema };
    }
    case 'update': {
      const value = applyOperations(had?.value, checkOperations(mutation.operations));
      if (value === undefined) return had;
      const { ttlMs, schema = had?.schema ?? 0 } = mutation;
      const given = ttlMs === null || ttlMs === undefined ? undefined : time + ttlMs;
      const expiresAt = ttlMs === undefined ? had?.expiresAt : given;
      return { scope, key, value, ...times, expiresAt, schema };
    }
  }
}

export function addressOf({ scope, key }: { scope: string; key: string }): string {
  return `${scope}\0${key}`;
}

function isDead(entry: ModelEntry, time: number): boolean {
  return entry.expiresAt !== undefined && entry.expiresAt <= time;
}

function nameOf(had: ModelEntry | undefined, now: ModelEntry | undefined): string {
  if (had === now) return 'none';
  if (had === undefined) return 'created';
  return now === undefined ? 'deleted' : 'updated';
}

function changeOf(
  kind: ModelChange['kind'],
  { scope, key }: ModelEntry,
  had: ModelEntry | undefined,
  now: ModelEntry | undefined,
): ModelChange {
  const value = kind === 'expired' ? undefined : now?.value;
  return { scope, key, kind, value, previous: had?.value, previousVersion: had?.version };
}
