/** The doors of the package, as it names them, and the sources that they are in this repository. */
import { join } from 'node:path';
import packageFile from '../../package.json' with { type: 'json' };

export const root = join(import.meta.dirname, '..', '..');

/** `holdfast/client` is `src/client/index.ts`. */
export const doors: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(packageFile.exports).flatMap(([name, target]) => {
    if (typeof target === 'string') return [];
    const source = target.default.replace(/^\.\/dist\//, 'src/').replace(/\.js$/, '.ts');
    return [[name.replace(/^\./, 'holdfast'), source]];
  }),
);

/** What an example imports: a door of ours, or a package. */
export function load(name: string): Promise<Record<string, unknown>> {
  const source = doors[name];
  return import(source === undefined ? name : join(root, source)) as Promise<
    Record<string, unknown>
  >;
}
