/** A store with something of everything, and all that a store holds, to be compared. */
import { hash } from 'node:crypto';
import { open } from '../../src/index.ts';
import type { Store } from '../../src/index.ts';
import type { Ledger } from '../../src/ledger/index.ts';

/** More than a value may have where nobody asked for it, which is no matter to who moves it. */
const largeBytes = 1_200_000;
const options = { maxValueBytes: largeBytes };

/** UTF-16 would sort some of them otherwise than UTF-8 does, and a collation all of them. */
const names = ['Z', 'a', 'a b', 'é', '~', '\uff5e', '\u{1f600}', 'line\nend', `"quoted'`, '%_\\'];

/** Two apps that hold something, more than a page and a batch of it, and one that did once. */
export async function fillStore(url: string): Promise<void> {
  await using store = await open(url, options);
  await Promise.all([fillApp(store, 'one'), fillApp(store, 'two')]);
  const gone = store.app('gone').scope('s');
  await gone.set('k', 1);
  await gone.delete('k');
}

async function fillApp(store: Store, name: string): Promise<void> {
  const app = store.app(name);
  const rows = Array.from({ length: 600 }, (_, index) => [`k${index}`, { name, index }] as const);
  await app.scope('rows').setMany(rows);
  for (const text of names) await app.scope(text).set(text, text);
  await app.scope('values').setMany({ null: null, empty: '', tiny: 1e-7, nested: [[{ a: [] }]] });
  await app.scope('bytes').setMany({ none: Uint8Array.of(), some: Uint8Array.of(0, 255, 10, 13) });
  await app.scope('large').set('text', 'ß"\n'.repeat(50_000));
  await app.scope('large').set('bytes', new Uint8Array(largeBytes).fill(7, 4096));
  await app.scope('cache').set('short', name, { ttlMs: 3_600_000 });
  await app.list('messages').append('first', { second: 2 }, 'third');
  const { time } = await app.ledger.head();
  const dated = { kind: 'set', scope: 'dated', value: { at: time } } as const;
  await app.ledger.commit({
    mutations: [
      { ...dated, key: 'old', schema: 1 },
      { ...dated, key: 'new', schema: 7, expiresAt: time + 86_400_000 },
    ],
  });
}

export interface Kept {
  readonly kind: 'json' | 'bytes';
  /** Of a large one the hash. */
  readonly content: string;
  readonly expiresAt: number | undefined;
  readonly schema: number;
}

/** By app, scope and key. */
export type Entries = Readonly<Record<string, Kept>>;

export interface Contents {
  readonly entries: Entries;
  /** Of each app: tells of a commit, whatever it changed. */
  readonly revisions: Readonly<Record<string, number>>;
}

export async function contentsOf(url: string): Promise<Contents> {
  await using store = await open(url, options);
  const entries: Record<string, Kept> = {};
  const revisions: Record<string, number> = {};
  for (const app of await store.apps()) {
    const { ledger } = store.app(app);
    revisions[app] = (await ledger.head()).position.revision;
    const { items } = await ledger.scopes({ internal: true, limit: 1000 });
    for (const { scope } of items) {
      for await (const { key, ...kept } of keptIn(ledger, scope)) {
        entries[JSON.stringify([app, scope, key])] = kept;
      }
    }
  }
  return { entries, revisions };
}

export async function entriesOf(url: string): Promise<Entries> {
  return (await contentsOf(url)).entries;
}

async function* keptIn(ledger: Ledger, scope: string): AsyncGenerator<Kept & { key: string }> {
  let cursor: string | undefined;
  do {
    const page = await ledger.scan({ scope, cursor, limit: 500 });
    for (const { key, value, expiresAt, schema } of page.items) {
      const kind = typeof value.content === 'string' ? 'json' : 'bytes';
      const content = value.size > 4096 ? hash('sha256', value.content) : String(value.content);
      yield { key, kind, content, expiresAt, schema };
    }
    ({ cursor } = page);
  } while (cursor !== undefined);
}
