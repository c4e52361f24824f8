/**
 * Sizes: what a reader can hold in mind at once.
 *
 * A file warns at 300 lines and fails at 500 (tests 700), a function fails above 70 (tests 80), a
 * line above 100 columns, a folder above 12 source files. The lines of a test callback count for
 * that callback alone, not for the `describe` or the contract suite around it: a suite is a list.
 */
import type { Node } from 'oxc-parser';
import { isCode, isTest, violation, walk } from './module.ts';
import type { Module, Violation } from './module.ts';
import type { Tree } from './tree.ts';

export const limits = {
  fileLinesWarning: 300,
  fileLinesMax: 500,
  testFileLinesMax: 700,
  functionLinesMax: 70,
  testFunctionLinesMax: 80,
  columnsMax: 100,
  folderFilesMax: 12,
};

function checkFileLength({ path, lines }: Module): Violation[] {
  const count = lines.length - (lines.at(-1) === '' ? 1 : 0);
  const max = isTest(path) ? limits.testFileLinesMax : limits.fileLinesMax;
  if (count > max) {
    return [violation(path, max + 1, 'file-length', `${count} lines; at most ${max}`)];
  }
  if (count <= limits.fileLinesWarning || isTest(path)) return [];
  const message = `${count} lines; consider splitting above ${limits.fileLinesWarning}`;
  return [violation(path, limits.fileLinesWarning + 1, 'file-length', message, 'warning')];
}

const functionTypes = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
]);

/** `describe`, `test.skipIf(…)`, `suite.test`: the name that a call starts with. */
function calleeName(node: Node): string {
  if (node.type === 'Identifier') return node.name;
  if (node.type === 'MemberExpression') return calleeName(node.object);
  if (node.type === 'CallExpression') return calleeName(node.callee);
  return '';
}

const testWords = /^(describe|suite|test|it|(before|after)(Each|All))$/;

/** A call that registers a test: by its name, or because it gives a title and a function. */
function registersTest(call: Node): boolean {
  if (call.type !== 'CallExpression') return false;
  if (testWords.test(calleeName(call.callee))) return true;
  const [first] = call.arguments;
  const titled = first?.type === 'Literal' && typeof first.value === 'string';
  return titled || first?.type === 'TemplateLiteral';
}

interface Stretch {
  readonly node: Node;
  readonly isTestCallback: boolean;
}

function checkFunctionLength(module: Module): Violation[] {
  const { path, program, lineAt } = module;
  const hasSuites = isTest(path) || path.startsWith('src/testing/');
  const max = isTest(path) ? limits.testFunctionLinesMax : limits.functionLinesMax;
  const stretches: Stretch[] = [];
  walk(program, (node, parent) => {
    if (!functionTypes.has(node.type)) return;
    const isTestCallback = hasSuites && parent !== undefined && registersTest(parent);
    stretches.push({ node, isTestCallback });
  });
  const found: Violation[] = [];
  for (const { node } of stretches) {
    const size = ownLines(module, node, stretches);
    if (size <= max) continue;
    const message = `function of ${size} lines; at most ${max}`;
    found.push(violation(path, lineAt(node.start), 'function-length', message));
  }
  return found;
}

/** The lines of a function without those of the outermost test callbacks inside it. */
function ownLines({ lineAt }: Module, node: Node, stretches: readonly Stretch[]): number {
  let size = lineAt(node.end - 1) - lineAt(node.start) + 1;
  let coveredTo = node.start;
  for (const { node: inner, isTestCallback } of stretches) {
    const inside = inner.start > coveredTo && inner.end <= node.end;
    if (!inside || !isTestCallback) continue;
    size -= lineAt(inner.end - 1) - lineAt(inner.start);
    coveredTo = inner.end;
  }
  return size;
}

/** Lines that no formatter can break: imports, long templates and long regular expressions. */
function unbreakableLines({ program, lineAt }: Module): Set<number> {
  const unbreakable = new Set<number>();
  walk(program, (node) => {
    const literal = node.type === 'TemplateLiteral' || (node.type === 'Literal' && 'regex' in node);
    const importing =
      node.type === 'ImportDeclaration' ||
      node.type === 'ExportAllDeclaration' ||
      (node.type === 'ExportNamedDeclaration' && node.source !== null);
    if (!literal && !importing) return;
    if (literal && node.end - node.start < limits.columnsMax / 2) return;
    for (let line = lineAt(node.start); line <= lineAt(node.end - 1); line += 1) {
      unbreakable.add(line);
    }
  });
  return unbreakable;
}

function checkLineLength(module: Module): Violation[] {
  const long = module.lines.flatMap((line, index) => {
    const columns = Array.from(line).length;
    return columns > limits.columnsMax && !line.includes('://') ? [{ index, columns }] : [];
  });
  if (long.length === 0) return [];
  const unbreakable = unbreakableLines(module);
  return long
    .filter(({ index }) => !unbreakable.has(index + 1))
    .map(({ index, columns }) => {
      const message = `${columns} columns; at most ${limits.columnsMax}`;
      return violation(module.path, index + 1, 'line-length', message);
    });
}

function checkFolders(tree: Tree): Violation[] {
  const counts = new Map<string, number>();
  for (const path of tree.files) {
    if (!isCode(path) || /\.test(-d)?\.tsx?$/.test(path) || !path.includes('/')) continue;
    const folder = path.slice(0, path.lastIndexOf('/'));
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count > limits.folderFilesMax)
    .map(([folder, count]) => {
      const message = `${count} source files; at most ${limits.folderFilesMax}`;
      return violation(folder, 1, 'folder-size', message);
    });
}

export function checkSizes(tree: Tree, modules: readonly Module[]): Violation[] {
  const perFile = modules.flatMap((module) => [
    ...checkFileLength(module),
    ...checkFunctionLength(module),
    ...checkLineLength(module),
  ]);
  return [...perFile, ...checkFolders(tree)];
}
