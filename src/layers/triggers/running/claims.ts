/**
 * Which shards this process should own, and getting them.
 *
 * C1. The processes that run a trigger share its shards evenly; who comes later is given its share
 *     by those who have more.
 * C2. A process that died is found out by its heartbeat; its shards are free then, under a new
 *     epoch.
 */
import type { Held, Ledger, Membership, Mutation, Ownership } from '../../../ledger/index.ts';
import { controlScope, resourceOf, shardCount, workerPrefix } from '../keyspace.ts';
import { keysOf } from '../stored-keys.ts';
import type { WorkerReport } from '../trigger-status.ts';

export class Claims {
  readonly #ledger: Ledger;
  readonly #name: string;
  readonly #membership: Membership;

  constructor(ledger: Ledger, name: string, membership: Membership) {
    this.#ledger = ledger;
    this.#name = name;
    this.#membership = membership;
  }

  /** Says that this process runs the trigger. */
  async enter(): Promise<void> {
    await this.#membership.start();
    await this.#write(this.report({}));
  }

  /** What this process says of itself, in whichever commit. */
  report(report: WorkerReport): Mutation {
    return { kind: 'set', ...this.#ref(this.#membership.member), value: report };
  }

  async leave(): Promise<void> {
    await this.#write({ kind: 'delete', ...this.#ref(this.#membership.member) });
  }

  /**
   * How many shards each process should have. Forgets those that died, and is known again where
   * this process slept for so long that others have forgotten it.
   */
  async share(): Promise<number> {
    const [rows, members] = await Promise.all([
      keysOf(this.#ledger, controlScope(this.#name), workerPrefix),
      this.#ledger.members(),
    ]);
    const alive = new Set(members.map(({ id }) => id));
    alive.add(this.#membership.member);
    const workers = rows.map(({ key }) => key.slice(workerPrefix.length));
    if (!workers.includes(this.#membership.member)) {
      await this.#write(this.report({}));
      workers.push(this.#membership.member);
    }
    const dead = workers.filter((member) => !alive.has(member));
    for (const member of dead) await this.#write({ kind: 'delete', ...this.#ref(member) });
    const count = workers.length - dead.length;
    return Math.ceil(shardCount / count);
  }

  claim(shard: number): Promise<Ownership | Held> {
    return this.#membership.claim(resourceOf(this.#name, shard));
  }

  async #write(mutation: Mutation): Promise<void> {
    await this.#ledger.commit({ mutations: [mutation], durability: 'relaxed' });
  }

  #ref(member: string) {
    return { scope: controlScope(this.#name), key: workerPrefix + member };
  }
}
