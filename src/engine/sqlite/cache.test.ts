import { describe, expect, it } from 'vitest';
import type { StoredEntry } from '../entry.ts';
import { EntryCache } from './cache.ts';

function entry(key: string, content: string): StoredEntry {
  const times = { createdAt: 1, updatedAt: 1, expiresAt: undefined };
  const size = key.length + content.length;
  return { scope: 's', key, content, version: 1, ...times, schema: 0, size, external: false };
}

const scope = { id: 7 };

describe('EntryCache', () => {
  it('keeps what is met a second time', () => {
    const cache = new EntryCache(1 << 20);
    cache.set(scope, 'a', entry('a', 'first'));
    expect(cache.get(scope, 'a')).toBeUndefined();
    cache.set(scope, 'a', entry('a', 'second'));
    expect(cache.get(scope, 'a')?.content).toBe('second');
    cache.set(scope, 'gone', null);
    cache.set(scope, 'gone', null);
    expect(cache.get(scope, 'gone')).toBeNull();
  });

  it('never answers with what was replaced, in whichever generation it is', () => {
    const cache = new EntryCache(4000);
    for (let turn = 0; turn < 500; turn += 1) {
      const key = `k${turn % 13}`;
      const content = String(turn).repeat(1 + (turn % 40));
      cache.set(scope, key, entry(key, content));
      expect([undefined, content]).toContain(cache.get(scope, key)?.content);
    }
  });

  it('drops what has become too large to keep', () => {
    const cache = new EntryCache(4000);
    for (const content of ['x', 'x', 'y'.repeat(4000)]) {
      cache.set(scope, 'a', entry('a', content));
    }
    expect(cache.get(scope, 'a')).toBeUndefined();
  });

  it('does not mistake most keys for others, however many were met', () => {
    const cache = new EntryCache(1 << 24);
    let kept = 0;
    for (let n = 0; n < 100_000; n += 1) {
      const key = `message/${n}`;
      cache.set(scope, key, null);
      if (cache.get(scope, key) === null) kept += 1;
    }
    expect(kept).toBeLessThan(10_000);
  });

  it('tells scopes apart', () => {
    const cache = new EntryCache(1 << 20);
    const other = { id: 8 };
    for (const _ of [1, 2]) cache.set(scope, 'a', entry('a', 'here'));
    for (const _ of [1, 2]) cache.set(other, 'a', entry('a', 'there'));
    expect(cache.get(scope, 'a')?.content).toBe('here');
    expect(cache.get(other, 'a')?.content).toBe('there');
  });
});
