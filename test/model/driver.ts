/**
 * Runs a sequence of commands on a real ledger and on the reference, and compares after each.
 *
 * What is compared: every answer, every entry, every scan, the scopes, and the log, commit by
 * commit.
 */
import { expect } from 'vitest';
import { origin } from '../../src/ledger/index.ts';
import type {
  Commit,
  Ledger,
  LogPage,
  Mutation,
  Position,
  Proposal,
} from '../../src/ledger/index.ts';
import type { Ledgers } from '../../src/ledger/ledgers.ts';
import type { ManualClock } from '../../src/testing/index.ts';
import type { CheckPlan, Command } from './commands.ts';
import { Reference, addressOf } from './reference.ts';
import type { ModelChange } from './reference.ts';

/** A store under test that can be closed and opened again on the same data. */
export interface ModelStore {
  readonly clock: ManualClock;
  open(): Promise<Ledgers>;
  /** What the commands talk to: the ledger itself, or one behind a wire or a server. */
  view(ledgers: Ledgers): Promise<Seen>;
}

export interface Seen {
  readonly ledger: Ledger;
  /** Whether a call may have been made twice, for its first answer was lost on the way. */
  readonly losesAnswers?: boolean;
  close(): Promise<void>;
}

export class Driver {
  readonly #store: ModelStore;
  readonly #reference = new Reference();
  #ledgers: Ledgers;
  #view: Seen;
  #ledger: Ledger;
  /** The log was compared up to here. */
  #seen: Position = origin;
  #seenCommits = 0;
  #sequence = 0;

  private constructor(store: ModelStore, ledgers: Ledgers, view: Seen) {
    this.#store = store;
    this.#ledgers = ledgers;
    this.#view = view;
    this.#ledger = view.ledger;
  }

  static async open(store: ModelStore): Promise<Driver> {
    const ledgers = await store.open();
    return new Driver(store, ledgers, await store.view(ledgers));
  }

  async close(): Promise<void> {
    await this.#view.close();
    await this.#ledgers.close();
  }

  async run(command: Command): Promise<void> {
    await this.#do(command);
    await this.#compareState();
    await this.#compareLog();
  }

  get #time(): number {
    return this.#store.clock.now();
  }

  async #do(command: Command): Promise<void> {
    switch (command.do) {
      case 'commit':
        return this.#commit({
          checks: command.checks.map((plan) => this.#check(plan)),
          mutations: command.mutations,
        });
      case 'together':
        return this.#together(command.proposals);
      case 'repeat':
        return this.#repeat(command.mutations);
      case 'wait':
        return this.#store.clock.advance(command.ms);
      case 'sweep':
        return this.#sweep();
      case 'trim':
        return this.#trim();
      case 'pin':
        return this.#pin(command.back, command.ttlMs);
      case 'erase':
        return this.#erase(command.scope, command.key);
      case 'reopen':
        return this.#reopen();
      case 'scan':
        return this.#scan(command.scope, command.reverse, command.limit);
      case 'scanWhileWriting':
        return this.#scanWhileWriting(command.scope, command.mutations);
    }
  }

  async #commit(proposal: Proposal): Promise<void> {
    const expected = this.#reference.commit(proposal, this.#time);
    const answer = await this.#ledger
      .commit(proposal)
      .catch((error: unknown) => error as { code: string });
    if ('code' in answer) {
      expect({ kind: 'error', code: answer.code }).toEqual(expected);
    } else if (answer.kind === 'conflict') {
      const failed = answer.failures.map((failure) => failure.index);
      expect({ kind: 'conflict', failed }).toEqual(expected);
    } else {
      const changed = answer.results.map((result) => result.change);
      expect({ kind: 'committed', revision: answer.position.revision, changed }).toEqual(expected);
    }
  }

  /** Proposals made in one go are decided in the order in which they were made. */
  async #together(proposals: readonly (readonly Mutation[])[]): Promise<void> {
    if (this.#view.losesAnswers === true) {
      // One that changed nothing is decided anew when it is repeated, behind others.
      for (const mutations of proposals) await this.#commit({ mutations });
      return;
    }
    await Promise.all(proposals.map((mutations) => this.#commit({ mutations })));
  }

  async #repeat(mutations: readonly Mutation[]): Promise<void> {
    this.#sequence += 1;
    const stamp = { client: 'model', sequence: this.#sequence };
    const before = this.#reference.revision;
    const proposal = { mutations, stamp };
    const first = await this.#ledger.commit(proposal).catch((error: unknown) => error);
    const expected = this.#reference.commit(proposal, this.#time);
    if (expected.kind !== 'committed') {
      expect((first as { code: string }).code).toBe(expected.kind === 'error' && expected.code);
      return;
    }
    const position = (first as { position: Position }).position;
    const again = await this.#ledger.commit(proposal);
    const { revision } = position;
    expect(again).toMatchObject({ kind: 'committed', replayed: true, position: { revision } });
    expect(await this.#ledger.log(again.position)).toMatchObject({ kind: 'commits' });
    // Remembering a stamp of a proposal that changed nothing takes a revision without a commit.
    if (this.#reference.revision === before) await this.#adoptRevision();
  }

  async #sweep(): Promise<void> {
    await this.#ledgers.runDuties();
    const dead = [...this.#reference.entries.values()].filter(
      (entry) => this.#reference.alive(addressOf(entry), this.#time) === undefined,
    );
    // Which of the dead goes first is nobody's business: take the order from the log.
    const order = (await this.#readLog()).flatMap((commit) => commit.changes);
    for (const change of order) this.#reference.bury(addressOf(change), this.#time);
    for (const entry of dead) expect(this.#reference.entries.has(addressOf(entry))).toBe(false);
    await this.#adoptTrim();
  }

  async #trim(): Promise<void> {
    await this.#sweep();
  }

  async #pin(back: number, ttlMs: number): Promise<void> {
    const revision = Math.max(this.#reference.trimmed, this.#seen.revision - back);
    const at = revision === this.#seen.revision ? this.#seen : await this.#positionAt(revision);
    if (at === undefined) return;
    const pin = await this.#ledger.pin('model', at, ttlMs);
    expect(pin).toEqual({ name: 'model', position: at, expiresAt: this.#time + ttlMs });
    await this.#adoptRevision();
  }

  async #positionAt(revision: number): Promise<Position | undefined> {
    for (const commit of await this.#commitsAfter(origin)) {
      if (commit.position.revision === revision) return commit.position;
    }
    return undefined;
  }

  async #erase(scope: string, key: string): Promise<void> {
    const address = addressOf({ scope, key });
    this.#reference.bury(address, this.#time);
    const had = this.#reference.entries.has(address);
    this.#reference.commit({ mutations: [{ kind: 'delete', scope, key }] }, this.#time);
    const { existed } = await this.#ledger.erase({ scope, key });
    // The second of two erasures finds what the first one left.
    if (this.#view.losesAnswers !== true || existed) expect(existed).toBe(had);
    this.#reference.forgetValues(address, this.#seenCommits);
    await this.#compareLog();
    await this.#adoptRevision();
    for (const commit of await this.#commitsAfter(origin)) {
      for (const change of commit.changes) {
        if (addressOf(change) !== address) continue;
        expect([change.value, change.previous?.value, change.operations]).toEqual([
          undefined,
          undefined,
          undefined,
        ]);
      }
    }
  }

  async #reopen(): Promise<void> {
    const next = await this.#store.open();
    await this.#view.close();
    await this.#ledgers.close();
    this.#ledgers = next;
    this.#view = await this.#store.view(next);
    this.#ledger = this.#view.ledger;
  }

  async #scan(scope: string, reverse: boolean, limit: number): Promise<void> {
    const found: unknown[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await this.#ledger.scan({ scope, reverse, limit, cursor });
      for (const { key, value } of page.items) found.push([key, value.decode()]);
      cursor = page.cursor;
      if (cursor === undefined) break;
    }
    const expected = this.#reference
      .inScope(scope, this.#time)
      .map(({ key, value }) => [key, value]);
    expect(found).toEqual(reverse ? expected.reverse() : expected);
  }

  /** The later pages of a scan show the state of the first. */
  async #scanWhileWriting(scope: string, mutations: readonly Mutation[]): Promise<void> {
    const expected = this.#reference
      .inScope(scope, this.#time)
      .map(({ key, value }) => [key, value]);
    const first = await this.#ledger.scan({ scope, limit: 1 });
    const found: unknown[] = first.items.map(({ key, value }) => [key, value.decode()]);
    await this.#commit({ mutations });
    for (let { cursor } = first; cursor !== undefined;) {
      const page = await this.#ledger.scan({ scope, limit: 1, cursor });
      for (const { key, value } of page.items) found.push([key, value.decode()]);
      cursor = page.cursor;
    }
    expect(found).toEqual(expected);
  }

  #check(plan: CheckPlan): NonNullable<Proposal['checks']>[number] {
    if (plan.plan === 'unchanged') {
      const last = this.#reference.scopeChanges.get(plan.scope) ?? 0;
      const since = plan.right ? this.#seen : { ...this.#seen, revision: Math.max(0, last - 1) };
      return { kind: 'unchanged', scope: plan.scope, since };
    }
    const { scope, key, right } = plan;
    const entry = this.#reference.alive(addressOf(plan), this.#time);
    if (plan.plan === 'version') {
      return { kind: 'version', scope, key, version: right ? (entry?.version ?? 0) : 999_999 };
    }
    return {
      kind: 'value',
      scope,
      key,
      value: right && entry !== undefined ? entry.value : 'wrong',
    };
  }

  async #compareState(): Promise<void> {
    for (const scope of ['users', 'session/1', 's']) {
      const expected = this.#reference.inScope(scope, this.#time);
      const { items } = await this.#ledger.scan({ scope });
      expect(
        items.map(({ size: _, value, ...rest }) => ({ ...rest, value: value.decode() })),
      ).toEqual(expected);
      const info = await this.#ledger.scope(scope);
      expect(info.entries).toBe(expected.length);
      expect(info.bytes).toBe(items.reduce((sum, { size }) => sum + size, 0));
      const read = await this.#ledger.read(expected);
      expect(read.map((entry) => entry?.value.decode())).toEqual(
        expected.map(({ value }) => value),
      );
    }
  }

  async #compareLog(): Promise<void> {
    const commits = await this.#readLog();
    const expected = this.#reference.commits.slice(this.#seenCommits);
    expect(commits.map((commit) => commit.position.revision)).toEqual(
      expected.map(({ revision }) => revision),
    );
    const real = commits.map(({ changes }) => changes.map(simple));
    expect(inNoOrder(real)).toEqual(inNoOrder(expected.map(({ changes }) => changes)));
    this.#reference.adoptOrder(commits);
    this.#seenCommits = this.#reference.commits.length;
    if (commits.length > 0) this.#seen = commits.at(-1)!.position;
  }

  #readLog(): Promise<Commit[]> {
    return this.#commitsAfter(this.#seen);
  }

  async #commitsAfter(after: Position): Promise<Commit[]> {
    const commits: Commit[] = [];
    const start =
      after.revision === 0 && this.#reference.trimmed > 0 ? await this.#trimPoint() : after;
    for (let at = start; ;) {
      const page: LogPage = await this.#ledger.log(at, { limit: 2 });
      if (page.kind !== 'commits') throw new Error(`the log answered ${page.kind}`);
      commits.push(...page.commits);
      if (page.through.revision >= page.head.revision) return commits;
      at = page.through;
    }
  }

  async #trimPoint(): Promise<Position> {
    const { position } = await this.#ledger.head();
    for (const commit of this.#reference.commits) {
      if (commit.revision >= this.#reference.trimmed) break;
    }
    return this.#reference.trimmed === position.revision ? position : this.#seen;
  }

  /** Upkeep may take revisions that no commit has. */
  async #adoptRevision(): Promise<void> {
    const { position } = await this.#ledger.head();
    expect(position.revision).toBeGreaterThanOrEqual(this.#reference.revision);
    this.#reference.revision = position.revision;
  }

  async #adoptTrim(): Promise<void> {
    await this.#compareLog();
    await this.#adoptRevision();
    this.#reference.trimmed = (await this.#ledger.head()).trimmed;
  }
}

/**
 * The changes of one commit happen at once, and which of several dead entries is buried first is
 * nobody's business: neither order says anything.
 */
function inNoOrder(commits: readonly (readonly ModelChange[])[]): (readonly ModelChange[])[] {
  const ordered: (readonly ModelChange[])[] = [];
  let buried: ModelChange[] = [];
  for (const changes of [...commits, []]) {
    if (changes[0]?.kind === 'expired') buried.push(...changes);
    else {
      ordered.push(...sorted(buried).map((change) => [change]), sorted(changes));
      buried = [];
    }
  }
  return ordered;
}

function sorted(changes: readonly ModelChange[]): ModelChange[] {
  return changes.toSorted((a, b) => (addressOf(a) < addressOf(b) ? -1 : 1));
}

function simple(change: Commit['changes'][number]): ModelChange {
  const { scope, key, kind, value, previous } = change;
  return {
    scope,
    key,
    kind,
    value: value?.decode(),
    previous: previous?.value?.decode(),
    previousVersion: previous?.version,
  };
}
