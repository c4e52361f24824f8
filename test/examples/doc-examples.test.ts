/**
 * Every example in the documentation comments compiles, runs, and gives what it says.
 *
 * In its scope: what the main door and the recipes export, a fresh `store` in memory, `app` of it,
 * `scope` of numbers and `list` of texts; of sessions a `host`, whose worker has the agent `notes`,
 * and a `state` as a turn has it. What else it needs an example imports.
 */
import cluster from 'node:cluster';
import { join } from 'node:path';
import { compileFunction } from 'node:vm';
import { describe, expect, test } from 'vitest';
import * as holdfast from '../../src/index.ts';
import * as recipes from '../../src/layers/recipes/index.ts';
import { compileErrors } from './compile.ts';
import { doors, load, root } from './doors.ts';
import { PublicCalls } from './public-methods.ts';
import { notesHost, turnState } from './sessions-in-scope.ts';
import { importedNames, programOf, snippetsIn, snippetsOf, splitImports } from './snippets.ts';
import type { Snippet } from './snippets.ts';

const snippets = snippetsIn(join(root, 'src'), root);

/** Interfaces that users write rather than call. */
const contracts = [
  'Clock Engine Random ScopeRule Timer',
  'ExtensionHttp ServerExtension Socket SocketEvents',
  'Agent BytesCodec BytesView Link LinkListener Payload',
  'ChannelSource HostedStore SessionsExtension TriggerHost',
  'Executor',
].flatMap((names) => names.split(' '));
const calls = new PublicCalls(root, contracts);
/**
 * All doors but one: the calls of `holdfast/testing` are suites, which make tests of their own and
 * cannot run within one. The tests of this repository are their examples.
 */
const shown = Object.keys(doors).filter((name) => name !== 'holdfast/testing');
const publicCalls = calls.of(shown.map((name) => doors[name]!));

// What an example forks is not this program again.
cluster.setupPrimary({ exec: join(import.meta.dirname, 'idle-worker.ts') });

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
  const names = ['store', 'app', 'scope', 'list', 'host', 'state', 'check', 'expect'];
  names.push('console', 'load', ...Object.keys(exported));
  const program = compileFunction(`return ${programOf(snippet)}`, names) as Program;
  await using store = await holdfast.open('memory:');
  const app = store.app('example');
  const scope = app.scope<number>('examples');
  const list = app.list<string>('examples');
  await using host = notesHost(app);
  const given = [store, app, scope, list, host, turnState(), checkValue, expect, quiet, load];
  await program(...given, ...Object.values(exported))();
}

describe('documentation examples', () => {
  test('there are many', () => {
    expect(snippets.length).toBeGreaterThan(300);
    expect(publicCalls.length).toBeGreaterThan(300);
  });

  test.each(snippets)('$place runs and gives what it says', run);

  test.each(publicCalls)('$name has one that calls it', ({ name, path, exampleLines }) => {
    const places = exampleLines.map((line) => `${path}:${line}`);
    const own = snippets.filter(({ place }) => places.includes(place));
    const call = new RegExp(`\\b${name.split('.').at(-1)}(<[^(]*>)?\\(`);
    expect(own.map(({ code }) => code).join('\n')).toMatch(call);
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
    const named = (module: object, taken: readonly string[]): string =>
      Object.keys(module)
        .filter((name) => !taken.includes(name))
        .join(', ');
    const given = (imports: string, taken: readonly string[] = []): string => `
      import { ${named(holdfast, taken)} } from 'holdfast';
      import { ${named(recipes, taken)} } from 'holdfast/recipes';
      ${imports}
      declare const store: import('holdfast').Store;
      declare const app: import('holdfast').App;
      declare const scope: import('holdfast').Scope<number>;
      declare const list: import('holdfast').List<string>;
      declare const host: import('holdfast/sessions').SessionHost;
      declare const state: import('holdfast/sessions').SessionState;
      export { store };
    `;
    const files: Record<string, string> = {};
    // What imports nothing of its own shares a file: the compiler is done sooner.
    let shared = given('');
    for (const [index, snippet] of snippets.entries()) {
      const { imports, body } = splitImports(snippet);
      const text = `// ${snippet.place}\nexport async function example${index}() {\n${body}\n}\n`;
      if (imports === '') shared += text;
      else files[`example-${index}.mts`] = given(imports, importedNames(snippet)) + text;
    }
    expect(compileErrors({ ...files, 'examples.mts': shared })).toEqual([]);
  });
});
