/**
 * Errors on the wire: code, message, details and outcome arrive as they were thrown.
 *
 * Whatever else a ledger throws is a bug of ours: it travels as `internal` without its message,
 * which may tell a stranger about the serving side.
 */
import { HoldfastError, errorTable, isHoldfastError } from '../../errors/index.ts';
import type { ErrorCode, ErrorDetails } from '../../errors/index.ts';
import { isRecord } from './frame.ts';
import { record, text, word } from './shape.ts';
import type { Shape } from './shape.ts';

const plain: Shape<ErrorDetails> = {
  write: (details) => detached(details),
  read: (json) => detached(json),
};

const fields = record<Pick<HoldfastError, 'code' | 'message' | 'details' | 'outcome'>>({
  code: text as Shape<ErrorCode>,
  message: text,
  details: plain,
  outcome: word('not-applied', 'unknown'),
});

export const errorShape: Shape<HoldfastError> = {
  write: (error, frame, name) => fields.write(error, frame, name),
  read(json, frame, name) {
    const { code, message, details, outcome } = fields.read(json, frame, name);
    if (Object.hasOwn(errorTable, code))
      return new HoldfastError(code, message, { details, outcome });
    // A newer peer may know more codes; its message and outcome still say what happened.
    return new HoldfastError('internal', message, { details: { ...details, code }, outcome });
  },
};

export function asHoldfastError(error: unknown): HoldfastError {
  if (isHoldfastError(error)) return error;
  return new HoldfastError('internal', 'the ledger failed in a way that it should not', {
    cause: error,
  });
}

/** A copy of plain JSON, without fields that could reach into a prototype. */
function detached(details: unknown): ErrorDetails {
  try {
    const copy: unknown = JSON.parse(JSON.stringify(details), (key, value: unknown) => {
      return key === '__proto__' ? undefined : value;
    });
    return isRecord(copy) ? copy : {};
  } catch {
    return {};
  }
}
