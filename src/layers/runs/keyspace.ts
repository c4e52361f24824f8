/**
 * Where a run lives. The only place that builds or reads the addresses of its entries.
 *
 * The run RUN of the workflow FLOW is the scope `$run/FLOW/RUN`, which has the rights of the scope
 * FLOW/RUN. In it, with n the number of a checkpoint as `ordered` writes it:
 *
 * `run`              what was said when the run began, and what it is a fork of
 * `c/<n>`            checkpoint n: its manifest
 * `r/<place>/<n>`    what checkpoint n made of a place of the state; schema 1: nothing is there
 * `q/<request>`      a request that waits for an answer
 * `a/<request>`      its answer
 *
 * The scope `$run/FLOW` has an entry `run/<RUN>` for each run, written when its status changes, and
 * `graph/<signature>` for each graph that ran.
 *
 * A place of the state is `s/<key>` (shared), `p/<executor>/<key>` (private), `l/<list>/<index>` or
 * `m/<executor>/<list>/<index>`, with the names of executors and lists escaped.
 *
 * K1. A row is written once. The value of a place in checkpoint n is its row with the greatest
 *     number up to n.
 * K2. A row whose number is above that of the last manifest was left by a commit that never came:
 *     it counts for nothing, and whoever owns the run next removes it first.
 */
import { HoldfastError } from '../../errors/index.ts';
import { limits } from '../../ledger/index.ts';
import type { Ref } from '../../ledger/index.ts';

export const scopePrefix = '$run/';
export const runKey = 'run';
export const checkpointPrefix = 'c/';
export const rowPrefix = 'r/';
export const answerPrefix = 'a/';
const requestPrefix = 'q/';
const indexedRunPrefix = 'run/';
const base = 36;

const flowName = /^[A-Za-z0-9._-]+$/;

/** Throws `invalid_name`. */
export function checkWorkflowName(name: unknown): asserts name is string {
  const fits = typeof name === 'string' && name.length <= limits.workflowNameChars;
  if (fits && flowName.test(name)) return;
  const most = limits.workflowNameChars;
  const text = `the name of a workflow must be 1 to ${most} of A-Z a-z 0-9 . _ -`;
  throw new HoldfastError('invalid_name', text, { details: { kind: 'workflow', limit: most } });
}

/** Throws `invalid_name`. */
export function checkRunId(id: unknown): asserts id is string {
  checkBytes('run', id, limits.runIdBytes);
}

/** Throws `invalid_name` for a request's id. */
export function checkRequestId(id: unknown): asserts id is string {
  checkBytes('request', id, limits.requestIdBytes);
}

export function checkBytes(kind: string, name: unknown, limit: number): asserts name is string {
  const reason = faultOf(name, limit);
  if (reason === undefined) return;
  const text = `the ${kind} must be text of 1 to ${limit} bytes without NUL: ${reason}`;
  throw new HoldfastError('invalid_name', text, { details: { kind, reason, limit } });
}

function faultOf(name: unknown, limit: number): string | undefined {
  if (typeof name !== 'string') return `it is ${name === null ? 'null' : typeof name}`;
  if (name === '') return 'it is empty';
  if (name.includes('\0')) return 'it holds NUL';
  if (!name.isWellFormed()) return 'it holds a lone surrogate';
  return bytesOf(name) > limit ? 'it is too long' : undefined;
}

const encoder = new TextEncoder();

function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

/** The scope that lists a workflow's runs. */
export function indexScope(workflow: string): string {
  return scopePrefix + workflow;
}

export function indexRef(workflow: string, run: string): Ref {
  return { scope: indexScope(workflow), key: indexedRunPrefix + run };
}

export function indexRange(prefix: string): string {
  return indexedRunPrefix + prefix;
}

export function indexedRun(key: string): string {
  return key.slice(indexedRunPrefix.length);
}

export function graphRef(workflow: string, signature: string): Ref {
  return { scope: indexScope(workflow), key: `graph/${signature}` };
}

export function runScope(workflow: string, run: string): string {
  return `${scopePrefix}${workflow}/${run}`;
}

/** What a membership owns for a run. */
export function runResource(workflow: string, run: string): string {
  return `run/${workflow}/${run}`;
}

export function checkpointKey(number: number): string {
  return checkpointPrefix + ordered(number);
}

export function checkpointNumber(key: string): number {
  return unordered(key.slice(checkpointPrefix.length));
}

export function requestKey(request: string): string {
  return requestPrefix + request;
}

export function answerKey(request: string): string {
  return answerPrefix + request;
}

export function rowKey(place: string, number: number): string {
  return `${rowPrefix}${place}/${ordered(number)}`;
}

/** The place and the checkpoint that a row's key names. */
export function rowOf(key: string): { readonly place: string; readonly number: number } {
  const end = key.lastIndexOf('/');
  const place = key.slice(rowPrefix.length, end);
  return { place, number: unordered(key.slice(end + 1)) };
}

/**
 * A whole number as text that sorts as numbers do, and stays short: its digits behind their count.
 */
export function ordered(number: number): string {
  const digits = number.toString(base);
  return digits.length.toString(base) + digits;
}

export function unordered(text: string): number {
  return Number.parseInt(text.slice(1), base);
}
