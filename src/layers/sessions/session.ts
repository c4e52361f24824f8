/**
 * Reading a session: its head, its entries and lists, and its changes as they are committed.
 *
 * Everything here is read from the store, so it needs no host and no worker.
 *
 * In the examples a worker of `host` has the agent `notes`, which appends the input of a turn to
 * the list `notes`.
 */
import { HoldfastError } from '../../errors/index.ts';
import { limits } from '../../ledger/index.ts';
import type { Ledger, Position } from '../../ledger/index.ts';
import { scopeOf, scopePrefix, stateRef, statePrefix, turnPrefix } from './keyspace.ts';
import { headOf, loadSession } from './stored-session.ts';
import type { SessionHead, TurnRecord } from './stored-session.ts';

/** One committed turn, as a follower sees it. */
export interface SessionStep {
  readonly version: number;
  readonly hash: string;
  /** The turn's id. */
  readonly turn: string;
  readonly output: unknown;
  readonly events: TurnRecord['events'];
  /** Keys of a structured session that changed, with what they hold now. */
  readonly changes: readonly { readonly key: string; readonly value: unknown }[];
  /** To go on from later. */
  readonly position: Position;
}

export interface FollowOptions {
  /** Left out: from now on. */
  readonly after?: Position | undefined;
  readonly signal?: AbortSignal | undefined;
}

export class Session {
  readonly name: string;
  readonly #ledger: Ledger;

  constructor(ledger: Ledger, name: string) {
    this.#ledger = ledger;
    this.name = name;
  }

  /**
   * Version, hash, payload and agent; undefined before the first turn. Throws `contended` while a
   * large session is being deleted.
   *
   * @example
   * await host.turn({ session: 's', id: '1', agent: 'notes', input: 'hello' });
   * await host.session('s').head(); // => { version: 1, payload: 'entries', agent: 'notes' }
   * await host.session('other').head(); // => undefined
   */
  async head(): Promise<SessionHead | undefined> {
    return (await loadSession(this.#ledger, this.name)).head;
  }

  /**
   * An entry of a structured session, as of the last turn. Undefined if there is none.
   *
   * @example
   * import { linkPair, SessionWorker, structuredAgent } from 'holdfast/sessions';
   *
   * const naming = structuredAgent<string>(({ state, input }) => state.set('name', input));
   * const [near, far] = linkPair();
   * host.attach(near);
   * void new SessionWorker({ agents: { naming } }).serve(far);
   * await host.turn({ session: 's', id: '1', agent: 'naming', input: 'Ada' });
   * await host.session('s').get('name'); // => 'Ada'
   */
  async get<T = unknown>(key: string): Promise<T | undefined> {
    const [entry] = await this.#ledger.read([stateRef(scopeOf(this.name), key)]);
    return entry?.value.decode() as T | undefined;
  }

  /**
   * The entries of a structured session whose keys start with `prefix`, in the order of their keys,
   * as of one moment. Read in pages, as they are asked for.
   *
   * @example
   * await host.turn({ session: 's', id: '1', agent: 'notes', input: 'hello' });
   * const entries = await Array.fromAsync(host.session('s').entries());
   * entries; // => [['notes/0000000000000000', 'hello']]
   */
  async *entries<T = unknown>(
    prefix = '',
  ): AsyncGenerator<readonly [key: string, value: T], void, undefined> {
    const scope = scopeOf(this.name);
    let cursor: string | undefined;
    do {
      const query = { scope, prefix: statePrefix + prefix, limit: limits.scanLimitMax, cursor };
      const page = await this.#ledger.scan(query);
      for (const { key, value } of page.items) {
        yield [key.slice(statePrefix.length), value.decode() as T];
      }
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  /**
   * The items of a list of a structured session, all of them. A list that is not there is empty.
   *
   * @example
   * await host.turn({ session: 's', id: '1', agent: 'notes', input: 'hello' });
   * await host.turn({ session: 's', id: '2', agent: 'notes', input: 'again' });
   * await host.session('s').items('notes'); // => ['hello', 'again']
   */
  async items<T = unknown>(list: string): Promise<T[]> {
    const items: T[] = [];
    for await (const [, value] of this.entries<T>(`${list}/`)) items.push(value);
    return items;
  }

  /**
   * Each turn as it is committed, from any host. Resumes without a gap behind the position of the
   * last step. Throws `trimmed` or `regressed` if the log cannot tell any more: read the state
   * anew. Ends when `signal` aborts, or whoever reads it leaves the loop.
   *
   * @example
   * const { position: after } = await app.ledger.head();
   * await host.turn({ session: 's', id: '1', agent: 'notes', input: 'hello' });
   * const seen: unknown[] = [];
   * for await (const { version, turn, output } of host.session('s').follow({ after })) {
   *   seen.push({ version, turn, output });
   *   break;
   * }
   * seen; // => [{ version: 1, turn: '1', output: 1 }]
   */
  async *follow(options: FollowOptions = {}): AsyncGenerator<SessionStep, void, undefined> {
    const { after, signal } = options;
    const scope = scopeOf(this.name);
    for await (const page of this.#ledger.watch({ scope, after, signal })) {
      if (page.kind !== 'commits') {
        const text = `the log of session '${this.name}' does not reach back; read it anew`;
        throw new HoldfastError(page.kind, text, { details: { session: this.name } });
      }
      for (const commit of page.commits) {
        const step = stepOf(commit);
        if (step !== undefined) yield step;
      }
    }
  }
}

/**
 * The names of the sessions that there are, sorted. Costs as many steps as there are sessions.
 *
 * @example
 * import { sessionNames } from 'holdfast/sessions';
 *
 * await host.turn({ session: 'ada/1', id: '1', agent: 'notes', input: 'hello' });
 * await Array.fromAsync(sessionNames(app, 'ada/')); // => ['ada/1']
 */
export async function* sessionNames(
  app: { readonly ledger: Ledger },
  prefix = '',
): AsyncGenerator<string, void, undefined> {
  let cursor: string | undefined;
  do {
    const query = { prefix: scopePrefix + prefix, internal: true, limit: 1000, cursor };
    const page = await app.ledger.scopes(query);
    for (const { scope } of page.items) yield scope.slice(scopePrefix.length);
    cursor = page.cursor;
  } while (cursor !== undefined);
}

type Commit = Extract<
  Awaited<ReturnType<Ledger['log']>>,
  { readonly kind: 'commits' }
>['commits'][number];

/** Undefined for commits that are no turn: outcomes that expired. */
function stepOf({ changes, position }: Commit): SessionStep | undefined {
  const head = changes.find(({ key }) => key === 'head');
  const turn = changes.find(({ key, kind }) => key.startsWith(turnPrefix) && kind !== 'expired');
  if (head?.value === undefined || turn?.value === undefined) return undefined;
  const { version, hash } = headOf({ value: head.value, scope: head.scope });
  const { output, events } = turn.value.decode() as TurnRecord;
  const changed = changes.filter(({ key }) => key.startsWith(statePrefix));
  return {
    version,
    hash,
    turn: turn.key.slice(turnPrefix.length),
    output,
    events,
    changes: changed.map(({ key, value }) => {
      return { key: key.slice(statePrefix.length), value: value?.decode() };
    }),
    position,
  };
}
