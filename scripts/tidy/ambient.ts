/**
 * No ambient clock, randomness or timer in published code, outside `src/internal`.
 *
 * A test can move time and replay chance only if every reading of them passes through an injected
 * `Clock` or `Random`. One forgotten `Date.now` makes a failing seed unrepeatable.
 */
import type { Node } from 'oxc-parser';
import { isSource, violation, walk } from './module.ts';
import type { Module, Violation } from './module.ts';

const members = new Map([
  ['Date.now', 'the clock'],
  ['performance.now', 'the clock'],
  ['process.hrtime', 'the clock'],
  ['Math.random', 'the randomness'],
]);
const randomSources = new Set([
  'randomUUID',
  'randomBytes',
  'randomInt',
  'randomFillSync',
  'getRandomValues',
]);
const timers = new Set(['setTimeout', 'setInterval', 'setImmediate']);

function advice(name: string): string | undefined {
  if (timers.has(name)) return `${name} starts an ambient timer; use an injected Clock`;
  if (randomSources.has(name)) return `${name} is ambient randomness; use an injected Random`;
  return undefined;
}

function judgeMember(node: Node): string | undefined {
  if (node.type !== 'MemberExpression' || node.property.type !== 'Identifier') return undefined;
  const object = node.object.type === 'Identifier' ? node.object.name : '';
  const full = `${object}.${node.property.name}`;
  const what = members.get(full);
  if (what) return `${full} reads ${what} of the process; use an injected one`;
  const ambientObject = /^(globalThis|crypto|webcrypto|nodeCrypto|timers)$/.test(object);
  return ambientObject ? advice(node.property.name) : undefined;
}

function judgeDate(node: Node): string | undefined {
  const called = node.type === 'NewExpression' || node.type === 'CallExpression';
  if (!called || node.callee.type !== 'Identifier' || node.callee.name !== 'Date') return undefined;
  const reads = node.type === 'CallExpression' || node.arguments.length === 0;
  return reads ? 'Date without arguments reads the clock; use an injected Clock' : undefined;
}

/** A bare name counts where it is a value: not as a key, a member's name or a type. */
function judgeName(node: Node, parent: Node | undefined, key: string): string | undefined {
  if (node.type !== 'Identifier' || !parent) return undefined;
  const isKey = key === 'key' && 'computed' in parent && !parent.computed;
  const isMember = parent.type === 'MemberExpression' && key === 'property' && !parent.computed;
  const isLocalAlias = parent.type === 'ImportSpecifier' && key === 'local';
  if (isKey || isMember || isLocalAlias || parent.type === 'TSTypeQuery') return undefined;
  return advice(node.name);
}

function importsTimersModule(node: Node): string | undefined {
  if (node.type !== 'ImportDeclaration' || !node.source.value.startsWith('node:timers'))
    return undefined;
  return `${node.source.value} starts ambient timers; use an injected Clock`;
}

export function checkAmbient(modules: readonly Module[]): Violation[] {
  const found: Violation[] = [];
  for (const { path, program, lineAt } of modules) {
    if (!isSource(path) || path.startsWith('src/internal/')) continue;
    walk(program, (node, parent, key) => {
      const message =
        judgeMember(node) ??
        judgeDate(node) ??
        importsTimersModule(node) ??
        judgeName(node, parent, key);
      if (message) found.push(violation(path, lineAt(node.start), 'ambient', message));
      return node.type !== 'ImportDeclaration' || message === undefined;
    });
  }
  return found;
}
