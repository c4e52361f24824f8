/**
 * A watcher that is careless with its connection and careful with its position, and holds each
 * event against the truth.
 */
import { expect } from 'vitest';
import { seededRandom } from '../../../src/internal/random.ts';
import type { Random } from '../../../src/internal/random.ts';
import type { AppWatchOptions, Watch, WatchEvent } from '../../../src/index.ts';
import type { Position } from '../../../src/ledger/index.ts';
import type { App } from '../../../src/store/index.ts';
import { pick } from './scene.ts';
import type { Scene } from './scene.ts';

const places = [
  {},
  { scope: 's' },
  { scope: 't' },
  { scope: 's', key: 'k1' },
  { scope: 's', prefix: 'k1' },
  { scope: 's', prefix: '' },
] as const;

export class Follower {
  readonly #scene: Scene;
  readonly #random: Random;
  readonly #options: AppWatchOptions;
  #position: Position | undefined;
  #isOver = false;
  /** What came of a snapshot so far. */
  #snapshot: [string, unknown][] = [];
  /** When the session began: what was dead by then is in no snapshot. */
  #began = 0;
  /** What happened to it, for the test that wants all of it to happen. */
  readonly fates = { resumed: 0, killed: 0, trimmed: 0, snapshots: 0, changes: 0 };

  constructor(scene: Scene, seed: number, start: Position | undefined) {
    this.#scene = scene;
    this.#random = seededRandom(seed);
    this.#position = start;
    const kinds = pick(this.#random, [undefined, undefined, ['deleted', 'expired'] as const]);
    const batchMax = pick(this.#random, [undefined, 1, 3]);
    this.#options = {
      ...pick(this.#random, places),
      kinds,
      batchMax,
      batchMs: pick(this.#random, [0, 0, 100]),
      keysOnly: this.#random.float() < 0.3,
    };
  }

  /** Runs until everything is seen after `finish`. */
  async run(): Promise<void> {
    while (!this.#isFinished()) {
      const { app, kill } = await this.#scene.process();
      for (let sessions = 0; sessions < 4 && !this.#isFinished(); sessions += 1) {
        await this.#session(app);
      }
      this.fates.killed += 1;
      await kill();
    }
  }

  finish(): void {
    this.#isOver = true;
  }

  #isFinished(): boolean {
    return this.#isOver && (this.#position?.revision ?? 0) >= this.#scene.revision;
  }

  async #session(app: App): Promise<void> {
    const after = this.#position;
    this.#snapshot = [];
    this.#began = this.#scene.clock.now();
    const watch = app.watch({ ...this.#options, after, snapshot: after === undefined });
    const patience = 1 + Math.floor(this.#random.float() * 6);
    for (let events = 0; events < patience; events += 1) {
      const event = await this.#next(watch);
      if (event === undefined) break;
      await this.#scene.knows(event);
      this.#judge(event);
      if (event.kind === 'trimmed') {
        this.#position = undefined;
        this.fates.trimmed += 1;
        return;
      }
      for (let turn = this.#random.float() * 30; turn > 1; turn -= 1) await this.#scene.turn();
    }
    const { position } = watch;
    await watch.return();
    if (position === undefined || this.#position === undefined) return;
    // What lies between the last event and the watch's own position must not concern it.
    expect(this.#expected(this.#position.revision, position.revision)).toEqual([]);
    if (position.revision > this.#position.revision) this.#position = position;
    this.fates.resumed += 1;
  }

  /** Undefined if nothing came before it lost patience, as a process does that is shut down. */
  async #next(watch: Watch): Promise<WatchEvent | undefined> {
    const next = watch.next();
    const state = { isSettled: false };
    const settled = next.finally(() => {
      state.isSettled = true;
    });
    settled.catch(() => undefined);
    const { patienceTurns } = this.#scene;
    for (let turn = 0; turn < patienceTurns && !state.isSettled; turn += 1) {
      await this.#scene.turn();
    }
    // An answer that came too late is lost with its connection, position and all.
    return state.isSettled ? (await settled).value : undefined;
  }

  #judge(event: WatchEvent): void {
    const { keysOnly = false } = this.#options;
    if (event.kind === 'regressed' || event.kind === 'trimmed') {
      expect(event.kind).toBe('trimmed');
      expect(this.#position?.revision ?? 0).toBeLessThan(this.#scene.trimmed);
      return;
    }
    if (event.kind === 'snapshot') {
      this.#judgeSnapshot(event);
      return;
    }
    const told = event.changes.map(({ scope, key, kind, value, position }) => {
      return [position.revision, scope, key, kind, short(value)];
    });
    const from = this.#position?.revision ?? 0;
    const expected = this.#expected(from, event.position.revision);
    expect(told).toEqual(
      keysOnly ? expected.map((one) => [...one.slice(0, 4), undefined]) : expected,
    );
    this.#position = event.position;
    this.fates.changes += told.length;
  }

  #judgeSnapshot({ entries, position, isLast }: WatchEvent & { kind: 'snapshot' }): void {
    const { keysOnly = false } = this.#options;
    for (const { scope, key, value } of entries) {
      this.#snapshot.push([`${scope}/${key}`, short(value)]);
    }
    if (!isLast) return;
    const wanted: [string, unknown][] = [];
    const told = new Set(this.#snapshot.map(([at]) => at));
    for (const [at, { value, expiresAt = Infinity }] of this.#scene.stateAt(position.revision)) {
      const [scope = '', key = ''] = at.split('/');
      if (!this.#isHere(scope, key) || expiresAt <= this.#began) continue;
      // Whoever dies while the snapshot is read may be in it or not: the `expired` follows.
      const isDying = expiresAt <= this.#scene.clock.now();
      if (isDying && !told.has(at)) continue;
      wanted.push([at, keysOnly ? undefined : short(value)]);
    }
    expect(this.#snapshot.sort(byFirst)).toEqual(wanted.sort(byFirst));
    this.#position = position;
    this.fates.snapshots += 1;
  }

  #isHere(scope: string, key: string): boolean {
    const { scope: wanted, key: one, prefix } = this.#options;
    if (scope.startsWith('$')) return false;
    if (wanted !== undefined && wanted !== scope) return false;
    return one === undefined ? key.startsWith(prefix ?? '') : key === one;
  }

  #expected(after: number, through: number): unknown[][] {
    const { kinds } = this.#options;
    const found: unknown[][] = [];
    for (const { position, changes } of this.#scene.truth) {
      const { revision } = position;
      if (revision <= after || revision > through) continue;
      for (const { scope, key, kind, value } of changes) {
        if (!this.#isHere(scope, key) || !(kinds?.includes(kind) ?? true)) continue;
        found.push([revision, scope, key, kind, short(value?.decode())]);
      }
    }
    return found;
  }
}

function byFirst([a]: readonly unknown[], [b]: readonly unknown[]): number {
  return String(a) < String(b) ? -1 : 1;
}

/** A large value is told by its length, so that a finding can be read. */
function short(value: unknown): unknown {
  return typeof value === 'string' ? `${value.length} characters` : value;
}
