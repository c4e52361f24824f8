/** What a browser loads of the client: no engine, no server, nothing of Node. */
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

test('the client’s bundle is small, and holds no engine, no server, nothing of Node', async () => {
  // Bundlers stop at such an import, even in a module of which nothing is used.
  const ofNode: string[] = [];
  const bundle = await rolldown({
    plugins: [
      {
        name: 'of-node',
        resolveId(id, importer) {
          if (id.startsWith('node:')) ofNode.push(`${id} from ${importer}`);
        },
      },
    ],
    input: join(root, 'src/client/index.ts'),
    platform: 'browser',
    treeshake: { moduleSideEffects: false },
    logLevel: 'silent',
  });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  await bundle.close();
  const [entry] = output;
  const modules = Object.entries(entry.modules)
    .filter(([, { renderedLength }]) => renderedLength > 0)
    .map(([id]) => id.slice(root.length + 1));
  expect(ofNode).toEqual([]);
  expect(output).toHaveLength(1);
  expect(entry.imports).toEqual([]);
  expect(modules.filter((id) => /^src\/(engine|server|cli|mcp|config)\//.test(id))).toEqual([]);
  expect(modules.filter((id) => /direct-ledger|committer/.test(id))).toEqual([]);
  expect(entry.code).not.toMatch(/\bnode:/);
  // Every layer is in it.
  expect(gzipSync(entry.code).length).toBeLessThan(90_000);
});
