import { describe, expect, test } from 'vitest';
import { tidy, virtualTree } from './tidy/index.ts';
import { layerOrder, table } from './tidy/imports.ts';

const header = '/** What it is for. */\n';

/** Each violation as `file:line rule`, the messages left out. */
function judge(texts: Record<string, string>): string[] {
  return tidy(virtualTree(texts)).map(({ file, line, rule }) => `${file}:${line} ${rule}`);
}

/** The verdict on one module that imports `target` by a relative path. */
function importing(file: string, target: string, statement = 'import'): string[] {
  const up = '../'.repeat(file.split('/').length - 1);
  return judge({ [file]: `${header}${statement} { a } from '${up}${target}';\n` });
}

function lines(count: number): string {
  return Array.from({ length: count }, (_, index) => `  call(${index});`).join('\n');
}

describe('import direction', () => {
  test.each([
    ['src/errors/x.ts', 'src/internal/clock.ts'],
    ['src/internal/x.ts', 'src/ledger/index.ts'],
    ['src/engine/engine.ts', 'src/ledger/index.ts'],
    ['src/engine/engine.ts', 'src/engine/memory/index.ts'],
    ['src/engine/sqlite/x.ts', 'src/ledger/index.ts'],
    ['src/ledger/x.ts', 'src/layers/scopes/index.ts'],
    ['src/ledger/x.ts', 'src/engine/memory/index.ts'],
    ['src/layers/scopes/x.ts', 'src/engine/engine.ts'],
    ['src/layers/scopes/x.ts', 'src/layers/lists/index.ts'],
    ['src/layers/runs/x.ts', 'src/layers/sessions/index.ts'],
    ['src/store/x.ts', 'src/server/index.ts'],
    ['src/protocol/x.ts', 'src/store/index.ts'],
    ['src/client/x.ts', 'src/engine/sqlite/index.ts'],
    ['src/client/x.ts', 'src/engine/engine.ts'],
    ['src/server/x.ts', 'src/layers/scopes/index.ts'],
    ['src/testing/x.ts', 'src/server/index.ts'],
    ['src/testing/x.ts', 'src/cli/main.ts'],
    ['src/newcomer/x.ts', 'src/errors/index.ts'],
  ])('%s may not import %s', (file, target) => {
    expect(importing(file, target)).toEqual([`${file}:2 import-direction`]);
  });

  test.each([
    ['src/internal/x.ts', 'src/errors/index.ts'],
    ['src/engine/sqlite/x.ts', 'src/engine/engine.ts'],
    ['src/engine/sqlite/x.ts', 'src/engine/sqlite/deep/y.ts'],
    ['src/engine/hostile/x.ts', 'src/engine/memory/memory-engine.ts'],
    ['src/ledger/x.ts', 'src/engine/entry.ts'],
    ['src/ledger/deep/x.ts', 'src/internal/clock.ts'],
    ['src/layers/runs/x.ts', 'src/ledger/index.ts'],
    ['src/layers/runs/x.ts', 'src/layers/lists/index.ts'],
    ['src/store/x.ts', 'src/engine/sqlite/index.ts'],
    ['src/protocol/x.ts', 'src/ledger/index.ts'],
    ['src/server/x.ts', 'src/store/index.ts'],
    ['src/cli/x.ts', 'src/index.ts'],
    ['src/testing/x.ts', 'src/ledger/write.ts'],
    ['src/testing/x.ts', 'src/engine/memory/index.ts'],
    ['src/index.ts', 'src/store/index.ts'],
  ])('%s may import %s', (file, target) => {
    expect(importing(file, target)).toEqual([]);
  });

  test('a door is the only way in, except for tests and testing', () => {
    expect(importing('src/layers/runs/x.ts', 'src/ledger/commit.ts')).toHaveLength(1);
    expect(importing('src/layers/runs/x.ts', 'src/layers/lists/list.ts')).toHaveLength(1);
    expect(importing('src/store/x.ts', 'src/engine/sqlite/schema.ts')).toHaveLength(1);
    expect(importing('src/layers/runs/x.test.ts', 'src/ledger/commit.ts')).toEqual([]);
  });

  test('a test may reach up, but never into another engine', () => {
    expect(importing('src/ledger/x.test.ts', 'src/engine/memory/index.ts')).toEqual([]);
    expect(importing('src/engine/sqlite/x.test.ts', 'src/testing/index.ts')).toEqual([]);
    expect(importing('src/engine/sqlite/x.test.ts', 'src/engine/memory/index.ts')).toHaveLength(1);
  });

  test('an export from, and an import() of, a file are imports too', () => {
    expect(importing('src/errors/x.ts', 'src/ledger/index.ts', 'export')).toHaveLength(1);
    const dynamic = `${header}export const a = import('../ledger/index.ts');\n`;
    expect(judge({ 'src/errors/x.ts': dynamic })).toEqual(['src/errors/x.ts:2 import-direction']);
  });

  test('examples see public doors alone', () => {
    expect(importing('examples/a/main.ts', 'src/index.ts')).toEqual([]);
    expect(importing('examples/a/main.ts', 'src/testing/index.ts')).toEqual([]);
    expect(importing('examples/a/main.ts', 'src/ledger/commit.ts')).toHaveLength(1);
  });

  test('published code imports only declared packages', () => {
    const manifest = JSON.stringify({
      peerDependencies: { pg: '*' },
      devDependencies: { ws: '*' },
    });
    const text = `${header}import 'node:fs';\nimport 'pg/lib';\nimport 'ws';\nimport '@a/b';\n`;
    const found = judge({ 'package.json': manifest, 'src/store/x.ts': text });
    expect(found).toEqual(['src/store/x.ts:4 import-package', 'src/store/x.ts:5 import-package']);
  });

  test('every layer has a row that names only lower layers', () => {
    for (const [rank, layer] of layerOrder.entries()) {
      const layers = Object.keys(table[`layers/${layer}`] ?? {}).filter((to) => to.includes('/'));
      expect(layers).toEqual(layerOrder.slice(0, rank).map((lower) => `layers/${lower}`));
    }
  });
});

describe('sizes', () => {
  test('a file above 300 lines warns, above 500 fails', () => {
    const warned = tidy(virtualTree({ 'src/ledger/a.ts': `${header}${lines(300)}\n` }));
    expect(warned.map(({ rule, severity }) => [rule, severity])).toEqual([
      ['file-length', 'warning'],
    ]);
    const failed = tidy(virtualTree({ 'src/ledger/a.ts': `${header}${lines(500)}\n` }));
    expect(failed.map(({ rule, severity }) => [rule, severity])).toEqual([
      ['file-length', 'error'],
    ]);
    expect(judge({ 'src/ledger/a.ts': `${header}${lines(299)}\n` })).toEqual([]);
  });

  test('a test file fails above 700 lines', () => {
    expect(judge({ 'src/ledger/a.test.ts': `${lines(700)}\n` })).toEqual([]);
    expect(judge({ 'src/ledger/a.test.ts': `${lines(701)}\n` })).toHaveLength(1);
  });

  test('a function fails above 70 lines, in tests above 80', () => {
    const sized = (body: number) => `${header}function f() {\n${lines(body)}\n}\n`;
    expect(judge({ 'src/ledger/a.ts': sized(68) })).toEqual([]);
    expect(judge({ 'src/ledger/a.ts': sized(69) })).toEqual(['src/ledger/a.ts:2 function-length']);
    expect(judge({ 'src/ledger/a.test.ts': sized(78) })).toEqual([]);
    expect(judge({ 'src/ledger/a.test.ts': sized(79) })).toHaveLength(1);
  });

  test('a suite is not as long as its tests, yet each of them counts', () => {
    const suiteOf = (body: number) => {
      const one = `  test('t', () => {\n${lines(body)}\n  });\n`;
      return `${header}export function contract() {\ndescribe('d', () => {\n${one}${one}});\n}\n`;
    };
    expect(judge({ 'src/testing/a.ts': suiteOf(60) })).toEqual([]);
    expect(judge({ 'src/testing/a.ts': suiteOf(69) })).toHaveLength(2);
    expect(judge({ 'src/ledger/a.ts': suiteOf(60) })).not.toEqual([]);
  });

  test('a line fails above 100 columns unless it cannot break', () => {
    const wide = 'x'.repeat(100);
    const texts = [
      `const a = '${wide}';`,
      `// https://example.com/${wide}`,
      `import { a } from './${wide}.ts';`,
      `const b = \`${wide}\`;`,
      `const c = /${wide}/;`,
      `// ${wide}`,
    ];
    const found = judge({ 'scripts/a.ts': `${texts.join('\n')}\n` });
    expect(found).toEqual(['scripts/a.ts:1 line-length', 'scripts/a.ts:6 line-length']);
  });

  test('a folder fails above 12 source files, tests not counted', () => {
    const names = Array.from({ length: 12 }, (_, index) => `src/ledger/f${index}`);
    const full = Object.fromEntries(
      names.flatMap((name) => [
        [`${name}.ts`, header],
        [`${name}.test.ts`, ''],
      ]),
    );
    expect(judge(full)).toEqual([]);
    expect(judge({ ...full, 'src/ledger/more.ts': header })).toEqual(['src/ledger:1 folder-size']);
  });
});

describe('names', () => {
  test.each([
    'src/ledger/utils.ts',
    'src/ledger/test-helpers.ts',
    'src/common/a.ts',
    'src/store/types.ts',
    'src/store/types/a.ts',
    'src/store/session-manager.ts',
    'src/store/store-impl.ts',
    'scripts/misc.ts',
  ])('%s is refused', (file) => {
    expect(judge({ [file]: header })).toEqual([`${file}:1 banned-name`]);
  });

  test('the folder of the type tests and ordinary words are fine', () => {
    expect(judge({ 'test/types/a.test-d.ts': '', 'src/ledger/value-types.ts': header })).toEqual(
      [],
    );
  });

  test('a source file is kebab-case', () => {
    const file = 'src/ledger/commitLog.ts';
    expect(judge({ [file]: header })).toEqual([`${file}:1 file-name`]);
  });
});

describe('ambient clock, randomness and timers', () => {
  test.each([
    'Date.now()',
    'new Date()',
    'Date()',
    'performance.now()',
    'process.hrtime.bigint()',
    'Math.random()',
    'crypto.randomUUID()',
    'randomBytes(8)',
    'crypto.getRandomValues(bytes)',
    'setTimeout(run, 1)',
    'globalThis.setTimeout(run, 1)',
    'setInterval(run, 1)',
    'setImmediate(run)',
    'later(setTimeout)',
  ])('%s is refused outside internal', (expression) => {
    const text = `${header}export const a = ${expression};\n`;
    expect(judge({ 'src/ledger/a.ts': text })).toEqual(['src/ledger/a.ts:2 ambient']);
    for (const exempt of ['src/internal/a.ts', 'src/ledger/a.test.ts', 'scripts/a.ts']) {
      expect(judge({ [exempt]: text })).toEqual([]);
    }
  });

  test('an import of an ambient source is refused', () => {
    for (const statement of [
      `import { randomUUID } from 'node:crypto';`,
      `import { setTimeout } from 'node:timers/promises';`,
    ]) {
      expect(judge({ 'src/ledger/a.ts': `${header}${statement}\n` })).toHaveLength(1);
    }
  });

  test('a given time, a method of the name and a type are fine', () => {
    const text = [
      'const a = new Date(5);',
      'clock.setTimeout(run);',
      'const b = { setTimeout: 1 };',
      'interface Timers { setTimeout(): void }',
      'type C = ReturnType<typeof setTimeout>;',
    ];
    expect(judge({ 'src/ledger/a.ts': `${header}${text.join('\n')}\n` })).toEqual([]);
  });
});

describe('comments', () => {
  test('a module opens with a header comment', () => {
    const missing = ['src/ledger/a.ts:1 header'];
    expect(judge({ 'src/ledger/a.ts': 'export const a = 1;\n' })).toEqual(missing);
    expect(judge({ 'src/ledger/a.ts': '// Why.\nexport const a = 1;\n' })).toEqual(missing);
    expect(judge({ 'src/ledger/a.ts': `const b = 2;\n${header}` })).toEqual(missing);
    expect(judge({ 'src/cli/a.ts': `#!/usr/bin/env node\n${header}` })).toEqual([]);
  });

  test('a short door of re-exports needs none', () => {
    const door = (count: number) => `export { a } from './a.ts';\n`.repeat(count);
    expect(judge({ 'src/errors/index.ts': door(9) })).toEqual([]);
    expect(judge({ 'src/errors/index.ts': door(10) })).toHaveLength(1);
    expect(judge({ 'src/errors/index.ts': 'export const a = 1;\n' })).toHaveLength(1);
  });

  test('unfinished work is not left in comments', () => {
    const text = `${header}// TODO: later\n/*\n * FIXME soon\n */\nconst a = 'TODO';\n`;
    expect(judge({ 'src/ledger/a.ts': text })).toEqual([
      'src/ledger/a.ts:2 todo',
      'src/ledger/a.ts:4 todo',
    ]);
  });
});

describe('documents', () => {
  test('a path that ARCHITECTURE.md names exists', () => {
    const named = [
      '`src/ledger/` `src/ledger/a.ts` `src/*/a.ts` `src/<room>/a.ts` `src/{ledger,store}/a.ts`',
      '`src/gone.ts` `other/gone.ts` src/prose.ts `docs/{gone,gone-too}.md` `test/*/a.ts`',
    ];
    const found = judge({
      'ARCHITECTURE.md': named.join('\n'),
      'src/ledger/a.ts': header,
      'src/store/a.ts': header,
    });
    expect(found).toEqual(Array.from({ length: 4 }, () => 'ARCHITECTURE.md:2 named-path'));
  });

  test('every error code is documented in a heading or a table row', () => {
    const rows = `{\n  heading: 1,\n  row: 2,\n  'prose-only': 3,\n} as const satisfies Row`;
    const found = judge({
      'src/errors/error-table.ts': `${header}export const errorTable = ${rows};\n`,
      'docs/errors.md': '## `heading`\n| `row` | 400 |\nand `prose-only`\n',
    });
    expect(found).toEqual(['src/errors/error-table.ts:5 error-code']);
  });

  test('a relative link leads somewhere', () => {
    const text = [
      '[a](b.md) [b](../README.md#top) [c](https://example.com) [d](#here) [e](./)',
      '`[code](gone.md)`',
      '```\n[code](gone.md)\n```',
      '[gone](gone.md "title")',
      '[ref]: gone.md',
    ];
    const found = judge({ 'docs/a.md': text.join('\n'), 'docs/b.md': '', 'README.md': '' });
    expect(found).toEqual(['docs/a.md:6 link', 'docs/a.md:7 link']);
  });

  test('a tree without any of these documents is fine', () => {
    expect(judge({})).toEqual([]);
  });
});

describe('lock file', () => {
  const judgeLock = (packages: Record<string, unknown>) =>
    tidy(virtualTree({ 'package-lock.json': JSON.stringify({ packages }) })).map(
      ({ message }) => message.split(' ')[0],
    );

  test('holds the optional packages of every platform', () => {
    const native = { optionalDependencies: { 'native-linux-x64': '1.0.0' } };
    expect(judgeLock({ 'node_modules/native': native })).toEqual(['native-linux-x64']);
    for (const place of ['node_modules', 'node_modules/native/node_modules']) {
      const present = { 'node_modules/native': native, [`${place}/native-linux-x64`]: {} };
      expect(judgeLock(present)).toEqual([]);
    }
  });

  test('records no registry', () => {
    const locked = { resolved: 'https://registry.example/a.tgz' };
    expect(judgeLock({ 'node_modules/a': locked })).toEqual(['node_modules/a']);
    expect(judgeLock({ 'node_modules/a': { resolved: 'a', link: true } })).toEqual([]);
  });
});
