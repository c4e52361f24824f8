import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openMemoryEngine } from '../engine/memory/index.ts';
import { seededRandom } from '../internal/random.ts';
import { ManualClock, loopback } from '../testing/index.ts';
import type { Ledger } from './index.ts';
import { openLedgers } from './ledgers.ts';
import type { Ledgers } from './ledgers.ts';
import { Membership } from './membership.ts';
import type { Held } from './membership.ts';
import type { Ownership } from './ownership.ts';

const views: Record<string, (ledger: Ledger) => Ledger> = { direct: (ledger) => ledger, loopback };
const ttlMs = 900;

interface Process {
  readonly ledger: Ledger;
  readonly clock: ManualClock;
  readonly membership: Membership;
}

function owned(claim: Ownership | Held): Ownership {
  if (claim.kind === 'held') throw new Error(`held by ${claim.heldBy}`);
  return claim;
}

for (const [view, seen] of Object.entries(views)) {
  describe(`membership: ${view}`, () => {
    /** The store's clock. Each process has its own: one that stands still is a paused process. */
    let clock: ManualClock;
    let ledgers: Ledgers;
    let processes: Process[];
    let ledger: Ledger;

    beforeEach(async () => {
      clock = new ManualClock();
      const random = seededRandom(1);
      const options = { cacheBytes: 0, busyTimeoutMs: 0, mustExist: false, readOnly: false };
      const engine = await openMemoryEngine('memory:', { clock, random, ...options });
      ledgers = openLedgers(engine, { clock, random, sweepMs: 0 });
      processes = [];
      ledger = seen(ledgers.ledger('app'));
    });

    afterEach(() => ledgers.close());

    function start(): Process {
      const own = new ManualClock();
      const random = seededRandom(processes.length + 10);
      const mine = seen(ledgers.ledger('app'));
      const membership = new Membership(mine, { ttlMs, clock: own, random });
      const process = { ledger: mine, clock: own, membership };
      processes.push(process);
      return process;
    }

    /** Time passes for the store and for all processes but the paused ones. */
    async function pass(ms: number, ...paused: Process[]): Promise<void> {
      const running = processes.filter((process) => !paused.includes(process));
      for (let left = ms; left > 0; left -= 100) {
        clock.advance(Math.min(left, 100));
        for (const process of running) await process.clock.pass(Math.min(left, 100));
      }
    }

    async function revision(): Promise<number> {
      return (await ledger.head()).position.revision;
    }

    test('what nobody owns is taken, by one of many claimants', async () => {
      const claimants = Array.from({ length: 10 }, start);
      const claims = await Promise.all(claimants.map((one) => one.membership.claim('run')));
      const winners = claims.filter((claim) => claim.kind === 'owned');
      expect(winners).toHaveLength(1);
      const winner = claimants[claims.indexOf(winners[0]!)]!;
      for (const claim of claims) {
        if (claim.kind !== 'held') continue;
        expect(claim).toMatchObject({ heldBy: winner.membership.member, epoch: winners[0]?.epoch });
      }
    });

    test('an owner that lives is not displaced, and renewing costs no commit', async () => {
      const [a, b] = [start(), start()];
      const ownership = owned(await a.membership.claim('run'));
      const before = await revision();
      await pass(20 * ttlMs);
      const held = await b.membership.claim('run');
      expect(held).toEqual({ kind: 'held', heldBy: a.membership.member, epoch: ownership.epoch });
      expect(await revision()).toBe(before);
      expect(ownership.lost).toBe(false);
    });

    test('claiming again gives the same ownership and writes nothing', async () => {
      const a = start();
      const [first, same] = await Promise.all([
        a.membership.claim('run'),
        a.membership.claim('run'),
      ]);
      const before = await revision();
      expect(same).toBe(first);
      expect(await a.membership.claim('run')).toBe(first);
      expect(await revision()).toBe(before);
    });

    test('a paused owner whose resource was taken is refused when it wakes up', async () => {
      const [a, b] = [start(), start()];
      const stale = owned(await a.membership.claim('run'));
      await pass(ttlMs, a);
      const fresh = owned(await b.membership.claim('run'));
      expect(fresh.epoch).toBe(stale.epoch + 1);
      const write = (by: Ownership) =>
        a.ledger.commit({
          checks: [by.check()],
          mutations: [{ kind: 'set', scope: 's', key: 'k', value: by.epoch }],
        });
      const refused = await write(stale);
      expect(refused).toMatchObject({ kind: 'conflict', failures: [{ actual: fresh.epoch }] });
      expect(stale.lost).toBe(false);
      expect(stale.lostBy(refused)).toBe(true);
      expect(stale.signal.aborted).toBe(true);
      const accepted = await write(fresh);
      expect(accepted.kind).toBe('committed');
      expect(fresh.lostBy(accepted)).toBe(false);
      expect(await a.membership.claim('run')).toMatchObject({ heldBy: b.membership.member });
    });

    test('a paused owner learns of its loss with its next heartbeat', async () => {
      const [a, b] = [start(), start()];
      const [taken, kept] = [
        owned(await a.membership.claim('taken')),
        owned(await a.membership.claim('kept')),
      ];
      await pass(ttlMs, a);
      owned(await b.membership.claim('taken'));
      a.clock.advance(ttlMs);
      await a.clock.pass(0);
      expect([taken.lost, kept.lost]).toEqual([true, false]);
      expect(await a.membership.claim('kept')).toBe(kept);
    });

    test('a machine that slept counts its time by the wall clock', async () => {
      const [a, b] = [start(), start()];
      const taken = owned(await a.membership.claim('run'));
      await pass(ttlMs, a);
      owned(await b.membership.claim('run'));
      a.clock.set(a.clock.now() + ttlMs);
      await a.clock.pass(ttlMs / 3);
      expect(taken.lost).toBe(true);
    });

    test('a released resource is free, and its epochs go on', async () => {
      const [a, b] = [start(), start()];
      const first = owned(await a.membership.claim('run'));
      expect(await first.release()).toBe(true);
      expect(await first.release()).toBe(false);
      expect(first.lost).toBe(true);
      expect(await ledger.commit({ checks: [first.check()] })).toMatchObject({ kind: 'conflict' });
      const second = owned(await b.membership.claim('run'));
      expect(second.epoch).toBe(first.epoch + 1);
    });

    test('no epoch is given twice, even after a release was forgotten', async () => {
      const a = start();
      const epochs: number[] = [];
      for (let round = 0; round < 5; round += 1) {
        const ownership = owned(await a.membership.claim('run'));
        epochs.push(ownership.epoch);
        await ownership.release();
        clock.advance(24 * 60 * 60 * 1000);
        a.clock.advance(24 * 60 * 60 * 1000);
      }
      expect(epochs).toEqual([...new Set(epochs)].sort((x, y) => x - y));
    });

    test('a stale owner cannot release what another owns', async () => {
      const [a, b] = [start(), start()];
      const stale = owned(await a.membership.claim('run'));
      await pass(ttlMs, a);
      const fresh = owned(await b.membership.claim('run'));
      expect(await stale.release()).toBe(false);
      expect(await ledger.commit({ checks: [fresh.check()] })).toMatchObject({ kind: 'committed' });
    });

    test('whoever stops leaves what it owned to others, at once', async () => {
      const [a, b] = [start(), start()];
      const left = owned(await a.membership.claim('run'));
      await a.membership.stop();
      await a.membership.stop();
      expect(left.lost).toBe(true);
      owned(await b.membership.claim('run'));
      await pass(3 * ttlMs);
      expect(await b.membership.claim('run')).toMatchObject({ kind: 'owned' });
      await expect(a.membership.claim('run')).rejects.toMatchObject({ code: 'closed' });
    });

    test('whatever stands in the place of an ownership harms nobody', async () => {
      const a = start();
      const odd = [
        null,
        7,
        [],
        { member: 5, epoch: 1 },
        { member: 'x', epoch: -1 },
        Uint8Array.of(1),
      ];
      for (const [index, value] of odd.entries()) {
        const ref = { scope: '$owners', key: `run-${index}` };
        await ledger.commit({ mutations: [{ kind: 'set', ...ref, value }] });
        const ownership = owned(await a.membership.claim(ref.key));
        const answer = await ledger.commit({ checks: [ownership.check()] });
        expect(answer.kind).toBe('committed');
      }
    });

    test('one failed heartbeat is told and made up for', async () => {
      const failures: unknown[] = [];
      const own = new ManualClock();
      let fails = false;
      const heartbeat = (member: string, ttl: number) =>
        fails ? Promise.reject(new Error('down')) : ledger.heartbeat(member, ttl);
      const through = {
        heartbeat,
        members: () => ledger.members(),
        read: (refs: []) => ledger.read(refs),
      };
      const membership = new Membership(through as unknown as Ledger, {
        ttlMs,
        clock: own,
        onError: (error) => failures.push(error),
      });
      await membership.start();
      fails = true;
      await own.pass(ttlMs / 3);
      expect(failures).toHaveLength(1);
      fails = false;
      clock.advance(ttlMs - 1);
      await own.pass(ttlMs / 3);
      clock.advance(ttlMs - 1);
      expect((await ledger.members()).map(({ id }) => id)).toEqual([membership.member]);
    });
  });
}
