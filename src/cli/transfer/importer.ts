/**
 * Entries into a store, in batches.
 *
 * I1. What is there already, to the value, the expiry and the schema version, is not written again.
 *     So an import that was cut short is resumed by running it again, and running it twice changes
 *     nothing.
 * I2. Memory holds one batch.
 * I3. Batches are relaxed commits: durable once `finish` has returned, which makes them so.
 */
import { assert } from '../../internal/assert.ts';
import type { Entry, Ledger, SetMutation } from '../../ledger/index.ts';
import type { OpenStore } from '../store.ts';
import { CommandEnd } from '../failure.ts';
import { exitCodes } from '../exit-codes.ts';
import { Batch } from './batch.ts';
import type { Incoming } from './line.ts';

export type ExistingPolicy = 'overwrite' | 'keep' | 'fail';

export interface ImportCounts {
  readonly read: number;
  readonly written: number;
  readonly unchanged: number;
  /** Left alone because they were there, under `keep`. */
  readonly kept: number;
  /** Dead on arrival. */
  readonly expired: number;
}

export class Importer {
  readonly counts = { read: 0, written: 0, unchanged: 0, kept: 0, expired: 0 };
  readonly #store: OpenStore;
  readonly #app: string;
  readonly #existing: ExistingPolicy;
  readonly #batch = new Batch<Incoming>();
  #batchApp: string;

  constructor(store: OpenStore, app: string, existing: ExistingPolicy) {
    this.#store = store;
    this.#app = app;
    this.#batchApp = app;
    this.#existing = existing;
  }

  async add(entry: Incoming): Promise<void> {
    const app = entry.app ?? this.#app;
    const { size } = entry.value;
    if (app !== this.#batchApp || this.#batch.isFullFor(size)) await this.#commit();
    this.#batchApp = app;
    this.#batch.add(entry, size);
    this.counts.read += 1;
  }

  async finish(): Promise<ImportCounts> {
    await this.#commit();
    await this.#store.ledgers?.engine.flush();
    return this.counts;
  }

  async #commit(): Promise<void> {
    if (this.#batch.isEmpty) return;
    const ledger = this.#store.ledger(this.#batchApp);
    const batch = this.#batch.take();
    const there = await ledger.read(batch);
    const mutations: SetMutation[] = [];
    for (const [index, entry] of batch.entries()) {
      if (this.#isWanted(entry, there[index])) mutations.push(mutationOf(entry));
    }
    if (mutations.length > 0) await this.#write(ledger, mutations);
  }

  async #write(ledger: Ledger, mutations: readonly SetMutation[]): Promise<void> {
    const answer = await ledger.commit({ mutations, durability: 'relaxed' });
    assert(answer.kind === 'committed', 'a proposal without checks was refused');
    for (const { change } of answer.results) {
      // A set whose expiry has passed deletes, or finds nothing to delete.
      if (change === 'created' || change === 'updated') this.counts.written += 1;
      else this.counts.expired += 1;
    }
  }

  #isWanted(entry: Incoming, there: Entry | undefined): boolean {
    if (there === undefined) return true;
    if (isSame(entry, there)) {
      this.counts.unchanged += 1;
      return false;
    }
    if (this.#existing === 'overwrite') return true;
    if (this.#existing === 'fail') {
      const { scope, key } = entry;
      const message = `'${key}' in '${scope}' is there with another value`;
      throw new CommandEnd('conflict', exitCodes.conflict, message, { scope, key });
    }
    this.counts.kept += 1;
    return false;
  }
}

function isSame(entry: Incoming, there: Entry): boolean {
  const { expiresAt, schema, value } = entry;
  return there.expiresAt === expiresAt && there.schema === schema && there.value.equals(value);
}

function mutationOf({ scope, key, value, expiresAt, schema }: Incoming): SetMutation {
  return { kind: 'set', scope, key, value, expiresAt, schema };
}
