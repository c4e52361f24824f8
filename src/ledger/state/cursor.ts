/** Cursors: opaque text that names a state and the last key that a page showed. */
import { HoldfastError } from '../../errors/index.ts';
import type { Position } from '../position.ts';

export interface Cursor {
  readonly position: Position;
  readonly after: string;
}

export function encodeCursor({ position, after }: Cursor): string {
  const text = JSON.stringify([position.incarnation, position.revision, after]);
  return Buffer.from(text).toString('base64url');
}

/**
 * The cursor that a forward scan begins with to show its scope as it was at `position`, for as long
 * as the log reaches back to there: so that several scans show one moment.
 */
export function cursorAt(position: Position): string {
  return encodeCursor({ position, after: '' });
}

/** Throws `invalid_argument` for text that is not a cursor. */
export function decodeCursor(text: string): Cursor {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (Array.isArray(parts) && parts.length === 3) {
      const [incarnation, revision, after] = parts as unknown[];
      const sound = typeof incarnation === 'string' && typeof after === 'string';
      if (sound && Number.isSafeInteger(revision) && (revision as number) >= 0) {
        return { position: { incarnation, revision: revision as number }, after };
      }
    }
  } catch {
    // Falls through to the one error below.
  }
  throw new HoldfastError('invalid_argument', 'a cursor must come from an earlier page');
}
