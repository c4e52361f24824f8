/**
 * Apps made equal to what a backup holds of them: what is missing or differs is set, what the
 * backup does not have is deleted, and in the end every entry is compared.
 *
 * R1. An app that holds something is refused before anything is written, unless it may be replaced.
 * R2. One that was interrupted is finished by doing it again: what is there already is left alone.
 * R3. Memory holds one batch.
 */
import { assert } from '../../../internal/assert.ts';
import type { Ledger, Mutation } from '../../../ledger/index.ts';
import { exitCodes } from '../../exit-codes.ts';
import { CommandEnd } from '../../failure.ts';
import type { OpenStore } from '../../store.ts';
import { Batch } from '../batch.ts';
import { deletion, differencesOf, isSame, setting } from '../copy/differences.ts';
import { entriesOf } from '../copy/entries.ts';
import type { Incoming } from '../line.ts';
import type { BackupFile } from './backup-file.ts';

/** No scope is left out: this is no name of one. */
const noScope = '';

export interface RestoreOptions {
  readonly apps: readonly string[];
  /** Apps that hold something are replaced. */
  readonly replace: boolean;
  readonly signal: AbortSignal;
  onProgress(phase: 'restoring' | 'comparing', entries: number): void;
}

export interface RestoreCounts {
  entries: number;
  written: number;
  deleted: number;
}

export class Restorer {
  readonly counts: RestoreCounts = { entries: 0, written: 0, deleted: 0 };
  readonly #store: OpenStore;
  readonly #file: BackupFile;
  readonly #options: RestoreOptions;
  readonly #batch = new Batch<Mutation>();

  constructor(store: OpenStore, file: BackupFile, options: RestoreOptions) {
    this.#store = store;
    this.#file = file;
    this.#options = options;
  }

  async run(): Promise<RestoreCounts> {
    if (!this.#options.replace) await this.#requireEmpty();
    await this.#eachApp('restoring', (ledger, entries) => this.#write(ledger, entries));
    await this.#store.ledgers?.engine.flush();
    await this.#eachApp('comparing', (ledger, entries) => this.#compare(ledger, entries));
    return this.counts;
  }

  async #requireEmpty(): Promise<void> {
    for (const app of this.#options.apps) {
      const { entries } = await this.#store.ledger(app).head();
      if (entries === 0) continue;
      const message =
        `the app '${app}' holds ${entries} entries: --force makes it what the backup says, ` +
        '`import` adds the backup to it';
      throw new CommandEnd('conflict', exitCodes.conflict, message, { app, entries });
    }
  }

  async #eachApp(
    phase: 'restoring' | 'comparing',
    work: (ledger: Ledger, entries: AsyncGenerator<Incoming>) => Promise<void>,
  ): Promise<void> {
    const { apps, signal, onProgress } = this.#options;
    const source = this.#file.entries(new Set(apps));
    let next = await source.next();
    let read = 0;
    async function* ofApp(app: string): AsyncGenerator<Incoming> {
      while (next.done !== true && next.value.app === app) {
        yield next.value;
        read += 1;
        if (read % 256 === 0) signal.throwIfAborted();
        onProgress(phase, read);
        next = await source.next();
      }
    }
    // An app of which nothing is in the backup has its turn all the same.
    for (const app of apps) await work(this.#store.ledger(app), ofApp(app));
    assert(next.done === true, 'a backup that was checked is in order');
  }

  async #write(ledger: Ledger, entries: AsyncGenerator<Incoming>): Promise<void> {
    for await (const { entry, there } of differencesOf(entries, entriesOf(ledger, noScope))) {
      if (entry === undefined) {
        if (there !== undefined) await this.#add(ledger, deletion(there), 0);
      } else if (there === undefined || !isSame(entry, there)) {
        await this.#add(ledger, setting(entry), entry.value.size);
      }
    }
    await this.#commit(ledger);
  }

  async #add(ledger: Ledger, mutation: Mutation, bytes: number): Promise<void> {
    if (this.#batch.isFullFor(bytes)) await this.#commit(ledger);
    this.#batch.add(mutation, bytes);
  }

  async #commit(ledger: Ledger): Promise<void> {
    if (this.#batch.isEmpty) return;
    const mutations = this.#batch.take();
    // A server cannot be told to make earlier commits durable.
    const durability = this.#store.ledgers === undefined ? 'sync' : 'relaxed';
    const answer = await ledger.commit({ mutations, durability });
    assert(answer.kind === 'committed', 'a proposal without checks was refused');
    for (const { change } of answer.results) {
      if (change === 'created' || change === 'updated') this.counts.written += 1;
      else if (change === 'deleted') this.counts.deleted += 1;
    }
  }

  async #compare(ledger: Ledger, entries: AsyncGenerator<Incoming>): Promise<void> {
    for await (const { entry, there } of differencesOf(entries, entriesOf(ledger, noScope))) {
      if (entry !== undefined && there !== undefined && isSame(entry, there)) {
        this.counts.entries += 1;
        continue;
      }
      const one = entry ?? there;
      const end = one?.expiresAt;
      // What died meanwhile, or before, is no difference.
      if (one === undefined || (end !== undefined && end <= (await ledger.head()).time)) continue;
      const { scope, key } = one;
      const message = `'${key}' in '${scope}' is not as in the backup: does somebody else write?`;
      throw new CommandEnd('conflict', exitCodes.conflict, message, { scope, key });
    }
  }
}
