import { describe, expect, it } from 'vitest';
import { MemoryLedger } from './ledger.ts';

/** Counts one entry in or out of a scope at a revision, and logs it. */
function count(ledger: MemoryLedger, scope: string, entries: number): void {
  const base = ledger.head.revision;
  ledger.count({ scope, entries, bytes: entries, offset: 1 }, base);
  ledger.advance(1, 1000, 'incarnation');
  const row = { first: base + 1, last: base + 1, time: 1000, tags: '', body: '' };
  ledger.log.append(row);
}

function trim(ledger: MemoryLedger, revision: number): void {
  ledger.log.trim(revision);
  ledger.prune();
}

describe('MemoryLedger', () => {
  it('forgets an emptied scope once the log is trimmed behind it', () => {
    const ledger = new MemoryLedger('app');
    for (let turn = 0; turn < 100; turn += 1) {
      count(ledger, `session/${turn}`, 1);
      count(ledger, `session/${turn}`, -1);
    }
    expect(ledger.scopes.size).toBe(100);
    trim(ledger, 51);
    expect(ledger.scopes.size).toBe(75);
    expect(ledger.stat('session/25')).toMatchObject({ entries: 0, revision: 52 });
    trim(ledger, 200);
    expect(ledger.scopes.size).toBe(0);
  });

  it('keeps a scope that filled up again', () => {
    const ledger = new MemoryLedger('app');
    count(ledger, 's', 1);
    count(ledger, 's', -1);
    count(ledger, 's', 1);
    trim(ledger, 3);
    expect(ledger.stat('s')).toMatchObject({ entries: 1, revision: 3 });
    count(ledger, 's', -1);
    trim(ledger, 4);
    expect(ledger.scopes.size).toBe(0);
  });
});
