/**
 * Types end where JavaScript calls: what is not what the types say is refused here, in words.
 *
 * Nothing here looks into a value; messages never throw, whatever they are made of.
 */
import { HoldfastError } from '../../errors/index.ts';

export function checkObject(value: unknown, what: string): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  throw invalid(`${what} must be an object, not ${typeOf(value)}`);
}

export function checkList(list: unknown, what: string): void {
  if (!Array.isArray(list)) throw invalid(`${what} must be a list, not ${typeOf(list)}`);
}

export function listOf<T>(list: readonly T[] | undefined, what: string): readonly T[] {
  if (list === undefined) return [];
  checkList(list, what);
  return list;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : typeof value;
}

/** For messages: never throws, whatever it is. */
export function shown(value: unknown): string {
  const isPlain = typeof value === 'string' || typeof value === 'number';
  return isPlain ? String(value).toWellFormed() : typeOf(value);
}

export function checkText(text: unknown, what: string): void {
  if (typeof text === 'string' && text.isWellFormed()) return;
  throw invalid(`${what} must be well-formed text`);
}

export function atMost(count: number, limit: number, what: string): void {
  if (count <= limit) return;
  throw new HoldfastError('limit_exceeded', `${count} ${what} in one proposal; at most ${limit}`, {
    details: { count, limit },
  });
}

export function invalid(message: string, details?: Record<string, unknown>): HoldfastError {
  return new HoldfastError('invalid_argument', message, { details });
}
