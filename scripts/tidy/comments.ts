/**
 * Comments that are owed, and comments that must not stay.
 *
 * Every module of `src/` opens by saying what it is for; a door of re-exports under ten lines and
 * tests need not. What is left to do belongs in an issue, where somebody can find it.
 */
import { isSource, violation } from './module.ts';
import type { Module, Violation } from './module.ts';

const doorLinesMax = 10;

function isSmallDoor({ path, program, lines }: Module): boolean {
  const reexports = program.body.every(
    (statement) =>
      statement.type === 'ExportAllDeclaration' ||
      (statement.type === 'ExportNamedDeclaration' && statement.source !== null),
  );
  const length = lines.filter((line) => line.trim() !== '').length;
  return path.endsWith('/index.ts') && reexports && length < doorLinesMax;
}

function opensWithComment({ text, comments }: Module): boolean {
  const bodyStart = /^(#!.*\n)?\s*/.exec(text)?.[0].length ?? 0;
  const [first] = comments.filter((comment) => comment.start >= bodyStart);
  return first?.start === bodyStart && first.type === 'Block' && first.value.startsWith('*');
}

export function checkComments(modules: readonly Module[]): Violation[] {
  const found: Violation[] = [];
  for (const module of modules) {
    for (const comment of module.comments) {
      const word = /\b(TODO|FIXME)\b/.exec(comment.value);
      if (!word) continue;
      // Two characters open a comment, of either kind.
      const line = module.lineAt(comment.start + 2 + word.index);
      found.push(violation(module.path, line, 'todo', `${word[0]} belongs in an issue`));
    }
    if (!isSource(module.path) || isSmallDoor(module) || opensWithComment(module)) continue;
    const message = 'a module opens with a /** … */ comment that says what it is for';
    found.push(violation(module.path, 1, 'header', message));
  }
  return found;
}
