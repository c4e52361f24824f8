/** What happened in the runs of a search: what never did was not searched. */

export type Happening =
  | 'a turn'
  | 'a turn that began anew'
  | 'a regeneration'
  | 'a retry'
  | 'a conflict'
  | 'a change of schema'
  | 'a handler that failed'
  | 'a worker that forgot'
  | 'a worker with a false state'
  | 'a worker killed'
  | 'a host restarted'
  | 'a host dead before its commit'
  | 'a host dead behind its commit'
  | 'a message lost'
  | 'a message repeated';

export class Coverage {
  readonly #counts = new Map<Happening, number>();

  count(what: Happening): void {
    this.#counts.set(what, this.of(what) + 1);
  }

  of(what: Happening): number {
    return this.#counts.get(what) ?? 0;
  }

  toString(): string {
    return [...this.#counts].map(([what, count]) => `${what}: ${count}`).join(', ');
  }
}
