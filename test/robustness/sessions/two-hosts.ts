/**
 * Two hosts, processes of their own, on one store: one is stopped or killed in the middle of a turn
 * while the other goes on with the session.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { open } from '../../../src/index.ts';
import { systemClock } from '../../../src/internal/clock.ts';
import { seededRandom } from '../../../src/internal/random.ts';
import { Session } from '../../../src/sessions/index.ts';
import type { TurnDone } from '../../../src/sessions/index.ts';
import { runCount, runSeed } from '../runs.ts';
import { Processes } from './processes.ts';

export interface SharedStore {
  readonly url: string;
  remove(): void;
}

const timeout = 240_000;
const users = 6;

class Pair {
  readonly hosts: readonly [Processes, Processes];
  readonly folder = mkdtempSync(join(tmpdir(), 'holdfast-two-hosts-'));
  readonly #store: SharedStore;

  constructor(store: SharedStore) {
    this.#store = store;
    this.hosts = [new Processes(store.url), new Processes(store.url)];
  }

  async start(): Promise<void> {
    for (const [index, host] of this.hosts.entries()) {
      await host.startHost();
      host.startWorker(0, `worker of ${index}`);
    }
  }

  /** What the turns wrote down, and the version. */
  async log(session: string): Promise<{ ids: string[]; version: number | undefined }> {
    await using store = await open(this.#store.url);
    const stored = new Session(store.app('airline').ledger, session);
    const head = await stored.head();
    return { ids: await stored.items<string>('log'), version: head?.version };
  }

  async stop(): Promise<void> {
    for (const host of this.hosts) host.resumeHost();
    await Promise.all(this.hosts.map((host) => host.stop()));
    rmSync(this.folder, { recursive: true });
    this.#store.remove();
  }
}

export function twoHostsSuite(name: string, newStore: () => SharedStore): void {
  describe(`two hosts on ${name}`, () => {
    let pair: Pair | undefined;
    afterEach(() => pair?.stop());

    /** A pair in whose first host a turn runs that waits for the file `go`. */
    async function midTurn(): Promise<{ both: Pair; go: string; first: Promise<TurnDone> }> {
      const both = new Pair(newStore());
      pair = both;
      await both.start();
      const go = join(both.folder, 'go');
      const first = both.hosts[0].turn({ ...waiting, id: 'first', input: { until: go } });
      first.catch(() => undefined);
      await vi.waitFor(() => expect(existsSync(`${go}.begun`)).toBe(true), 30_000);
      return { both, go, first };
    }
    const waiting = { session: 's', agent: 'waiting', input: {} };

    test('a host that was stopped in mid-turn finds itself overtaken', { timeout }, async () => {
      const { both, go, first } = await midTurn();
      both.hosts[0].pauseHost();
      const second = await both.hosts[1].turn({ ...waiting, id: 'second' });
      expect(second).toMatchObject({ version: 1, attempts: 1 });
      writeFileSync(go, '');
      both.hosts[0].resumeHost();
      // What its worker made of version 0 is refused; it is run again on what the other left.
      expect(await first).toMatchObject({ version: 2, attempts: 2, output: 2 });
      expect(await both.log('s')).toEqual({ ids: ['second', 'first'], version: 2 });
    });

    test('the turn of a stopped host can be taken over, once', { timeout }, async () => {
      const { both, go, first } = await midTurn();
      both.hosts[0].pauseHost();
      writeFileSync(go, '');
      const again = { ...waiting, id: 'first', input: { until: go } };
      expect(await both.hosts[1].turn(again)).toMatchObject({ version: 1, replayed: false });
      both.hosts[0].resumeHost();
      expect(await first).toMatchObject({ version: 1, replayed: true, worker: 'worker of 1' });
      expect(await both.log('s')).toEqual({ ids: ['first'], version: 1 });
    });

    test('the turn of a killed host is done by the other', { timeout }, async () => {
      const { both, go } = await midTurn();
      await both.hosts[0].killHost();
      writeFileSync(go, '');
      const again = { ...waiting, id: 'first', input: { until: go } };
      expect(await both.hosts[1].turn(again)).toMatchObject({ version: 1, replayed: false });
      expect(await both.log('s')).toEqual({ ids: ['first'], version: 1 });
    });

    test(`stopped and killed by chance (seed ${runSeed})`, { timeout }, async () => {
      const random = seededRandom(runSeed);
      const both = new Pair(newStore());
      pair = both;
      await both.start();
      const acknowledged: TurnDone[] = [];
      const turns = runCount(12, 0.1);
      const killsMax = runCount(2, 0.02);
      const talk = async (user: number): Promise<void> => {
        for (let turn = 0; turn < turns; turn += 1) {
          // Half of the users share a session, the others half; each asks either host.
          const session = `s${user % 2}`;
          const host = both.hosts[(user + turn) % 2] as Processes;
          const id = `user ${user} turn ${turn}`;
          acknowledged.push(await host.turn({ session, id, agent: 'waiting', input: {} }));
        }
      };
      const over = new AbortController();
      const everybody = Promise.all(Array.from({ length: users }, (_, user) => talk(user)));
      const talking = everybody.finally(() => over.abort());
      talking.catch(() => undefined);
      const troubles = { stops: 0, kills: 0 };
      while (!over.signal.aborted) {
        const host = both.hosts[random.float() < 0.5 ? 0 : 1];
        await systemClock.sleep(20 + random.float() * 60);
        if (troubles.kills < killsMax && random.float() < 0.2) {
          await host.restartHost();
          troubles.kills += 1;
        } else {
          host.pauseHost();
          await systemClock.sleep(random.float() * 150);
          host.resumeHost();
          troubles.stops += 1;
        }
      }
      await talking;
      console.log(`two hosts on ${name}:`, troubles);
      expect(troubles.stops).toBeGreaterThan(0);
      for (const session of ['s0', 's1']) {
        const done = acknowledged.filter((one) => one.session === session);
        const { ids, version } = await both.log(session);
        expect(version).toBe((turns * users) / 2);
        expect(ids).toHaveLength((turns * users) / 2);
        for (const { id, version: place } of done) expect(ids[place - 1]).toBe(id);
      }
    });
  });
}
