/** Erasure: people's data can really go, from entries, from the log, from wherever values lie. */
import { expect } from 'vitest';
import { origin } from '../../../ledger/index.ts';
import type { Mutation } from '../../../ledger/index.ts';
import { patiently } from '../../engine-contract/steady-engine.ts';
import {
  commit,
  drop,
  entryOf,
  logOf,
  nextCommits,
  rawEntries,
  runDuties,
  scanAll,
  set,
  valueOf,
  valueRows,
  write,
} from '../acts.ts';
import type { LedgerContract, OpenedLedgers } from '../contract.ts';

const marker = 'Ada Lovelace, 1815';
const ref = { scope: 's', key: 'person' };

/** Everything that the engine holds of the app, as one text. */
async function everything(opened: OpenedLedgers): Promise<string> {
  const { engine } = opened.ledgers;
  const texts: string[] = [];
  for (const scope of ['s', 't', '$ledger/values', '$ledger/clients', '$ledger/pins']) {
    for (const { content } of await rawEntries(opened, scope)) {
      texts.push(typeof content === 'string' ? content : Buffer.from(content).toString());
    }
  }
  for (let after = 0; ;) {
    const { rows, through, head } = await patiently(() => engine.log('app', { after, limit: 100 }));
    for (const { body } of rows) texts.push(body);
    if (through >= head.revision || through <= after) break;
    after = through;
  }
  return texts.join('\n');
}

function update(...operations: readonly unknown[]): Mutation {
  return { kind: 'update', ...ref, operations } as Mutation;
}

export function erasureContract(contract: LedgerContract): void {
  thoroughness(contract);
  restraint(contract);
}

function thoroughness(contract: LedgerContract): void {
  contract.test('an erased value is nowhere any more, and what remains says so', async (world) => {
    const opened = await world.start();
    const { app } = opened;
    const bytes = Buffer.from(marker);
    await write(app, set('person', { name: marker }), set('beside', 'stays'));
    await write(app, update({ op: 'set', path: ['note'], value: `${marker} again` }));
    await write(app, set('person', { name: marker, large: marker.repeat(500) }));
    await write(app, update({ op: 'append', path: ['list'], value: marker }));
    await write(app, drop('person'));
    await write(app, set('person', bytes, { ttlMs: 1000 }));
    await Promise.all([write(app, set('person', marker)), write(app, set('person', `${marker}!`))]);
    expect(await everything(opened)).toContain(marker);
    await app.erase(ref);
    const left = await everything(opened);
    expect(left).not.toContain(marker);
    expect(left).not.toContain(bytes.toString('base64'));
    expect(await valueRows(opened)).toBe(0);
    expect(await entryOf(app, 'person')).toBeUndefined();
    const changes = (await logOf(app)).flatMap((one) => one.changes);
    for (const change of changes.filter(({ key }) => key === 'person')) {
      expect(change.erased).toBe(true);
      expect([change.value, change.previous?.value, change.operations]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
    }
    expect(changes.at(-1)).toMatchObject({ key: 'person', kind: 'deleted' });
    expect(changes.find(({ key }) => key === 'beside')?.value?.decode()).toBe('stays');
  });

  contract.test('a large value whose log is gone is erased with its entry', async (world) => {
    const opened = await world.start({ retention: { ms: 10 } });
    const { app, clock } = opened;
    await write(app, set('person', marker.repeat(500)));
    clock.advance(11);
    await runDuties(opened);
    expect(await everything(opened)).toContain(marker);
    await app.erase(ref);
    expect(await everything(opened)).not.toContain(marker);
    expect(await valueRows(opened)).toBe(0);
  });

  contract.test(
    'a difference and its base are both erased, without their log too',
    async (world) => {
      const opened = await world.start({ retention: { ms: 10 } });
      const { app, clock } = opened;
      await write(app, set('person', { text: marker.repeat(500), n: 0 }));
      for (let n = 1; n < 4; n += 1) {
        await write(app, update({ op: 'set', path: ['n'], value: `${n} ${marker}` }));
      }
      clock.advance(11);
      await runDuties(opened);
      await write(app, update({ op: 'set', path: ['n'], value: 5 }));
      await app.erase(ref);
      expect(await everything(opened)).not.toContain(marker);
      expect(await valueRows(opened)).toBe(0);
    },
  );

  contract.test('a dead entry that was not swept is erased like any other', async (world) => {
    const opened = await world.start();
    const { app, clock } = opened;
    await write(app, set('person', marker, { ttlMs: 10 }));
    await write(app, set('other', marker.repeat(500), { ttlMs: 10 }));
    clock.advance(10);
    await app.erase(ref);
    await app.erase({ scope: 's', key: 'other' });
    expect(await everything(opened)).not.toContain(marker);
  });

  contract.test(
    'erasures at once, through several handles, undo none of each other',
    async (world) => {
      const opened = await world.start();
      const other = (await world.reopen(opened)).ledger('app');
      const keys = Array.from({ length: 12 }, (_, index) => `person ${index}`);
      await Promise.all(keys.map((key) => write(opened.app, set(key, `${marker} of ${key}`))));
      await Promise.all(
        keys.map((key, index) => (index % 2 === 0 ? opened.app : other).erase({ scope: 's', key })),
      );
      expect(await everything(opened)).not.toContain(marker);
    },
  );

  contract.test('a value that is gone from the state is erased from the log', async (world) => {
    const opened = await world.start();
    const { app } = opened;
    await write(app, set('person', marker));
    await write(app, drop('person'));
    await app.erase(ref);
    expect(await everything(opened)).not.toContain(marker);
  });

  contract.test('a watcher of an erased key hears that it went, not what it was', async (world) => {
    const { app } = await world.start();
    const watch = app.watch({ after: origin })[Symbol.asyncIterator]();
    await write(app, set('person', marker));
    await nextCommits(watch);
    const late = app.watch({ after: origin })[Symbol.asyncIterator]();
    await app.erase(ref);
    const [gone] = (await nextCommits(watch)).flatMap(({ changes }) => changes);
    expect(gone).toMatchObject({ kind: 'deleted', key: 'person', erased: true });
    expect(gone!.previous?.value).toBeUndefined();
    const heard = (await nextCommits(late)).flatMap(({ changes }) => changes);
    for (const { value, previous } of heard) {
      expect([value, previous?.value]).toEqual([undefined, undefined]);
    }
    await Promise.all([watch.return?.(), late.return?.()]);
  });
}

function restraint(contract: LedgerContract): void {
  contract.test('an erasure says what it found', async (world) => {
    const { app, clock } = await world.start();
    await write(app, set('person', marker), set('dies', marker, { ttlMs: 10 }));
    expect(await app.erase(ref)).toEqual({ existed: true, changes: 1 });
    expect(await app.erase(ref)).toEqual({ existed: false, changes: 0 });
    clock.advance(10);
    expect((await app.erase({ scope: 's', key: 'dies' })).existed).toBe(false);
    await write(app, set('person', marker));
    await write(app, drop('person'));
    expect(await app.erase(ref)).toEqual({ existed: false, changes: 2 });
  });

  contract.test(
    'erasing touches no other entry, not even of the same key elsewhere',
    async (world) => {
      const opened = await world.start();
      const { app, ledger } = opened;
      const large = 'y'.repeat(9000);
      await Promise.all([
        write(app, set('person', marker), set('person', 'other scope', { scope: 't' })),
        write(app, set('persons', large), set('bytes', Uint8Array.of(1, 2))),
        write(app, set('person', `${marker} 2`)),
      ]);
      await write(ledger('other'), set('person', 'other app'));
      const before = (await logOf(app)).flatMap(({ changes }) => changes);
      await app.erase(ref);
      const after = (await logOf(app)).flatMap(({ changes }) => changes);
      const others = (changes: typeof before) =>
        changes.filter(({ scope, key }) => scope !== 's' || key !== 'person');
      expect(others(after)).toEqual(others(before));
      expect(await valueOf(app, 'person', 't')).toBe('other scope');
      expect(await valueOf(app, 'persons')).toBe(large);
      expect(await valueOf(ledger('other'), 'person')).toBe('other app');
    },
  );

  contract.test('what is written after an erasure stays, in entry and log', async (world) => {
    const { app } = await world.start();
    await write(app, set('person', marker));
    await app.erase(ref);
    const large = `new ${'z'.repeat(9000)}`;
    await write(app, set('person', large));
    expect(await valueOf(app, 'person')).toBe(large);
    expect((await logOf(app)).at(-1)!.changes[0]!.value!.decode()).toBe(large);
  });

  contract.test('what is written while an erasure runs stays, in entry and log', async (world) => {
    const { app } = await world.start();
    const large = (n: number) => `${n} ${'z'.repeat(9000)}`;
    for (let n = 0; n < 20; n += 1) {
      const erasing = app.erase(ref);
      await Promise.all([write(app, set('person', large(n))), erasing]);
      const [entry] = await scanAll(app, { scope: 's' });
      const last = (await logOf(app)).at(-1)!.changes[0]!;
      if (last.kind === 'deleted') expect(entry).toBeUndefined();
      else expect([entry?.value.decode(), last.value?.decode()]).toEqual([large(n), large(n)]);
    }
  });

  contract.test('erasing nothing changes nothing', async (world) => {
    const { app } = await world.start();
    await write(app, set('k', 1));
    const before = await app.head();
    expect(await app.erase(ref)).toEqual({ existed: false, changes: 0 });
    expect(await app.head()).toEqual(before);
    await commit(app, { checks: [{ kind: 'version', ...ref, version: 0 }] });
  });

  contract.test('an erased log still folds to the state', async (world) => {
    const { app } = await world.start();
    await write(app, set('person', marker), set('k', 1));
    await app.erase(ref);
    await write(app, set('k', 2));
    const kinds = (await logOf(app)).flatMap(({ changes }) =>
      changes.map(({ kind, key }) => `${kind} ${key}`),
    );
    expect(kinds).toEqual(['created person', 'created k', 'deleted person', 'updated k']);
  });
}
