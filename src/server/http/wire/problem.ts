/**
 * Errors as RFC 9457 problems: `type`, `title`, `status`, `detail`, and the members of the error.
 *
 * Codes are those of the error table, and a few that only HTTP has: an entry that is not there or a
 * check that failed is an answer, no error, everywhere else.
 */
import { errorTable } from '../../../errors/index.ts';
import type { ErrorCode, HoldfastError } from '../../../errors/index.ts';
import { asHoldfastError } from '../../../protocol/index.ts';

const httpCodes = {
  not_found: { status: 404, title: 'There is no such entry, scope or route.' },
  method_not_allowed: { status: 405, title: 'The route does not take that method.' },
  precondition_failed: { status: 412, title: 'The entry has another version.' },
  conflict: { status: 409, title: 'A check of the proposal failed; nothing was changed.' },
  unsupported_media_type: { status: 415, title: 'A value is JSON or application/octet-stream.' },
} as const;

export type HttpCode = keyof typeof httpCodes;
export const problemCodes = [...Object.keys(errorTable), ...Object.keys(httpCodes)];

const documentation = 'https://holdfast.dev/errors#';

export function problem(
  code: HttpCode,
  detail: string,
  members: object = {},
  headers: Readonly<Record<string, string>> = {},
): Response {
  const { status, title } = httpCodes[code];
  return told({ code, status, title, detail, outcome: 'not-applied', ...members }, headers);
}

/** Whatever is no error of ours is told as `internal`, without its message. */
export function problemOf(error: unknown): Response {
  const known: HoldfastError = asHoldfastError(error);
  const { code, message, details, outcome } = known;
  const { status, meaning } = errorTable[code];
  return told(
    { code, status, title: meaning, detail: message, outcome, details },
    headersOf(code, details),
  );
}

interface Told {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly outcome: string;
  readonly details?: object;
}

function told(members: Told, headers: Readonly<Record<string, string>>): Response {
  const body = JSON.stringify({ type: `${documentation}${members.code}`, ...members });
  return new Response(body, {
    status: members.status,
    headers: { 'content-type': 'application/problem+json', ...headers },
  });
}

function headersOf(
  code: ErrorCode,
  details: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> {
  if (code === 'unauthenticated') return { 'www-authenticate': 'Bearer realm="holdfast"' };
  const { retryAfterMs } = details;
  if (typeof retryAfterMs === 'number') {
    return { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) };
  }
  return errorTable[code].status === 503 ? { 'retry-after': '1' } : {};
}
