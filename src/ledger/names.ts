/**
 * The addressing rules: which names an app, a scope, a key, a client and a pin may have.
 *
 * N1. Sizes count UTF-8 bytes, and every engine orders keys by those bytes. A lone surrogate has no
 *     UTF-8 form and NUL ends a text on some engines, so neither is a name.
 * N2. `$ledger` and `$sys…` scopes are the ledger's and the server's own: no proposal and no read
 *     from outside names one. Other `$layer/…` scopes belong to a layer and pass.
 *
 * Not here: who may use a name. Rights are the server's.
 */
import { HoldfastError } from '../errors/index.ts';
import { utf8Length } from '../internal/bytes.ts';
import { limits } from './limits.ts';

const appName = /^[A-Za-z0-9._-]+$/;
/** How much of a bad name a message repeats. */
const shownChars = 64;

export function checkApp(name: unknown): asserts name is string {
  if (typeof name !== 'string') throw notText('app', name);
  if (name === '') throw empty('app');
  if (name.length > limits.appNameChars) {
    throw invalid('app', name, 'too_long', `has ${name.length} characters`, limits.appNameChars);
  }
  if (!appName.test(name)) {
    throw invalid('app', name, 'character', 'may hold only A-Z a-z 0-9 . _ -');
  }
}

export function checkScope(name: unknown): asserts name is string {
  checkName('scope', name, limits.scopeBytes);
  if (name.charCodeAt(0) !== 0x24 /* $ */) return;
  if (name === '$ledger' || name.startsWith('$ledger/')) {
    throw invalid('scope', name, 'reserved', 'is reserved for the ledger itself');
  }
  if (name.startsWith('$sys')) {
    throw invalid('scope', name, 'reserved', 'is reserved for the server');
  }
}

export function checkKey(name: unknown): asserts name is string {
  checkName('key', name, limits.keyBytes);
}

/** The client of an idempotency stamp. */
export function checkClient(name: unknown): asserts name is string {
  checkName('client', name, limits.clientNameBytes);
}

export function checkPin(name: unknown): asserts name is string {
  checkName('pin', name, limits.pinNameBytes);
}

/** A process that says that it lives. */
export function checkMember(name: unknown): asserts name is string {
  checkName('member', name, limits.keyBytes);
}

/** A bound or prefix of keys: like a key, but it may be empty. `kind` names it in the error. */
export function checkKeyBound(kind: string, bound: unknown): asserts bound is string {
  if (bound !== '') checkName(kind, bound, limits.keyBytes);
}

function checkName(kind: string, name: unknown, limit: number): asserts name is string {
  if (typeof name !== 'string') throw notText(kind, name);
  if (name === '') throw empty(kind);
  // A UTF-16 unit takes at most three bytes, so a short name needs no counting.
  if (name.length * 3 > limit) {
    const bytes = utf8Length(name);
    if (bytes > limit) throw invalid(kind, name, 'too_long', `has ${bytes} bytes`, limit);
  }
  if (name.includes('\0')) throw invalid(kind, name, 'nul', 'holds a NUL character');
  if (!name.isWellFormed()) {
    throw invalid(
      kind,
      name,
      'lone_surrogate',
      'holds a lone surrogate, which UTF-8 has no form for',
    );
  }
}

function notText(kind: string, name: unknown): HoldfastError {
  const found = name === null ? 'null' : typeof name;
  return new HoldfastError('invalid_name', `the ${kind} must be text, not ${found}`, {
    details: { kind, reason: 'not_text', found },
  });
}

function empty(kind: string): HoldfastError {
  return new HoldfastError('invalid_name', `the ${kind} must not be empty`, {
    details: { kind, reason: 'empty' },
  });
}

function invalid(
  kind: string,
  name: string,
  reason: string,
  what: string,
  limit?: number,
): HoldfastError {
  const cut = name.length > shownChars ? `${name.slice(0, shownChars)}…` : name;
  const shown = cut.toWellFormed();
  const most = limit === undefined ? '' : `; at most ${limit}`;
  const details = { kind, name: shown, reason, ...(limit === undefined ? {} : { limit }) };
  return new HoldfastError('invalid_name', `the ${kind} ${JSON.stringify(shown)} ${what}${most}`, {
    details,
  });
}
