/** E1, E2, E3 for single entries: what was stored comes back, at its address, bit for bit. */
import { expect } from 'vitest';
import type { Content } from '../../../engine/index.ts';
import type { Contract } from '../contract.ts';
import { bytesOf, commit, contentAt, put, readOne, remove } from '../writing.ts';

const texts: Readonly<Record<string, string>> = {
  empty: '',
  ascii: '{"a":[1,2.5e10,true,null]}',
  'quotes and escapes': `'"\\\\' ''; DROP TABLE x; -- $1 ? :a %s %% {{}} \${x}`,
  'white space': ' \t\r\n lines\u2028and\u2029paragraphs \u0085 ',
  'control characters': '\u0001\u001f\u007f',
  'a byte order mark at both ends': '\ufefftext\ufeff',
  'composed and decomposed': 'é e\u0301 ﬁ \u1e9e',
  'right to left': 'שלום \u202eabc\u202c عربي',
  'the edges of the planes': '\ud7ff\ue000\ufffd\uffff\u{10000}\u{1f600}\u{10ffff}',
  digits: '00123',
};

const bytes: Readonly<Record<string, Uint8Array>> = {
  empty: new Uint8Array(0),
  'all byte values': Uint8Array.from({ length: 256 }, (_, index) => index),
  'invalid UTF-8': Uint8Array.of(0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80),
  'zeroes at both ends': Uint8Array.of(0, 0, 1, 0, 0),
  'ASCII text': new TextEncoder().encode('{"a":1}'),
};

export function readsContract(contract: Contract): void {
  heads(contract);
  contents(contract);
  freshness(contract);
  addresses(contract);
}

function heads(contract: Contract): void {
  contract.test('a ledger without commits reads as nothing at revision 0', async (world) => {
    const engine = await world.open();
    const result = await engine.read('empty', [{ scope: 's', key: 'k' }]);
    expect(result.entries).toEqual([undefined]);
    expect(result.head).toEqual({
      incarnation: '',
      revision: 0,
      time: 0,
      trimmed: 0,
      entries: 0,
      bytes: 0,
      logBytes: 0,
    });
    expect(await engine.ledgers()).toEqual([]);
    expect(await engine.incarnations('empty')).toEqual([]);
  });

  contract.test('a read of nothing tells the head', async (world) => {
    const engine = await world.open();
    const { base, incarnation, time } = await commit(engine, 'app', [put('s', 'k')]);
    const { head, entries } = await engine.read('app', []);
    expect(entries).toEqual([]);
    expect(head).toMatchObject({ incarnation, revision: base + 1, time });
  });

  contract.test(
    'entries come in the order of the refs, repeated where asked twice',
    async (world) => {
      const engine = await world.open();
      await commit(engine, 'app', [put('s', 'a', 'A'), put('s', 'b', 'B')]);
      const refs = ['b', 'missing', 'a', 'b'].map((key) => ({ scope: 's', key }));
      const { entries } = await engine.read('app', refs);
      expect(entries.map((entry) => entry?.content)).toEqual(['B', undefined, 'A', 'B']);
    },
  );

  contract.test('many refs are read at once', async (world) => {
    const engine = await world.open();
    const keys = Array.from({ length: 2500 }, (_, index) => `key-${index}`);
    const changes = keys.map((key) => put('s', key, key));
    await commit(engine, 'app', changes);
    const { entries } = await engine.read('app', changes);
    expect(entries.map((entry) => entry?.content)).toEqual(keys);
  });

  contract.test('ledgers with commits are listed by name', async (world) => {
    const engine = await world.open();
    for (const ledger of ['b', 'A', 'a', 'a.b', 'a-b', 'Z_9']) {
      await commit(engine, ledger, [put('s', 'k')]);
    }
    await engine.read('never-written', []);
    expect(await engine.ledgers()).toEqual(['A', 'Z_9', 'a', 'a-b', 'a.b', 'b']);
  });

  contract.test('stats name the engine and what it stores', async (world) => {
    const engine = await world.open();
    await commit(engine, 'app', [put('s', 'k', 'x'.repeat(1000))]);
    const stats = await engine.stats();
    expect(stats).toMatchObject({ scheme: engine.scheme, durability: engine.durability });
    expect(stats.storedBytes).toBeGreaterThanOrEqual(1000);
    expect(JSON.parse(JSON.stringify(stats))).toEqual(stats);
  });
}

function contents(contract: Contract): void {
  for (const [what, text] of Object.entries(texts)) {
    contract.test(`text comes back bit for bit: ${what}`, async (world) => {
      const engine = await world.open();
      await commit(engine, 'app', [put('s', 'k', text)]);
      expect(await contentAt(engine, 'app', 's', 'k')).toBe(text);
    });
  }

  for (const [what, content] of Object.entries(bytes)) {
    contract.test(`bytes come back bit for bit: ${what}`, async (world) => {
      const engine = await world.open();
      await commit(engine, 'app', [put('s', 'k', content)]);
      expect(bytesOf(await contentAt(engine, 'app', 's', 'k'))).toEqual([...content]);
    });
  }

  contract.test('several megabytes of text and of bytes come back bit for bit', async (world) => {
    const engine = await world.open();
    const text = Object.values(texts).join('').repeat(12_000);
    const content = new Uint8Array(4_000_000).map((_, index) => (index * 31) % 251);
    await commit(engine, 'app', [put('s', 'text', text), put('s', 'bytes', content)]);
    expect((await contentAt(engine, 'app', 's', 'text')) === text).toBe(true);
    const back = await contentAt(engine, 'app', 's', 'bytes');
    expect(Buffer.compare(back as Uint8Array, content)).toBe(0);
  });

  contract.test(
    'a view into a larger buffer is stored as the bytes that it shows',
    async (world) => {
      const engine = await world.open();
      const buffer = Uint8Array.of(9, 9, 1, 2, 3, 9);
      await commit(engine, 'app', [put('s', 'k', buffer.subarray(2, 5))]);
      expect(bytesOf(await contentAt(engine, 'app', 's', 'k'))).toEqual([1, 2, 3]);
    },
  );

  contract.test('text and bytes replace each other', async (world) => {
    const engine = await world.open();
    const series: Content[] = ['text', Uint8Array.of(1), '', new Uint8Array(0), '7'];
    for (const content of series) {
      await commit(engine, 'app', [put('s', 'k', content)]);
      const back = await contentAt(engine, 'app', 's', 'k');
      if (typeof content === 'string') expect(back).toBe(content);
      else expect(bytesOf(back)).toEqual([...content]);
    }
  });

  contract.test('every field of an entry comes back', async (world) => {
    const engine = await world.open();
    const full = {
      createdAt: 1,
      expiresAt: 8_639_999_999_999_999,
      schema: 2_000_000_000,
      size: 5_000_000_000,
      external: true,
    };
    const first = await commit(engine, 'app', [put('s', 'k', 'C', full)]);
    const identity = { scope: 's', key: 'k', content: 'C', version: first.base + 1 };
    expect(await readOne(engine, 'app', 's', 'k')).toEqual({
      ...identity,
      ...full,
      updatedAt: first.time,
    });
    const plain = { ...full, expiresAt: undefined, schema: 0, size: 0, external: false };
    const second = await commit(engine, 'app', [put('s', 'k', 'C', plain)]);
    expect(await readOne(engine, 'app', 's', 'k')).toEqual({
      ...identity,
      ...plain,
      version: second.base + 1,
      updatedAt: second.time,
    });
  });
}

function freshness(contract: Contract): void {
  contract.test('changing bytes after the commit changes nothing in the store', async (world) => {
    const engine = await world.open();
    const content = Uint8Array.of(1, 2, 3);
    await commit(engine, 'app', [put('s', 'k', content)]);
    content.fill(9);
    expect(bytesOf(await contentAt(engine, 'app', 's', 'k'))).toEqual([1, 2, 3]);
  });

  contract.test('changing what a read returned changes nothing in the store', async (world) => {
    const engine = await world.open();
    await commit(engine, 'app', [put('s', 'k', Uint8Array.of(1, 2, 3))]);
    const read = await engine.read('app', [{ scope: 's', key: 'k' }]);
    const entry = read.entries[0]!;
    (entry.content as Uint8Array).fill(9);
    try {
      Object.assign(entry, { version: 99, scope: 'other', content: 'other' });
      (read.entries as unknown[]).length = 0;
    } catch {
      // A frozen answer keeps the promise too.
    }
    expect(bytesOf(await contentAt(engine, 'app', 's', 'k'))).toEqual([1, 2, 3]);
    expect(await readOne(engine, 'app', 's', 'k')).toMatchObject({ scope: 's', version: 1 });
  });

  contract.test('changing what a scan returned changes nothing in the store', async (world) => {
    const engine = await world.open();
    await commit(engine, 'app', [put('s', 'k', Uint8Array.of(1, 2, 3))]);
    const range = { scope: 's', reverse: false, limit: 10, keysOnly: false };
    const scan = await engine.scan('app', range);
    (scan.entries[0]!.content as Uint8Array).fill(9);
    expect(bytesOf((await engine.scan('app', range)).entries[0]!.content)).toEqual([1, 2, 3]);
  });
}

function addresses(contract: Contract): void {
  contract.test('one ledger does not see the entries of another', async (world) => {
    const engine = await world.open();
    await commit(engine, 'app', [put('s', 'k', 'one')]);
    await commit(engine, 'app.b', [put('s', 'k', 'two'), put('s', 'x', 'x')]);
    await commit(engine, 'App', [remove('s', 'k')]);
    expect(await contentAt(engine, 'app', 's', 'k')).toBe('one');
    expect(await contentAt(engine, 'app.b', 's', 'k')).toBe('two');
    expect(await contentAt(engine, 'App', 's', 'k')).toBeUndefined();
    expect(await contentAt(engine, 'app', 's', 'x')).toBeUndefined();
    expect((await engine.read('app', [])).head.revision).toBe(1);
  });

  contract.test('no two scope and key pairs share an address', async (world) => {
    const engine = await world.open();
    const refs = [
      ['a', 'bc'],
      ['ab', 'c'],
      ['a/b', 'c'],
      ['a', 'b/c'],
      ['a:b', 'c'],
      ['a', 'b:c'],
      ['a', ' bc'],
      ['a', 'bc '],
      ['A', 'bc'],
      ['a', 'BC'],
      ['a', 'é'],
      ['a', 'e\u0301'],
      ['a', '%'],
      ['a', '_'],
      ['a', '{bc}'],
      ['{a}', 'bc'],
      ['a', "'"],
      ['a', '\\'],
      ['a', '\u0001'],
      ['a', '*'],
      ['a', '1'],
      ['a', '01'],
      ['a', '1.0'],
    ] as const;
    await commit(
      engine,
      'app',
      refs.map(([scope, key]) => put(scope, key, `${scope}|${key}`)),
    );
    for (const [scope, key] of refs) {
      expect(await readOne(engine, 'app', scope, key)).toMatchObject({
        scope,
        key,
        content: `${scope}|${key}`,
      });
    }
  });

  contract.test('scopes of 256 bytes and keys of 1,024 bytes are told apart', async (world) => {
    const engine = await world.open();
    const scopes = ['s'.repeat(256), `${'s'.repeat(255)}t`, '\u{1f600}'.repeat(64)];
    const keys = [
      'k'.repeat(1024),
      `${'k'.repeat(1023)}l`,
      '\u{10ffff}'.repeat(256),
      `${'é'.repeat(511)}ab`,
    ];
    const pairs = scopes.flatMap((scope) => keys.map((key) => ({ scope, key })));
    await commit(
      engine,
      'l'.repeat(64),
      pairs.map(({ scope, key }, index) => put(scope, key, `${index}`)),
    );
    const { entries } = await engine.read('l'.repeat(64), pairs);
    expect(entries.map((entry) => entry?.content)).toEqual(pairs.map((_, index) => `${index}`));
    expect(entries.map((entry) => entry?.key)).toEqual(pairs.map(({ key }) => key));
  });
}
