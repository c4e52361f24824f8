/**
 * Names say what is inside.
 *
 * A file called `utils` is where unrelated things meet, so such names fail, for files and folders
 * alike. Source files are kebab-case, named after their main export.
 */
import { isCode, violation } from './module.ts';
import type { Violation } from './module.ts';
import type { Tree } from './tree.ts';

const bannedNames = new Set(['common', 'misc', 'types']);
const bannedEndings = new Set([
  'utils',
  'util',
  'helper',
  'helpers',
  'manager',
  'managers',
  'impl',
]);

/** The type tests are about types, so their folder may say so. */
const allowed = new Set(['test/types']);

function checkSegment(path: string, prefix: string, segment: string): Violation | undefined {
  if (allowed.has(prefix)) return undefined;
  const stem = segment.split('.')[0] ?? segment;
  const ending = stem.split(/[-_]/).at(-1) ?? stem;
  if (bannedNames.has(stem)) return violation(path, 1, 'banned-name', `'${stem}' says nothing`);
  if (!bannedEndings.has(ending)) return undefined;
  return violation(path, 1, 'banned-name', `'${stem}' is not named after what it holds`);
}

export function checkNames(tree: Tree): Violation[] {
  const found: Violation[] = [];
  for (const path of tree.files.filter(isCode)) {
    const segments = path.split('/');
    for (const [index, segment] of segments.entries()) {
      const banned = checkSegment(path, segments.slice(0, index + 1).join('/'), segment);
      if (banned) found.push(banned);
    }
    const name = segments.at(-1) ?? path;
    if (path.startsWith('src/') && !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*\.tsx?$/.test(name)) {
      found.push(violation(path, 1, 'file-name', `'${name}' is not kebab-case`));
    }
  }
  return found;
}
