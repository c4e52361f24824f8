/** One run: disturbances and turns by chance, and after each step what must hold. */
import { expect } from 'vitest';
import { isHoldfastError } from '../../../src/index.ts';
import type { Ledger } from '../../../src/index.ts';
import { systemClock } from '../../../src/internal/clock.ts';
import type { Random } from '../../../src/internal/random.ts';
import { digest, entriesPayload, Session, sqliteCodec } from '../../../src/sessions/index.ts';
import type {
  EntriesState,
  SessionWorker,
  TurnDone,
  TurnOutcome,
} from '../../../src/sessions/index.ts';
import { growingCodec } from '../../../src/testing/session-contract/stage.ts';
import { agents, hashOfRows, nothing, randomScript, summaryOf } from './agents.ts';
import type { Reference } from './agents.ts';
import type { Coverage } from './coverage.ts';
import { Model } from './reference.ts';
import type { KnownTurn } from './reference.ts';
import { World } from './world.ts';

const stepsPerRun = 14;
/** Which session a step is about: databases cost the most. */
const places = [0, 0, 0, 1, 2, 2];

export class Run {
  readonly #random: Random;
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #models: readonly Model[];
  readonly #coverage: Coverage;
  #turns = 0;

  constructor(ledgers: readonly Ledger[], random: Random, coverage: Coverage) {
    this.#random = random;
    this.#coverage = coverage;
    this.#ledger = ledgers[0] as Ledger;
    this.#world = new World(ledgers, random, 2 + this.#below(2), coverage);
    this.#models = (['entries', 'bytes', 'rows'] as const).map((name) => new Model(name));
  }

  async go(): Promise<void> {
    for (let step = 0; step < stepsPerRun; step += 1) {
      await this.#disturbance();
      const model = this.#models[places[this.#below(places.length)] ?? 0] as Model;
      await this.#step(model);
      await this.#check(model);
    }
    await this.#world.close();
  }

  async #disturbance(): Promise<void> {
    const worker = this.#world.workers[this.#below(this.#world.workers.length)] as SessionWorker;
    switch (this.#below(8)) {
      case 0:
        return this.#world.killWorker(this.#below(4));
      case 1:
        return this.#world.restartHost(this.#below(2));
      case 2:
        return this.#forget(worker);
      case 3:
      case 4:
        return this.#world.disturb();
      case 5:
        return this.#goBack(worker);
      default:
    }
  }

  #forget(worker: SessionWorker): void {
    this.#coverage.count('a worker that forgot');
    for (const { name } of this.#models) if (this.#below(2) === 0) worker.cache.delete(name);
  }

  /** The worker has a state of the past, or one that never was, under the version of today. */
  #goBack(worker: SessionWorker): void {
    const held = worker.cache.get('entries');
    if (held === undefined) return;
    this.#coverage.count('a worker with a false state');
    const state = entriesPayload.load(entriesPayload.save(held.state as EntriesState));
    const draft = entriesPayload.draft(state);
    draft.set('never', 'was');
    const { hash } = entriesPayload.finish(state, draft);
    worker.cache.set('entries', { ...held, state, hash });
  }

  /** One to three turns at once, each asked for until it is settled. */
  async #step(model: Model): Promise<void> {
    const turns = Array.from({ length: 1 + Math.max(0, this.#below(4) - 1) }, () => {
      return this.#newTurn(model);
    });
    const isAlone = turns.length === 1;
    const settled = await Promise.all(turns.map((turn) => this.#settle(model, turn)));
    await this.#world.heal();
    const done = settled.flatMap((outcome, index) => {
      const turn = turns[index] as KnownTurn;
      if (outcome?.kind === 'conflict') this.#coverage.count('a conflict');
      if (outcome?.kind === 'conflict' && isAlone) {
        expect([model.version, ...model.earlier]).not.toContain(turn.base);
      }
      if (outcome?.kind !== 'done') return [];
      return [{ turn, outcome }];
    });
    done.sort((a, b) => a.outcome.version - b.outcome.version);
    for (const { turn, outcome } of done) {
      this.#checkSeen(model, turn, outcome);
      this.#note(model, turn, outcome);
      model.apply(turn, outcome.version);
    }
    await this.#retryOne(model);
  }

  #newTurn(model: Model): KnownTurn {
    this.#turns += 1;
    const choice = this.#below(8);
    const bases = [model.version, ...model.earlier, model.version - 3];
    const base = choice === 0 ? Math.max(0, bases[this.#below(bases.length)] ?? 0) : undefined;
    const from = model.states[base ?? model.version] ?? nothing;
    return { id: `t${this.#turns}`, script: randomScript(model.name, from, this.#random), base };
  }

  /** Undefined: the handler failed, as it was told or because others went first. */
  async #settle(model: Model, { id, script, base }: KnownTurn): Promise<TurnOutcome | undefined> {
    const request = { session: model.name, id, agent: model.name, input: script, base };
    for (let attempt = 0; attempt < 100; attempt += 1) {
      try {
        return await this.#world.turn(this.#below(2), request);
      } catch (error) {
        if (isHoldfastError(error, 'turn_failed')) {
          this.#coverage.count('a handler that failed');
          return undefined;
        }
        expect(isHoldfastError(error) ? error.code : error).toMatch(
          /^(closed|unavailable|contended|overloaded)$/,
        );
        if (attempt > 2) await this.#world.heal();
        await new Promise<void>((resolve) => {
          systemClock.soon(resolve);
        });
      }
    }
    throw new Error(`turn ${id} was never settled`);
  }

  #note(model: Model, { base, script }: KnownTurn, { attempts }: TurnDone): void {
    this.#coverage.count('a turn');
    if (attempts > 1) this.#coverage.count('a turn that began anew');
    if (base !== undefined && base !== model.version) this.#coverage.count('a regeneration');
    const changesSchema = script.acts.some((act) => String(act).startsWith('CREATE'));
    if (changesSchema && model.version > 0) this.#coverage.count('a change of schema');
  }

  /** What the handler saw before it did anything. */
  #checkSeen(model: Model, turn: KnownTurn, outcome: TurnDone): void {
    const base = turn.base ?? outcome.version - 1;
    const seen = model.states[base];
    if (seen === undefined) return;
    const expected = {
      entries: () => summaryOf(sortedEntries(seen)),
      bytes: () => digest(seen.text),
      rows: () => base,
    }[model.name]();
    expect(outcome.output).toBe(expected);
  }

  async #retryOne(model: Model): Promise<void> {
    const known = [...model.done.values()];
    const one = known[this.#below(known.length)];
    if (one === undefined) return;
    const outcome = await this.#settle(model, one.turn);
    expect(outcome).toMatchObject({ kind: 'done', version: one.version, replayed: true });
    this.#coverage.count('a retry');
  }

  async #check(model: Model): Promise<void> {
    const session = new Session(this.#ledger, model.name);
    const head = await session.head();
    expect(head?.version ?? 0).toBe(model.version);
    if (head === undefined) return;
    const { state } = model;
    if (model.name === 'entries') {
      const found: (readonly [string, unknown])[] = [];
      for await (const entry of session.entries()) found.push(entry);
      expect(found).toEqual(sortedEntries(state));
    }
    if (model.name === 'bytes') {
      expect(head.hash).toBe(growingCodec.hash(new TextEncoder().encode(state.text)));
    }
    if (model.name === 'rows') expect(head.hash).toBe(hashOfRows(state));
    this.#checkWorkers(model, head.hash);
  }

  /** A worker that claims to have the state has it. */
  #checkWorkers(model: Model, hash: string): void {
    for (const { cache } of this.#world.workers) {
      const held = cache.get(model.name);
      if (held?.version !== model.version || held.hash !== hash) continue;
      const payload = agents[model.name].payload;
      if (model.name === 'rows') {
        const { bytes } = held.state as { bytes: Uint8Array };
        expect(sqliteCodec.hash(Uint8Array.from(bytes))).toBe(hash);
      } else {
        expect(payload.hash(payload.load(payload.save(held.state)))).toBe(hash);
      }
    }
  }

  #below(limit: number): number {
    return Math.floor(this.#random.float() * limit);
  }
}

function sortedEntries({ entries }: Reference): [string, unknown][] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
}
