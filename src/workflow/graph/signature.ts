/**
 * What a graph is, as data: to tell whether a run can go on with the code that is there now, and if
 * not, what changed.
 *
 * Names count, code does not: a handler that was corrected is the same graph.
 */
import { bytesToHex } from '@noble/hashes/utils.js';
import { sha256 } from '../../internal/sha256.ts';
import type { PolicyRule } from '../../layers/runs/index.ts';
import { shownEdge } from './edges.ts';
import type { Edge } from './edges.ts';

export interface GraphDescription {
  readonly start: string;
  readonly executors: readonly string[];
  readonly edges: readonly string[];
  readonly policies: readonly string[];
}

const signatureChars = 24;

export function describeGraph(graph: {
  readonly start: string;
  readonly executors: ReadonlyMap<string, unknown>;
  readonly edges: readonly Edge[];
  readonly policies: readonly PolicyRule[];
}): GraphDescription {
  return {
    start: graph.start,
    executors: [...graph.executors.keys()],
    edges: graph.edges.map((edge) => shownEdge(edge)).sort(),
    policies: graph.policies.map((rule) => shownRule(rule)).sort(),
  };
}

function shownRule(rule: PolicyRule): string {
  const place = 'key' in rule ? `key ${rule.key}` : `prefix ${rule.prefix}`;
  const { policy } = rule;
  return `${place}: ${policy === 'last' ? 'last' : `reduce ${policy.reduce}`}`;
}

export function signatureOf(description: GraphDescription): string {
  const { start, executors, edges, policies } = description;
  const text = JSON.stringify([start, executors, edges, policies]);
  return bytesToHex(sha256(text)).slice(0, signatureChars);
}

/**
 * What changed from one graph to another, a line each; empty if nothing did, and then runs of one
 * go on with the other.
 *
 * @example
 * import { direct, graphChanges, workflow } from 'holdfast/workflow';
 *
 * const step = () => undefined;
 * const named = { name: 'w', start: 'a', executors: { a: step, b: step } };
 * const before = workflow({ ...named, edges: [] });
 * const after = workflow({ ...named, edges: [direct('a', 'b')] });
 * graphChanges(before.description, after.description); // => ['added edge: a -> b']
 */
export function graphChanges(before: GraphDescription, after: GraphDescription): string[] {
  const changes: string[] = [];
  if (before.start !== after.start) {
    changes.push(`start: was ${before.start}, is ${after.start}`);
  }
  for (const part of ['executors', 'edges', 'policies'] as const) {
    const what = { executors: 'executor', edges: 'edge', policies: 'policy' }[part];
    const [was, is] = [new Set(before[part]), new Set(after[part])];
    for (const one of was) if (!is.has(one)) changes.push(`removed ${what}: ${one}`);
    for (const one of is) if (!was.has(one)) changes.push(`added ${what}: ${one}`);
  }
  const sameNames = before.executors.toSorted().join() === after.executors.toSorted().join();
  if (sameNames && before.executors.join() !== after.executors.join()) {
    changes.push(`order of executors: was ${before.executors.join(', ')}`);
  }
  return changes;
}
