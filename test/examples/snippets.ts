/**
 * The `@example` blocks of the sources as programs.
 *
 * A statement that ends in a `// => value` comment is checked: the value of an expression, or the
 * variable that is declared. The value is an expression too, and may use `expect.any(…)`. What an
 * example imports it gets from `load(name)`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join, relative } from 'node:path';
import { parseSync } from 'oxc-parser';

export interface Snippet {
  /** `src/store/app.ts:40`. */
  readonly place: string;
  readonly code: string;
}

const importLine = /^import (type )?(\w+|\{[^}]+\}) from '([^']+)';$/gm;
const marker = /^\s*=>\s*(.+?)\s*$/;

export function snippetsIn(folder: string, root: string): Snippet[] {
  const found: Snippet[] = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts') || entry.name.includes('.test.')) continue;
    const path = join(entry.parentPath, entry.name);
    found.push(...snippetsOf(readFileSync(path, 'utf8'), relative(root, path)));
  }
  return found.sort((a, b) => a.place.localeCompare(b.place));
}

export function snippetsOf(text: string, path: string): Snippet[] {
  const found: Snippet[] = [];
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    if (!/^\s*\* @example\s*$/.test(line)) continue;
    const code: string[] = [];
    for (const next of lines.slice(index + 1)) {
      if (/^\s*\*\/|^\s*\* @/.test(next)) break;
      code.push(next.replace(/^\s*\* ?/, ''));
    }
    found.push({ place: `${path}:${index + 1}`, code: code.join('\n').trimEnd() });
  }
  return found;
}

/** The names that a snippet has from its own imports. */
export function importedNames({ code }: Snippet): string[] {
  return Array.from(code.matchAll(importLine), ([, , names = '']) => names).flatMap(
    (names) => names.match(/\w+(?=\s*[,}]|$)/g) ?? [],
  );
}

/** The imports of a snippet, and what follows them. */
export function splitImports({ code }: Snippet): { imports: string; body: string } {
  const imports = Array.from(code.matchAll(importLine), ([line]) => line).join('\n');
  return { imports, body: code.replaceAll(importLine, '') };
}

/**
 * The body of an async function of the snippet, in JavaScript. `check(actual, expected, text)` is
 * called for each marked statement.
 */
export function programOf({ place, code }: Snippet): string {
  const { program, comments, errors } = parseSync('example.ts', code);
  if (errors.length > 0) throw new Error(`${place}: ${errors[0]?.message}`);
  let checked = '';
  let from = 0;
  for (const comment of comments) {
    const expected = marker.exec(comment.value)?.[1];
    if (expected === undefined) continue;
    const statement = program.body.findLast(({ end }) => end <= comment.start);
    if (statement === undefined || code.slice(statement.end, comment.start).includes('\n')) {
      throw new Error(`${place}: '=> ${expected}' follows no statement`);
    }
    const text = JSON.stringify(code.slice(statement.start, comment.end));
    checked += code.slice(from, statement.start);
    from = comment.end;
    if (statement.type === 'ExpressionStatement') {
      const { start, end } = statement.expression;
      checked += `check(${code.slice(start, end)}, ${expected}, ${text});`;
      continue;
    }
    const name =
      statement.type === 'VariableDeclaration' ? statement.declarations[0]?.id : undefined;
    if (name?.type !== 'Identifier') throw new Error(`${place}: nothing to check in ${text}`);
    checked += `${code.slice(statement.start, statement.end)} check(${name.name}, ${expected}, ${text});`;
  }
  return stripTypeScriptTypes(`async () => {${loaded(checked + code.slice(from))}\n}`);
}

function loaded(code: string): string {
  return code.replaceAll(importLine, (_line, isType: string | undefined, names: string, from) => {
    if (isType !== undefined) return '';
    const taken = names.startsWith('{') ? names.replaceAll(' as ', ': ') : `{ default: ${names} }`;
    return `const ${taken} = await load('${from}');`;
  });
}
