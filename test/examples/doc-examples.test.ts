/**
 * Every example in the documentation comments compiles, runs, and gives what it says.
 *
 * In its scope: what the main door and the recipes export, a fresh `store` in memory, `app` of it,
 * `scope` of numbers and `list` of texts.
 */
import { join } from 'node:path';
import { compileFunction } from 'node:vm';
import { describe, expect, test } from 'vitest';
import * as holdfast from '../../src/index.ts';
import * as recipes from '../../src/layers/recipes/index.ts';
import { compileErrors } from './compile.ts';
import { PublicCalls } from './public-methods.ts';
import { programOf, snippetsIn, snippetsOf } from './snippets.ts';
import type { Snippet } from './snippets.ts';

const root = join(import.meta.dirname, '..', '..');
const snippets = snippetsIn(join(root, 'src'), root);

/** What users reach, and the interfaces that they write rather than call. */
const doors = ['src/index.ts', 'src/layers/recipes/index.ts'];
const calls = new PublicCalls(root, ['Clock', 'Engine', 'Random', 'ScopeRule', 'Timer']);
const publicCalls = calls.of(doors);

type Program = (...given: unknown[]) => () => Promise<void>;

const quiet = { log: () => undefined };

function checkValue(actual: unknown, expected: unknown, text: string): void {
  try {
    if (typeof expected === 'object' && expected !== null) expect(actual).toMatchObject(expected);
    else expect(actual).toEqual(expected);
  } catch (cause) {
    throw new Error(`${text}: ${(cause as Error).message}`, { cause });
  }
}

async function run(snippet: Snippet): Promise<void> {
  const exported = { ...holdfast, ...recipes };
  const names = ['store', 'app', 'scope', 'list', 'check', 'expect', 'console'];
  names.push(...Object.keys(exported));
  const program = compileFunction(`return ${programOf(snippet)}`, names) as Program;
  await using store = await holdfast.open('memory:');
  const app = store.app('example');
  const scope = app.scope<number>('examples');
  const list = app.list<string>('examples');
  const given = [store, app, scope, list, checkValue, expect, quiet];
  await program(...given, ...Object.values(exported))();
}

describe('documentation examples', () => {
  test('there are many', () => {
    expect(snippets.length).toBeGreaterThan(200);
    expect(publicCalls.length).toBeGreaterThan(200);
  });

  test.each(snippets)('$place runs and gives what it says', run);

  test.each(publicCalls)('$name has one that calls it', ({ name, path, exampleLines }) => {
    const places = exampleLines.map((line) => `${path}:${line}`);
    const shown = snippets.filter(({ place }) => places.includes(place));
    const call = new RegExp(`\\b${name.split('.').at(-1)}(<[^(]*>)?\\(`);
    expect(shown.map(({ code }) => code).join('\n')).toMatch(call);
  });

  test('an example that is wrong is found out', async () => {
    const text = ['/**', ' * @example', ' * 1 + 1; // => 3', ' */'].join('\n');
    const [snippet] = snippetsOf(text, 'wrong.ts');
    expect(snippet?.place).toBe('wrong.ts:2');
    await expect(run(snippet!)).rejects.toThrow(/1 \+ 1; \/\/ => 3/);
    expect(() => programOf({ place: 'x', code: '// => 3' })).toThrow(/follows no statement/);
  });
});

describe('documentation examples as TypeScript', () => {
  test('they compile', { timeout: 60_000 }, () => {
    const door = JSON.stringify(join(root, 'src', 'index.ts'));
    const recipesDoor = JSON.stringify(join(root, 'src', 'layers', 'recipes', 'index.ts'));
    const functions = snippets.map(({ place, code }, index) => {
      return `// ${place}\nexport async function example${index}() {\n${code}\n}\n`;
    });
    const given = `
      import { ${Object.keys(holdfast).join(', ')} } from ${door};
      import { ${Object.keys(recipes).join(', ')} } from ${recipesDoor};
      declare const store: Store;
      declare const app: App;
      declare const scope: Scope<number>;
      declare const list: List<string>;
      export { store };
    `;
    expect(compileErrors({ 'examples.mts': given + functions.join('\n') })).toEqual([]);
  });
});
