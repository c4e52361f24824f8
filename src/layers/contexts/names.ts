/**
 * Where contexts live. The only place that builds the names of their scopes.
 *
 * `$context/request/ID`   the state of the request ID; rights of the scope `request/ID`
 * `$context/app`          the state of the app across requests; rights of the scope `app`
 *
 * K1. An id is the end of a scope's name and nothing else is in that scope, so no id and no key
 *     reaches another request's state, the app's, or a scope of the app.
 */
import { HoldfastError } from '../../errors/index.ts';
import { limits } from '../../ledger/index.ts';

const prefix = '$context/';
export const appStateScope = `${prefix}app`;

/** What a worker calls the two. */
export const workerNames = { state: 'state', appState: 'app' } as const;

/** A part of what a worker may do: see `contextGrants`. */
export interface ContextGrant {
  readonly scope: string;
  readonly rights: readonly ('read' | 'write' | 'watch')[];
}

/**
 * What a worker's token grants so that it reaches the context of one request, and nothing else.
 * Throws `invalid_name`.
 */
export function contextGrants(request: string): readonly ContextGrant[] {
  const rights = ['read', 'write', 'watch'] as const;
  return [requestScope(request), appStateScope].map((scope) => {
    return { scope: scope.slice(prefix.length), rights };
  });
}

const encoder = new TextEncoder();

/** Throws `invalid_name`. */
export function requestScope(id: string): string {
  const fault = faultOf(id);
  if (fault === undefined) return `${prefix}request/${id}`;
  const limit = limits.contextIdBytes;
  const text = `the id of a request must be text of 1 to ${limit} bytes without NUL: ${fault}`;
  throw new HoldfastError('invalid_name', text, {
    details: { kind: 'request', reason: fault, limit },
  });
}

function faultOf(id: unknown): string | undefined {
  if (typeof id !== 'string') return `it is ${id === null ? 'null' : typeof id}`;
  if (id === '') return 'it is empty';
  if (id.includes('\0')) return 'it holds NUL';
  // A grant of scopes that ends so means every ending.
  if (id.endsWith('*')) return 'it ends with *';
  if (!id.isWellFormed()) return 'it holds a lone surrogate';
  return encoder.encode(id).length > limits.contextIdBytes ? 'it is too long' : undefined;
}
