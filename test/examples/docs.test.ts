/**
 * The programs in the pages about runs, workflows and contexts compile and run.
 *
 * A page's program finds what the page speaks of: a fresh `store` (in memory, whatever the page
 * opens), `runs` of it, a server where it names one, and `ownToken` of that server.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileFunction } from 'node:vm';
import { describe, expect, onTestFinished, test } from 'vitest';
import * as client from '../../src/client/index.ts';
import * as index from '../../src/index.ts';
import { parseGrant, serve } from '../../src/server/index.ts';
import * as workflow from '../../src/workflow/index.ts';
import { compileErrors } from './compile.ts';
import { root } from './doors.ts';
import { programOf } from './snippets.ts';
import type { Snippet } from './snippets.ts';

function blocksOf(page: string): Snippet[] {
  const text = readFileSync(join(root, 'docs', page), 'utf8');
  return Array.from(text.matchAll(/```ts\n([^]*?)```/g), ({ 1: code = '', index: at }) => {
    const line = text.slice(0, at).split('\n').length;
    return { place: `docs/${page}:${line}`, code };
  });
}

const blocks = ['runs.md', 'workflow.md', 'contexts.md'].flatMap(blocksOf);

async function run({ place, code }: Snippet): Promise<unknown[]> {
  await using store = await index.open('memory:');
  await using server = await serve(store, { port: 0, auth: 'tokens', processMetrics: false });
  const grants = [parseGrant('*=read,write,watch')];
  const { token: ownToken } = await server.tokens.create({ name: 'page', grants });
  const opened: { close(): Promise<void> }[] = [];
  onTestFinished(async () => {
    for (const one of opened) await one.close();
  });
  const doors: Readonly<Record<string, unknown>> = {
    holdfast: { ...index, open: () => index.open('memory:') },
    'holdfast/workflow': workflow,
    'holdfast/client': {
      ...client,
      openRequest: (_url: string, options: client.ServedRequestOptions) =>
        client.openRequest(server.url, options),
    },
  };
  const printed: unknown[] = [];
  const given = {
    load: (name: string) => doors[name],
    store,
    runs: store.app('airline').runs('support'),
    ownToken,
    check: (actual: unknown, expected: unknown) => expect(actual).toEqual(expected),
    console: { log: (value: unknown) => void printed.push(value) },
  };
  const text = `return ${programOf({ place, code })}`;
  const program = compileFunction(text, Object.keys(given)) as (
    ...values: unknown[]
  ) => () => Promise<void>;
  await program(...Object.values(given))();
  return printed;
}

describe('the pages', () => {
  test('have programs', () => {
    expect(blocks.length).toBeGreaterThanOrEqual(5);
  });

  test.each(blocks)('$place runs', async (block) => {
    const printed = await run(block);
    if (!block.place.includes('workflow.md')) return;
    expect(printed).toEqual([
      'started',
      'step',
      'executing',
      'executed',
      'checkpoint',
      'request',
      'waiting',
    ]);
  });

  test('their programs compile', { timeout: 60_000 }, () => {
    const door = JSON.stringify(join(root, 'src/index.ts'));
    const files = blocks.map(({ code }, number): [string, string] => {
      const declared = /\bconst (store|runs)\b|using store\b/.exec(code)?.[0] ?? '';
      const given = [
        declared.includes('store') ? '' : `declare const store: import(${door}).Store;`,
        declared.includes('runs') ? '' : `declare const runs: import(${door}).Runs;`,
        'declare const ownToken: string;',
        'export { ownToken };',
      ];
      return [`page-${number}.mts`, [code, ...given].join('\n')];
    });
    expect(compileErrors(Object.fromEntries(files))).toEqual([]);
  });
});
