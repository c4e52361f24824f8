/** Reading the log: pages of commits with absolute positions and their large values loaded. */
import type { Engine, Head } from '../../engine/index.ts';
import type { ExternalRef } from '../keyspace/external.ts';
import type { Change, Commit, LogPage } from '../commit.ts';
import type { ChangeFilter, LogOptions } from '../ledger.ts';
import type { Position } from '../position.ts';
import { tuning } from '../group/tuning.ts';
import type { StoredValue } from '../value/index.ts';
import { allScopes } from './body.ts';
import { decodeRow, isNamed, withoutValues } from './decode.ts';
import type { LogValue, NamedChange, NamedCommit } from './decode.ts';
import type { History } from './history.ts';
import { loadLargeValues } from './large-values.ts';

export class LogReader {
  readonly #engine: Engine;
  readonly #ledger: string;
  readonly #history: History;

  constructor(engine: Engine, ledger: string, history: History) {
    this.#engine = engine;
    this.#ledger = ledger;
    this.#history = history;
  }

  async page(after: Position, options: LogOptions): Promise<LogPage> {
    for (let reading = 1; ; reading += 1) {
      const read = await this.named(after.revision, options, after);
      if (read.kind !== 'commits') return read;
      const { commits, isWhole } = await this.resolve(read.commits, options);
      // A value goes with the last row that names it, or it is erased, and then the rows follow it:
      // the log tells which it was when it is read again.
      if (isWhole || reading > 1) return { ...read, commits };
    }
  }

  /** A page whose large values are only named. */
  async named(
    after: number,
    options: LogOptions,
    position: Position,
  ): Promise<
    | { kind: 'commits'; commits: NamedCommit[]; through: Position; head: Position }
    | { kind: 'trimmed' | 'regressed'; head: Position }
  > {
    const { rows, through, head } = await this.#engine.log(this.#ledger, {
      after,
      limit: tuning.logRows,
      maxBytes: tuning.logBytes,
      wants: (tags) => wantsRow(tags, options.scope),
    });
    const standing = await this.#history.standing(position, head);
    if (standing !== 'held') return { kind: standing, head: positionOf(head) };
    const commits: NamedCommit[] = [];
    let reached = through;
    for (const row of rows) {
      for (const commit of decodeRow(row, after, options)) commits.push(commit);
      if (commits.length < (options.limit ?? 1000)) continue;
      reached = Math.min(reached, row.last);
      break;
    }
    const incarnation = this.#history.incarnationOf(reached) || position.incarnation;
    return {
      kind: 'commits',
      commits,
      through: reached === after ? position : { incarnation, revision: reached },
      head: positionOf(head),
    };
  }

  /** Whether a position is of this history, as far as is known without asking the engine. */
  covers(position: Position): boolean {
    return this.#history.covers(position);
  }

  /** Loads large values. One that is gone leaves its change erased, and the whole not whole. */
  async resolve(
    named: readonly NamedCommit[],
    filter: ChangeFilter,
  ): Promise<{ commits: Commit[]; isWhole: boolean }> {
    const wanted: ExternalRef[] = [];
    if (filter.keysOnly !== true) {
      for (const { changes } of named) {
        for (const { value, previous } of changes) {
          if (isNamed(value)) wanted.push(value);
          if (isNamed(previous?.value)) wanted.push(previous.value);
        }
      }
    }
    const loaded =
      wanted.length === 0
        ? new Map<string, StoredValue>()
        : await loadLargeValues(this.#engine, this.#ledger, wanted);
    const commits = named.map(({ revision, time, actor, cause, changes }) => ({
      position: { incarnation: this.#history.incarnationOf(revision), revision },
      time,
      changes: changes.map((change) => resolveChange(change, loaded)),
      ...(actor !== undefined && { actor }),
      ...(cause !== undefined && { cause }),
    }));
    return { commits, isWhole: wanted.every(({ id }) => loaded.has(id)) };
  }
}

/** Whether a row may hold a change of `scope`. */
export function wantsRow(tags: string, scope: string | undefined): boolean {
  if (scope === undefined) return true;
  const lines = tags.split('\n');
  return lines.includes(scope) || lines.includes(allScopes);
}

export function positionOf(head: Head): Position {
  return { incarnation: head.incarnation, revision: head.revision };
}

function resolveChange(change: NamedChange, loaded: ReadonlyMap<string, StoredValue>): Change {
  const { previous } = change;
  const isGone = [change.value, previous?.value].some((value) => {
    return isNamed(value) && !loaded.has(value.id);
  });
  if (isGone) return { ...withoutValues(change), erased: true };
  return {
    ...change,
    value: resolveValue(change.value, loaded),
    previous: previous && { ...previous, value: resolveValue(previous.value, loaded) },
  };
}

function resolveValue(
  value: LogValue,
  loaded: ReadonlyMap<string, StoredValue>,
): StoredValue | undefined {
  return isNamed(value) ? loaded.get(value.id) : value;
}
