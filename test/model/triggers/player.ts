/**
 * Plays commands on a real trigger and its reference.
 *
 * What may happen at any moment (writes, deaths, pauses, restarts) happens at any moment. What
 * changes the meaning of an event (a filter, a healed handler, another name) waits until the
 * trigger is done with what was there, so that the reference need not guess.
 */
import { expect } from 'vitest';
import { seededRandom } from '../../../src/internal/random.ts';
import type { Trigger } from '../../../src/index.ts';
import { openLedgers } from '../../../src/ledger/index.ts';
import type { Ledger, Ledgers } from '../../../src/ledger/index.ts';
import { App } from '../../../src/store/index.ts';
import { ManualClock, pressing } from '../../../src/testing/index.ts';
import type { Ground } from '../../robustness/grounds.ts';
import { mortal, Mortality } from '../../robustness/triggers/mortal-ledger.ts';
import { keys } from './commands.ts';
import type { Command } from './commands.ts';
import { attempts, Reference } from './reference.ts';
import type { Sent } from './reference.ts';

const retry = { attempts, firstMs: 1000, longestMs: 3000 };

interface Process {
  readonly life: Mortality;
  readonly app: App;
  readonly trigger: Trigger;
}

export class Player {
  readonly #ground: Ground;
  readonly #url: string;
  readonly #clock = new ManualClock();
  readonly #random = seededRandom(1);
  readonly #reference = new Reference();
  readonly #opened: { close(): Promise<void> }[] = [];
  readonly #processes: Process[] = [];
  #calls = 0;
  #sent = 0;
  #names = 0;
  #name = 't0';
  #prefix: string | undefined;
  #isPaused = false;
  #writer!: App;
  #upkeep!: Ledgers;

  constructor(ground: Ground, url: string) {
    this.#ground = ground;
    this.#url = url;
  }

  async play(commands: readonly Command[]): Promise<void> {
    const { ledger, ledgers } = await this.#open();
    this.#writer = this.#app(ledger);
    this.#upkeep = ledgers;
    try {
      await this.#start();
      for (const command of commands) await this.#do(command);
      await this.#compare();
    } finally {
      for (const { life } of this.#processes) life.isDead = true;
      for (const one of this.#opened) await one.close();
    }
  }

  async #do(command: Command): Promise<void> {
    switch (command.kind) {
      case 'write':
        return this.#write(command.changes);
      case 'delete':
        return this.#delete(command.key);
      case 'pass':
        return this.#clock.pass(command.ms);
      case 'pause':
        return this.#pause();
      case 'resume':
        this.#isPaused = false;
        return this.#records().setPaused(false);
      case 'restart':
        await this.#processes.pop()?.trigger.stop();
        return this.#start();
      case 'kill':
        this.#kill();
        return this.#start();
      case 'second':
        return this.#processes.length < 2 ? this.#start() : undefined;
      case 'trim':
        return this.#upkeep.runDuties();
      case 'rename':
        return this.#rename();
      case 'filter':
        return this.#filter(command.prefix);
      case 'well':
        await this.#settle();
        this.#reference.isWell = command.isWell;
        return;
      case 'replay':
      case 'drop':
        return this.#giveUp(command.kind, command.share);
    }
  }

  async #write(changes: readonly (readonly [string, number])[]): Promise<void> {
    const values = changes.map(([key, fails]): [string, Sent] => {
      this.#sent += 1;
      return [key, { n: this.#sent, fails }];
    });
    await this.#writer.scope<Sent>('in').setMany(values);
    for (const [key, sent] of values) if (this.#listens(key)) this.#reference.send(key, sent);
  }

  /** A deletion is no change of a kind that the trigger wants. */
  async #delete(key: string): Promise<void> {
    await this.#writer.scope('in').delete(key);
  }

  async #pause(): Promise<void> {
    await this.#records().setPaused(true);
    this.#isPaused = true;
    // Each process learns of it with its next look; what runs by then is finished.
    const learned = () => this.#processes.every(({ trigger }) => trigger.state === 'paused');
    while (!learned()) await this.#clock.pass(500);
    await this.#pass(10, 100);
    const calls = this.#calls;
    await this.#pass(6, 2000);
    expect(this.#calls, 'attempts while it was paused').toBe(calls);
  }

  #kill(): void {
    const process = this.#processes.pop();
    if (process !== undefined) process.life.isDead = true;
  }

  async #rename(): Promise<void> {
    await this.#settle();
    for (const { trigger } of this.#processes.splice(0)) await trigger.stop();
    const old = this.#records();
    const { position } = await old.status();
    this.#reference.drop(this.#reference.dead);
    this.#names += 1;
    this.#name = `t${this.#names}`;
    await this.#start(position);
    await old.remove();
  }

  async #filter(prefix: string | undefined): Promise<void> {
    await this.#settle();
    // Changes that it did not listen to lie behind it only once a later one does.
    await this.#write([[this.#prefix === 'b' ? 'b1' : 'a1', 0]]);
    await this.#settle();
    this.#prefix = prefix;
    for (const { trigger } of this.#processes.splice(0)) await trigger.stop();
    await this.#start();
  }

  async #giveUp(kind: 'replay' | 'drop', share: number): Promise<void> {
    await this.#settle();
    const letters = this.#writer.triggers.deadLetters(this.#name);
    const page = await letters.page({ limit: 1000 });
    const numbers = page.letters.map(({ event }) => (event.new_value as Sent).n);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(this.#reference.dead);
    const meant = page.letters.slice(0, Math.ceil(page.letters.length * share));
    const ids = meant.map(({ id }) => id);
    expect(await letters[kind](ids)).toBe(ids.length);
    this.#reference[kind](meant.map(({ event }) => (event.new_value as Sent).n));
  }

  /** Waits until everything is handled or given up. */
  async #settle(): Promise<void> {
    if (this.#isPaused) await this.#records().setPaused(false);
    this.#isPaused = false;
    if (this.#processes.length === 0) await this.#start();
    const scope = `$trigger/${this.#name}`;
    for (;;) {
      const { lag, parked } = await this.#records().status();
      const asked = await this.#writer.ledger.scan({ scope, prefix: 'replay/' });
      if (lag === 0 && parked === 0 && asked.items.length === 0) return;
      await this.#clock.pass(500);
    }
  }

  async #compare(): Promise<void> {
    await this.#settle();
    await this.#pass(10, 1000);
    const problems: string[] = [];
    for (const key of keys) {
      const effects = await this.#writer.scope<number[]>('effects').get(key, []);
      const problem = this.#reference.problemOf(key, effects);
      if (problem !== undefined) problems.push(problem);
    }
    expect(problems).toEqual([]);
    expect(await this.#writer.scope<number>('counts').get('all', 0)).toBe(this.#reference.handled);
    await this.#giveUp('drop', 1);
    const { deadLetters, parked, lag } = await this.#records().status();
    expect([deadLetters, parked, lag]).toEqual([0, 0, 0]);
    const values = await this.#writer.ledger.scope(`$trigger/${this.#name}/values`);
    expect(values.entries, 'values that nobody needs').toBe(0);
  }

  async #start(from?: Awaited<ReturnType<Ledger['head']>>['position']): Promise<void> {
    const life = new Mortality(Infinity, 'before the call');
    const app = this.#app(mortal((await this.#open()).ledger, life));
    const effects = app.scope<number[]>('effects');
    const counts = app.scope<number>('counts');
    const kinds = ['created', 'updated'] as const;
    const options = { scope: 'in', prefix: this.#prefix, kinds, retry, from, concurrency: 4 };
    const trigger = await app.trigger<Sent>(this.#name, options, async (event, { tx }) => {
      this.#calls += 1;
      const { n, fails } = event.new_value ?? { n: 0, fails: 0 };
      if (!this.#reference.isWell && event.attempt <= fails) throw new Error(`fails ${fails}`);
      await tx.scope(effects).update(event.key, [{ op: 'append', value: n }]);
      await tx.scope(counts).update('all', [{ op: 'increment' }]);
    });
    this.#processes.push({ life, app, trigger });
  }

  #listens(key: string): boolean {
    return this.#prefix === undefined || key.startsWith(this.#prefix);
  }

  #records() {
    return this.#writer.triggers.records(this.#name);
  }

  async #pass(turns: number, ms: number): Promise<void> {
    for (let turn = 0; turn < turns; turn += 1) await this.#clock.pass(ms);
  }

  #app(ledger: Ledger): App {
    return App.over(ledger, { clock: this.#clock, random: this.#random });
  }

  async #open(): Promise<{ ledger: Ledger; ledgers: Ledgers }> {
    const clock = pressing(this.#clock);
    const random = this.#random;
    const shared = { cacheBytes: 2 ** 20, busyTimeoutMs: 5000, mustExist: false, readOnly: false };
    const engine = await this.#ground.open(this.#url, { clock, random, ...shared });
    const ledgers = openLedgers(engine, { clock, random, sweepMs: 0, retention: { ms: 60_000 } });
    const seen = await this.#ground.view(ledgers);
    this.#opened.push(seen, ledgers);
    return { ledger: seen.ledger, ledgers };
  }
}
