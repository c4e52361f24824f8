/** A session as a single process would have it. */
import { expect } from 'vitest';
import { applied, nothing } from './agents.ts';
import type { AgentName, Reference, Script } from './agents.ts';

export interface KnownTurn {
  readonly id: string;
  readonly script: Script;
  readonly base: number | undefined;
}

export class Model {
  readonly name: AgentName;
  readonly states: Reference[] = [nothing];
  /** Versions that a turn may start from besides the last. */
  earlier: readonly number[] = [];
  readonly done = new Map<string, { turn: KnownTurn; version: number }>();

  constructor(name: AgentName) {
    this.name = name;
  }

  get version(): number {
    return this.states.length - 1;
  }

  get state(): Reference {
    return this.states[this.version] ?? nothing;
  }

  apply(turn: KnownTurn, version: number): void {
    expect(version).toBe(this.version + 1);
    const base = turn.base ?? this.version;
    expect([this.version, ...this.earlier]).toContain(base);
    this.earlier = base === this.version ? [base] : [this.version, base];
    this.states.push(applied(this.name, this.states[base] ?? nothing, turn.script));
    this.done.set(turn.id, { turn, version });
  }
}
