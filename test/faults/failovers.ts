/**
 * Failovers under load to a follower that is behind: whoever was given a position of what is lost
 * finds it `regressed`, and everything else is there.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Random } from '../../src/internal/random.ts';
import { openLedgers } from '../../src/ledger/index.ts';
import type { Engine } from '../../src/engine/index.ts';
import { Account } from './account.ts';

const writers = 3;
/** How long writing may take to go on. */
const goOnMs = 60_000;

/** A server that is led to, and one that follows it. */
export interface Followed {
  /** From here on the follower gets nothing: it stands for one that is that far behind. */
  cutOff(): Promise<void>;
  /** The server is killed while it is at work, and the follower leads in its stead. */
  takeOver(): Promise<void>;
  /** Whoever leads now has a follower again, which has all. */
  follow(): Promise<void>;
}

/**
 * Two processes' writers go on through `times` failovers. What they know is judged after each one,
 * and at the end again. Returns the codes of the failures that they were told.
 */
export async function failOver(
  followed: Followed,
  open: () => Promise<Engine>,
  { times, random }: { readonly times: number; readonly random: Random },
): Promise<ReadonlySet<string>> {
  const openAll = async () => openLedgers(await open(), { sweepMs: 0, resolveTimeoutMs: goOnMs });
  const stores = [await openAll(), await openAll()];
  const ledgers = stores.map((store) => store.ledger('app'));
  const accounts: Account[] = [];
  for (let turn = 0; turn < times; turn += 1) {
    const account = new Account(`${turn}/`);
    accounts.push(account);
    const over = new AbortController();
    const writing = ledgers.flatMap((ledger, place) =>
      Array.from({ length: writers }, async (_, index) => {
        while (!over.signal.aborted) {
          const failures = account.refused.size;
          await account.write(ledger, `writer-${place}-${index}`);
          if (account.refused.size > failures) await sleep(20);
        }
      }),
    );
    try {
      await acknowledged(account, 10);
      await followed.cutOff();
      // Of each writer one commit may be under way that the follower has yet got.
      await acknowledged(account, stores.length * writers + 1 + Math.floor(random.float() * 20));
      await followed.takeOver();
      await acknowledged(account, 10);
    } finally {
      over.abort();
      await Promise.all(writing);
    }
    expect(await account.verifyLosses(ledgers[0]!, ledgers)).toBeGreaterThan(0);
    expect([...account.unknown]).toEqual([]);
    await followed.follow();
  }
  for (const account of accounts) await account.verifyLosses(ledgers[0]!, ledgers.slice(1));
  for (const store of stores) await store.close();
  return new Set(accounts.flatMap(({ codes }) => codes));
}

/** Waits for so many more acknowledgements. */
async function acknowledged(account: Account, more: number): Promise<void> {
  const goal = account.acknowledged.size + more;
  const deadline = performance.now() + goOnMs;
  while (account.acknowledged.size < goal) {
    if (performance.now() > deadline) throw new Error('writing does not go on');
    await sleep(2);
  }
}
