/**
 * Ending a command: expected ends that are no errors of the store, and how any error is told.
 *
 * An error says what happened (the message), its code, and what to do where that is known.
 */
import { styleText } from 'node:util';
import { isHoldfastError } from '../errors/index.ts';
import type { ErrorCode } from '../errors/index.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';

/** Ends the command with an exit code of its own: a missing key, a failed check, wrong usage. */
export class CommandEnd extends Error {
  override readonly name = 'CommandEnd';
  readonly code: string;
  readonly exitCode: number;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    exitCode: number,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.code = code;
    this.exitCode = exitCode;
    this.details = details;
  }
}

export function usageError(message: string): CommandEnd {
  return new CommandEnd('usage', exitCodes.usage, message);
}

/** A file that a command should read is not there, or not to be read. */
export function unreadable(path: string, error: unknown): CommandEnd {
  const reason = error instanceof Error ? error.message : String(error);
  return new CommandEnd('file_unreadable', exitCodes.notFound, `cannot read ${path}: ${reason}`);
}

/** Whoever read standard output has gone: not a failure, there is just nobody left to tell. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}

export interface Failure {
  readonly code: string;
  readonly exitCode: number;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly advice: string | undefined;
}

const adviceOf: Partial<Record<ErrorCode, string>> = {
  store_missing: 'name the store with --store or HOLDFAST_STORE; `set` and `import` make a new one',
  store_foreign: 'name another file with --store',
  store_newer: 'use the version of Holdfast that wrote it, or a newer one',
  store_corrupt: 'run `holdfast doctor`, then `holdfast restore` a backup',
  store_read_only: 'check the rights of the file and of its folder',
  busy: 'try again; nothing was changed',
  store_locked: 'close the program that holds the file, then try again',
  disk_full: 'free some space, then try again',
  trimmed: 'leave --from out to start where the log begins',
  unauthenticated: 'give a token with --token or HOLDFAST_TOKEN; `holdfast token create` makes one',
  forbidden: 'use a token with that right; `holdfast token list` shows who has which',
  internal: 'this is a bug in Holdfast; please report it with the output of `holdfast doctor`',
};

export function failureOf(error: unknown): Failure {
  if (error instanceof CommandEnd) {
    const { code, exitCode, message, details } = error;
    return { code, exitCode, message, details, advice: undefined };
  }
  if (isHoldfastError(error)) {
    const { code, message, details } = error;
    return { code, exitCode: exitCodeOf(code), message, details, advice: adviceOf[code] };
  }
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'failure';
  return { code, exitCode: exitCodes.failure, message, details: {}, advice: undefined };
}

export function describeFailure(failure: Failure, asJson: boolean): string {
  const { code, message, details, advice } = failure;
  if (asJson) return `${JSON.stringify({ error: { code, message, details, advice } })}\n`;
  const head = styleText('red', 'error:', { stream: process.stderr });
  const hint = advice === undefined ? '' : `\n  ${advice}`;
  return `${head} ${message} (${code})${hint}\n`;
}
