/** One frame of every kind, and every method and question, as a client may send them. */
import { encodeRequest, methods, questions } from '../../../src/protocol/index.ts';
import type { Calls, Method, Question, Questions, Request } from '../../../src/protocol/index.ts';

const position = { incarnation: 'i', revision: 1 };

export interface Target {
  readonly app: string;
  readonly scope: string;
  readonly key: string;
}

function callsOf({ scope, key }: Target): { readonly [M in Method]: Calls[M]['args'] } {
  const ref = { scope, key };
  return {
    head: {},
    read: { refs: [ref] },
    scan: { query: { scope } },
    scopes: {},
    scope: { name: scope },
    commit: {
      proposal: {
        checks: [{ kind: 'value', ...ref, value: 'v' }],
        mutations: [
          { kind: 'set', ...ref, value: Uint8Array.of(1, 2, 3), ttlMs: 60_000 },
          { kind: 'update', ...ref, operations: [{ op: 'merge', value: { a: 1 } }] },
        ],
        stamp: { client: 'c', sequence: 1 },
        returns: 'values',
      },
    },
    log: { after: position, options: { scope } },
    pin: { name: 'p', at: position, ttlMs: 1000 },
    erase: { ref },
    heartbeat: { member: 'm', ttlMs: 1000 },
    members: {},
  };
}

function questionsOf({ app }: Target): { readonly [Q in Question]: Questions[Q]['args'] } {
  return { apps: {}, stats: {}, incarnations: { app } };
}

/** Every request but `ping`, by name. Those that follow up name the watch or channel `id` 1. */
export function requestsOn(target: Target): Record<string, Request> {
  const { app, scope } = target;
  const calls = callsOf(target);
  const asked = questionsOf(target);
  const known: Record<string, Request> = {
    watch: { kind: 'watch', id: 1, app, options: { scope } },
    'watch of all': { kind: 'watch', id: 2, app, options: {} },
    pull: { kind: 'pull', id: 1, count: 3 },
    stop: { kind: 'stop', id: 1 },
    open: { kind: 'open', id: 3, app, extension: 'x/1', args: {} },
    message: { kind: 'message', id: 3, message: { body: {}, values: [] } },
    close: { kind: 'close', id: 3 },
  };
  let id = 3;
  for (const method of methods) {
    id += 1;
    known[method] = { kind: 'call', id, app, method, args: calls[method] } as Request;
  }
  for (const question of questions) {
    id += 1;
    known[`ask ${question}`] = { kind: 'ask', id, question, args: asked[question] } as Request;
  }
  return known;
}

export function framesOn(target: Target): Uint8Array[] {
  const frames = Object.values(requestsOn(target)).map(encodeRequest);
  return [...frames, encodeRequest({ kind: 'ping', id: 99 })];
}
