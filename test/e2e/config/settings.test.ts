/**
 * Every key of the config does something. The keys are those of its JSON Schema: a key that is
 * added without a proof here fails the first test.
 */
import { copyFile, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { configJsonSchema, loadConfig, parseConfig } from '../../../src/config/index.ts';
import { openConfig } from '../../../src/index.ts';
import type { App, OpenOptions, Store } from '../../../src/index.ts';
import { ManualClock } from '../../../src/testing/index.ts';
import { recorded } from './recording-engine.ts';
import type { Opening } from './recording-engine.ts';
import { serverProofs } from './server-proofs.ts';
import { triggerProofs } from './trigger-proofs.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-settings-'));
});
afterAll(() => rm(folder, { recursive: true }));

type Values = Record<string, unknown>;

async function opened(config: Values, more: OpenOptions = {}): Promise<Store> {
  const store = await openConfig(parseConfig(JSON.stringify(config)), more);
  onTestFinished(() => store.close());
  return store;
}

/** A memory store whose own settings these are. */
function withStore(store: Values, more?: OpenOptions): Promise<Store> {
  return opened({ store: { url: 'memory:', ...store } }, more);
}

const recorder = join(import.meta.dirname, 'recording-engine.ts');

/** A store of the recording engine that has these settings, and what that recorded. */
async function withRecorder(
  settings: Values,
  more: OpenOptions = {},
): Promise<{ store: Store; opening: Opening }> {
  const config = { store: { url: 'recorded:', engine: recorder, sweepMs: 0, ...settings } };
  const store = await opened(config, more);
  return { store, opening: recorded.at(-1)! };
}

/** An option that only engines know, and each for itself: it arrives there. */
function reachesTheEngine(settings: Values): Proof {
  return async () => {
    expect((await withRecorder(settings)).opening.options).toMatchObject(settings);
  };
}

async function refused(code: string, work: () => Promise<unknown>): Promise<void> {
  await expect(work()).rejects.toMatchObject({ code });
}

/** The rules of an app, told of the app by its name and of every app that has no name there. */
function forApps(rules: Values, work: (app: App, clock: ManualClock) => Promise<void>) {
  return async (place: string): Promise<void> => {
    const clock = new ManualClock();
    const apps = place === 'defaults' ? { defaults: rules } : { apps: { shop: rules } };
    const store = await opened({ store: { url: 'memory:' }, ...apps }, { clock, sweepMs: 0 });
    await work(store.app('shop'), clock);
  };
}

type Proof = (place: string) => Promise<void>;

async function fill(app: App, clock: ManualClock): Promise<number> {
  const bytes = { n: 'x'.repeat(1000) };
  for (let key = 0; key < 30; key += 1) await app.scope('s').set(`k${key}`, bytes);
  clock.advance(60_000);
  return (await app.ledger.head()).logBytes;
}

const appProofs: Record<string, Proof> = {
  'quota.entries': forApps({ quota: { entries: 1 } }, async (app) => {
    await app.scope('s').set('a', 1);
    await refused('quota_exceeded', () => app.scope('s').set('b', 1));
  }),
  'quota.bytes': forApps({ quota: { bytes: 10 } }, async (app) => {
    await refused('quota_exceeded', () => app.scope('s').set('a', 'x'.repeat(10)));
  }),
  'scopes.*.quota.entries': forApps({ scopes: { s: { quota: { entries: 1 } } } }, async (app) => {
    await app.scope('s').set('a', 1);
    await refused('quota_exceeded', () => app.scope('s').set('b', 1));
    await app.scope('t').setMany({ a: 1, b: 1 });
  }),
  'scopes.*.quota.bytes': forApps({ scopes: { s: { quota: { bytes: 10 } } } }, async (app) => {
    await refused('quota_exceeded', () => app.scope('s').set('a', 'x'.repeat(10)));
  }),
  'scopes.*.ttlMs': forApps({ scopes: { s: { ttlMs: 5 } } }, async (app, clock) => {
    await app.scope('s').set('a', 1);
    clock.advance(5);
    expect(await app.scope('s').has('a')).toBe(false);
  }),
  'scopes.*.schema': forApps({ scopes: { s: { schema: { type: 'number' } } } }, async (app) => {
    await refused('schema_mismatch', () => app.scope('s').set('a', 'text'));
    await app.scope('s').set('a', 1);
  }),
};

/** Retention shows after duties: the log is shorter than one that is kept whole. */
function retentionProof(retention: Values, more: Values = {}): Proof {
  return async (place) => {
    const clock = new ManualClock();
    const given =
      place === 'store'
        ? {}
        : { [place]: place === 'apps' ? { shop: { retention } } : { retention } };
    const config = { store: { url: 'memory:', ...(place === 'store' && { retention }) }, ...given };
    const store = await opened({ ...config, ...more }, { clock, sweepMs: 10 });
    const app = store.app('shop');
    if ('hardBytes' in retention)
      await app.ledger.pin('hold', (await app.ledger.head()).position, 1e9);
    const full = await fill(app, clock);
    expect(full).toBeGreaterThan(20_000);
    await clock.pass(30_000);
    expect((await app.ledger.head()).logBytes).toBeLessThan(15_000);
  };
}

const retentionProofs: Record<string, Proof> = {
  'retention.ms': retentionProof({ ms: 10 }),
  'retention.bytes': retentionProof({ bytes: 5000 }),
  'retention.hardBytes': retentionProof({ bytes: 5000, hardBytes: 10_000 }),
};

const storeProofs: Record<string, Proof> = {
  url: async () => expect((await withStore({ url: 'memory:x' })).url).toBe('memory:x'),
  backend: async () => {
    const store = await opened({ store: { backend: 'memory' } });
    expect((await store.stats()).scheme).toBe('memory');
  },
  path: async () => {
    const path = join(folder, 'named.db');
    await opened({ store: { backend: 'sqlite', path } });
    expect((await stat(path)).isFile()).toBe(true);
  },
  engine: async () => {
    const path = join(folder, 'engine.yaml');
    await copyFile(recorder, join(folder, 'engine.ts'));
    await writeFile(path, `store: { url: "own:", engine: ./missing.ts }`);
    await refused('invalid_config', async () => openConfig(await loadConfig(path)));
    expect((await withRecorder({ url: 'own:x' })).opening.url).toBe('own:x');
  },
  token: () => refused('invalid_argument', () => withStore({ token: 'x' })),
  cacheBytes: reachesTheEngine({ cacheBytes: 7 }),
  poolSize: reachesTheEngine({ poolSize: 7 }),
  schema: reachesTheEngine({ schema: 'x' }),
  busyTimeoutMs: reachesTheEngine({ busyTimeoutMs: 7 }),
  mustExist: () =>
    refused('store_missing', () => withStore({ url: `file:${folder}/none.db`, mustExist: true })),
  readOnly: async () => {
    const url = `file:${join(folder, 'read.db')}`;
    await (await withStore({ url })).scope('s').set('a', 1);
    const store = await withStore({ url, readOnly: true });
    await expect(store.scope('s').set('a', 2)).rejects.toThrow();
    expect(await store.scope('s').get('a')).toBe(1);
  },
  maxValueBytes: async () => {
    const store = await withStore({ maxValueBytes: 5 });
    await refused('limit_exceeded', () => store.scope('s').set('a', 'x'.repeat(5)));
  },
  durability: () => refused('durability_unavailable', () => withStore({ durability: 'disk' })),
  flushMs: async () => {
    const clock = new ManualClock();
    const { store, opening } = await withRecorder({ flushMs: 77 }, { clock });
    await store.app('a').with({ durability: 'relaxed' }).scope('s').set('k', 1);
    clock.advance(76);
    expect(opening.calls.get('flush')).toBeUndefined();
    clock.advance(1);
    expect(opening.calls.get('flush')).toBe(1);
  },
  sweepMs: async () => {
    const clock = new ManualClock();
    const { opening } = await withRecorder({ sweepMs: 77 }, { clock });
    await clock.pass(76);
    expect(opening.calls.get('due')).toBeUndefined();
    await clock.pass(1);
    expect(opening.calls.get('due')).toBe(1);
  },
  resolveTimeoutMs: async () => {
    const clock = new ManualClock();
    const { store, opening } = await withRecorder({ resolveTimeoutMs: 0 }, { clock });
    opening.losesAnswers = true;
    // The clock stands still: with any other timeout this would wait for ever.
    await refused('outcome_unknown', () => store.scope('s').set('k', 1));
    opening.losesAnswers = false;
  },
};

function keysOf(node: Values, name: string): string[] {
  const { properties, additionalProperties: more, type, anyOf } = node;
  if (properties !== undefined) {
    return Object.entries(properties as Values).flatMap(([key, inner]) => {
      return keysOf(inner as Values, name === '' ? key : `${name}.${key}`);
    });
  }
  const isOpen = type === 'object' && typeof more === 'object' && anyOf === undefined;
  const isNamed = isOpen && 'type' in more!;
  return isNamed ? keysOf(more, `${name}.*`) : [name];
}

const proofs = new Map<string, () => Promise<void>>();
for (const [key, proof] of Object.entries({ ...storeProofs, ...retentionProofs })) {
  proofs.set(`store.${key}`, () => proof('store'));
}
for (const [key, proof] of Object.entries({ ...appProofs, ...retentionProofs })) {
  proofs.set(`defaults.${key}`, () => proof('defaults'));
  proofs.set(`apps.*.${key}`, () => proof('apps'));
}
for (const [key, proof] of Object.entries(serverProofs)) proofs.set(key, proof);
for (const [key, proof] of Object.entries(triggerProofs)) {
  proofs.set(`apps.*.triggers.*.${key}`, proof);
}

const keys = keysOf(configJsonSchema(), '');

test('there is a proof for every key, and none for others', () => {
  expect([...proofs.keys()].sort()).toEqual([...keys].sort());
});

describe('a setting changes what happens', () => {
  test.each([...proofs])('%s', async (_, proof) => {
    await proof();
  });
});
