/** All rules of tidy over one tree, sorted by place. */
import { checkAmbient } from './ambient.ts';
import { checkComments } from './comments.ts';
import { checkDocuments } from './documents.ts';
import { checkImports } from './imports.ts';
import { checkLockfile } from './lockfile.ts';
import { modulesOf } from './module.ts';
import type { Violation } from './module.ts';
import { checkNames } from './names.ts';
import { checkSizes } from './sizes.ts';
import type { Tree } from './tree.ts';

export type { Violation } from './module.ts';
export { diskTree, virtualTree } from './tree.ts';

export function tidy(tree: Tree): Violation[] {
  const modules = modulesOf(tree);
  const found = [
    ...checkImports(tree, modules),
    ...checkSizes(tree, modules),
    ...checkNames(tree),
    ...checkAmbient(modules),
    ...checkComments(modules),
    ...checkDocuments(tree, modules),
    ...checkLockfile(tree),
  ];
  return found.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
}
