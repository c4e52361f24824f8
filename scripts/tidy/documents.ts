/**
 * What the documents say still exists.
 *
 * D1. A path in backticks in ARCHITECTURE.md names a file or folder; `*` and `<name>` stand for any
 *     one name, `{a,b}` for each.
 * D2. Every code of `errorTable` has a heading or a table row in docs/errors.md.
 * D3. A relative link in a Markdown file leads to a file or folder.
 */
import { posix } from 'node:path';
import type { Expression, ObjectPropertyKind } from 'oxc-parser';
import { violation } from './module.ts';
import type { Module, Violation } from './module.ts';
import type { Tree } from './tree.ts';

const architecture = 'ARCHITECTURE.md';
const errorTableFile = 'src/errors/error-table.ts';
const errorsDocument = 'docs/errors.md';

function expandBraces(pattern: string): string[] {
  const match = /^(.*?)\{([^{}]*)\}(.*)$/.exec(pattern);
  if (!match) return [pattern];
  const [, before = '', choices = '', after = ''] = match;
  return choices.split(',').flatMap((choice) => expandBraces(before + choice.trim() + after));
}

function exists(tree: Tree, path: string): boolean {
  const plain = path.replace(/[#:].*$/, '').replace(/\/+$/, '');
  if (!/[*<…]/.test(plain)) return tree.has(plain);
  const source = plain
    .split(/\*\*?|<[^>]*>|…/)
    .map((literal) => literal.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join('[^/]*');
  const pattern = new RegExp(`^${source}(/|$)`);
  return tree.files.some((file) => pattern.test(file));
}

function checkArchitecture(tree: Tree): Violation[] {
  if (!tree.has(architecture)) return [];
  const found: Violation[] = [];
  for (const [index, line] of tree.text(architecture).split('\n').entries()) {
    const named = line.matchAll(/`((?:src|docs|test|benchmarks|scripts|examples)\/[^`\s]*)`/g);
    for (const [, path = ''] of named) {
      const missing = expandBraces(path).filter((one) => !exists(tree, one));
      for (const one of missing) {
        found.push(violation(architecture, index + 1, 'named-path', `${one} does not exist`));
      }
    }
  }
  return found;
}

/** `{ … }` behind `as const`, `satisfies T` and `Object.freeze( … )`. */
function objectProperties(value: Expression | null): readonly ObjectPropertyKind[] {
  if (value?.type === 'ObjectExpression') return value.properties;
  if (value?.type === 'TSAsExpression' || value?.type === 'TSSatisfiesExpression') {
    return objectProperties(value.expression);
  }
  const [argument] = value?.type === 'CallExpression' ? value.arguments : [];
  return argument && argument.type !== 'SpreadElement' ? objectProperties(argument) : [];
}

interface ErrorCode {
  readonly code: string;
  readonly line: number;
}

function errorCodes({ program, lineAt }: Module): ErrorCode[] {
  const declarations = program.body.flatMap((statement) => {
    const declaration =
      statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    return declaration?.type === 'VariableDeclaration' ? declaration.declarations : [];
  });
  const tableDeclaration = declarations.find(
    ({ id }) => id.type === 'Identifier' && id.name === 'errorTable',
  );
  return objectProperties(tableDeclaration?.init ?? null).flatMap((property) => {
    if (property.type !== 'Property') return [];
    const { key, start } = property;
    const line = lineAt(start);
    if (key.type === 'Identifier') return [{ code: key.name, line }];
    return key.type === 'Literal' ? [{ code: String(key.value), line }] : [];
  });
}

function checkErrorCodes(tree: Tree, modules: readonly Module[]): Violation[] {
  const module = modules.find(({ path }) => path === errorTableFile);
  if (!module || !tree.has(errorsDocument)) return [];
  const documented = tree
    .text(errorsDocument)
    .split('\n')
    .filter((line) => /^\s*[#|]/.test(line))
    .join('\n');
  return errorCodes(module)
    .filter(({ code }) => !documented.includes(`\`${code}\``))
    .map(({ code, line }) => {
      const message = `'${code}' has no heading or table row in ${errorsDocument}`;
      return violation(errorTableFile, line, 'error-code', message);
    });
}

/** The text with code blocks and code spans blanked, line for line. */
function prose(text: string): string[] {
  let fence: string | undefined;
  return text.split('\n').map((line) => {
    const mark = /^\s*(```+|~~~+)/.exec(line)?.[1];
    if (fence === undefined && mark === undefined) return line.replaceAll(/`[^`]*`/g, '');
    if (fence === undefined) fence = mark;
    else if (mark?.startsWith(fence)) fence = undefined;
    return '';
  });
}

function linkTargets(line: string): string[] {
  const inline = line.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g);
  const definition = /^\s*\[[^\]]+\]:\s*<?([^\s>]+)/.exec(line);
  const targets = [...inline, ...(definition ? [definition] : [])];
  return targets.map(([, target = '']) => target);
}

function linkedPath(file: string, target: string): string | undefined {
  if (/^([a-z][a-z0-9+.-]*:|\/\/|#)/i.test(target)) return undefined;
  const plain = decodeURIComponent(target.replace(/[?#].*$/, ''));
  return plain.startsWith('/')
    ? plain.slice(1)
    : posix.normalize(posix.join(posix.dirname(file), plain));
}

function checkLinks(tree: Tree): Violation[] {
  const found: Violation[] = [];
  for (const file of tree.files.filter((path) => path.endsWith('.md'))) {
    for (const [index, line] of prose(tree.text(file)).entries()) {
      for (const target of linkTargets(line)) {
        const path = linkedPath(file, target);
        if (path === undefined || path === '.' || tree.has(path)) continue;
        found.push(violation(file, index + 1, 'link', `${target} leads nowhere`));
      }
    }
  }
  return found;
}

export function checkDocuments(tree: Tree, modules: readonly Module[]): Violation[] {
  return [...checkArchitecture(tree), ...checkErrorCodes(tree, modules), ...checkLinks(tree)];
}
