/**
 * One TypeScript file as the rules see it: its syntax tree, comments, imports and line numbers.
 *
 * Also the words in which rules answer (`Violation`) and the questions about a path that several of
 * them ask. A file that does not parse is the compiler's to report; rules skip it.
 */
import { posix } from 'node:path';
import { parseSync, visitorKeys } from 'oxc-parser';
import type { Comment, EcmaScriptModule, Node, Program } from 'oxc-parser';
import type { Tree } from './tree.ts';

export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
  /** A warning is printed and fails nothing. */
  readonly severity: 'error' | 'warning';
}

export interface Import {
  readonly specifier: string;
  /** The imported file for a relative specifier, relative to the root of the repository. */
  readonly target: string | undefined;
  readonly line: number;
}

export interface Module {
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  readonly program: Program;
  readonly comments: readonly Comment[];
  readonly imports: readonly Import[];
  readonly lineAt: (offset: number) => number;
}

const codeRoots = ['src/', 'test/', 'scripts/', 'benchmarks/', 'examples/'];
const workspaceRoots = ['console/', 'integrations/'];

export function isCode(path: string): boolean {
  if (!/\.(ts|tsx)$/.test(path)) return false;
  const inRoot = [...codeRoots, ...workspaceRoots].some((root) => path.startsWith(root));
  return inRoot || !path.includes('/');
}

export function isTest(path: string): boolean {
  return /\.test(-d)?\.tsx?$/.test(path) || path.startsWith('test/');
}

/** Published code, which the strictest rules are for. */
export function isSource(path: string): boolean {
  return path.startsWith('src/') && !isTest(path);
}

export function violation(
  file: string,
  line: number,
  rule: string,
  message: string,
  severity: Violation['severity'] = 'error',
): Violation {
  return { file, line, rule, message, severity };
}

/** Visits `node` and everything under it. Answering `false` leaves out what is under that node. */
export function walk(
  node: Node,
  visit: (node: Node, parent: Node | undefined, key: string) => boolean | void,
  parent?: Node,
  key = '',
): void {
  if (visit(node, parent, key) === false) return;
  const fields = node as unknown as Record<string, unknown>;
  for (const childKey of visitorKeys[node.type] ?? []) {
    const child = fields[childKey];
    for (const item of Array.isArray(child) ? (child as unknown[]) : [child]) {
      if (isNode(item)) walk(item, visit, node, childKey);
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value;
}

function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

function resolveTarget(importer: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return posix.normalize(posix.join(posix.dirname(importer), specifier));
}

function importsOf(
  path: string,
  text: string,
  module: EcmaScriptModule,
  lineAt: (offset: number) => number,
): Import[] {
  const found: Import[] = [];
  function add(specifier: string, offset: number): void {
    const target = resolveTarget(path, specifier);
    found.push({ specifier, target, line: lineAt(offset) });
  }
  for (const { moduleRequest, start } of module.staticImports) add(moduleRequest.value, start);
  for (const { entries, start } of module.staticExports) {
    const request = entries.find((entry) => entry.moduleRequest !== null)?.moduleRequest;
    if (request) add(request.value, start);
  }
  for (const { moduleRequest, start } of module.dynamicImports) {
    const source = text.slice(moduleRequest.start, moduleRequest.end);
    const literal = /^(['"`])(.*)\1$/s.exec(source)?.[2];
    if (literal !== undefined) add(literal, start);
  }
  return found;
}

export function parseModule(path: string, text: string): Module | undefined {
  const result = parseSync(path, text);
  if (result.errors.length > 0) return undefined;
  const lineAt = lineFinder(text);
  return {
    path,
    text,
    lines: text.split('\n'),
    program: result.program,
    comments: result.comments,
    imports: importsOf(path, text, result.module, lineAt),
    lineAt,
  };
}

/** Every code file of the tree that parses. */
export function modulesOf(tree: Tree): Module[] {
  return tree.files.flatMap((path) => {
    const module = isCode(path) ? parseModule(path, tree.text(path)) : undefined;
    return module ? [module] : [];
  });
}
