/** Hosts that crash and workers that come and go, over one ledger. */
import type { Ledger } from '../../../src/index.ts';
import { HoldfastError } from '../../../src/index.ts';
import { systemClock } from '../../../src/internal/clock.ts';
import type { Random } from '../../../src/internal/random.ts';
import { SessionHost, SessionWorker, sqliteCodec } from '../../../src/sessions/index.ts';
import type { TurnOutcome, TurnRequest } from '../../../src/sessions/index.ts';
import { pressing } from '../../../src/testing/index.ts';
import { growingCodec } from '../../../src/testing/session-contract/stage.ts';
import { agents } from './agents.ts';
import { chaosPair } from './chaos-link.ts';
import type { ChaosRates } from './chaos-link.ts';
import type { Coverage } from './coverage.ts';

/** A host in a process that may die at any call to its ledger. */
interface Process {
  readonly host: SessionHost;
  isDead: boolean;
  /** Of a commit: the process dies before it, or right after it. */
  deathRate: number;
}

const calm: ChaosRates = { repeat: 0, cut: 0 };

export class World {
  readonly workers: SessionWorker[] = [];
  readonly #ledgers: readonly Ledger[];
  readonly #random: Random;
  readonly #processes: Process[] = [];
  readonly #coverage: Coverage;
  #rates = calm;
  #isOver = false;

  constructor(ledgers: readonly Ledger[], random: Random, workers: number, coverage: Coverage) {
    this.#ledgers = ledgers;
    this.#random = random;
    this.#coverage = coverage;
    for (const ledger of ledgers) this.#processes.push(this.#process(ledger));
    for (let index = 0; index < workers; index += 1) this.#hire(index);
  }

  /** Asks host number `index`. Its promise may never settle if the host dies. */
  turn(index: number, request: TurnRequest): Promise<TurnOutcome> {
    const process = this.#processes[index % this.#processes.length] as Process;
    const turn = process.host.turn(request);
    return turn.then(
      (outcome) => {
        if (process.isDead) throw gone();
        return outcome;
      },
      (error: unknown) => {
        throw process.isDead ? gone() : error;
      },
    );
  }

  /** Things go wrong from now on. */
  disturb(): void {
    const rate = (): number => (this.#random.float() < 0.4 ? this.#random.float() * 0.15 : 0);
    this.#rates = { repeat: rate(), cut: rate() };
    for (const process of this.#processes) process.deathRate = rate();
  }

  /** Nothing goes wrong any more, and dead hosts are replaced. */
  async heal(): Promise<void> {
    this.#rates = calm;
    for (const [index, process] of this.#processes.entries()) {
      process.deathRate = 0;
      if (process.isDead) await this.#replace(index);
    }
  }

  /** A worker is killed, and another comes in its place, knowing nothing. */
  killWorker(index: number): void {
    const killed = this.workers[index % this.workers.length];
    if (killed === undefined) return;
    this.#coverage.count('a worker killed');
    killed.close();
    this.#hire(this.workers.indexOf(killed));
  }

  async restartHost(index: number): Promise<void> {
    this.#coverage.count('a host restarted');
    await this.#replace(index % this.#processes.length);
  }

  async close(): Promise<void> {
    this.#isOver = true;
    for (const worker of this.workers) worker.close();
    for (const { host } of this.#processes) await host.close();
  }

  #hire(index: number): void {
    const worker = new SessionWorker({ agents, name: `w${index}`, capacity: 4 });
    this.workers[index] = worker;
    for (const process of this.#processes) this.#link(worker, process);
  }

  /** And again, whenever the link is lost. */
  #link(worker: SessionWorker, process: Process): void {
    const [ours, theirs] = chaosPair(this.#random, () => this.#rates, this.#coverage);
    process.host.attach(ours);
    void worker.serve(theirs).then(() => {
      systemClock.soon(() => {
        const isCurrent = this.workers.includes(worker) && this.#processes.includes(process);
        if (isCurrent && !this.#isOver && !process.isDead) this.#link(worker, process);
      });
    });
  }

  async #replace(index: number): Promise<void> {
    const old = this.#processes[index] as Process;
    old.isDead = true;
    const process = this.#process(this.#ledgers[index] as Ledger);
    this.#processes[index] = process;
    await old.host.close();
    for (const worker of this.workers) this.#link(worker, process);
  }

  #process(ledger: Ledger): Process {
    const mortal = { isDead: false, deathRate: 0 };
    const options = { codecs: [growingCodec, sqliteCodec], clock: pressing(systemClock) };
    const host = new SessionHost({ ledger: this.#mortal(ledger, mortal) }, options);
    return Object.assign(mortal, { host });
  }

  /** A ledger of which nothing comes back once the process is dead. */
  #mortal(ledger: Ledger, process: { isDead: boolean; deathRate: number }): Ledger {
    const alive = <T>(result: Promise<T>): Promise<T> => {
      if (process.isDead) throw gone();
      return result.then((value) => {
        if (process.isDead) throw gone();
        return value;
      });
    };
    return new Proxy(ledger, {
      get: (target, name: keyof Ledger) => {
        const member = target[name];
        if (typeof member !== 'function') return member;
        const call = (member as (...args: unknown[]) => Promise<unknown>).bind(target);
        return async (...args: unknown[]) => {
          const dies = name === 'commit' && this.#random.float() < process.deathRate;
          if (!dies) return alive(call(...args));
          const isBefore = this.#random.float() < 0.5;
          this.#coverage.count(`a host dead ${isBefore ? 'before' : 'behind'} its commit`);
          if (!isBefore) await call(...args);
          process.isDead = true;
          throw gone();
        };
      },
    });
  }
}

export function gone(): HoldfastError {
  return new HoldfastError('closed', 'the process of the host is gone', { outcome: 'unknown' });
}
