/** What the exit code of a command says. `docs/cli.md` is a table of them. */
import type { ErrorCode } from '../errors/index.ts';

export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  conflict: 4,
  unavailable: 5,
  findings: 6,
  interrupted: 130,
  terminated: 143,
} as const;

const byError: Partial<Record<ErrorCode, number>> = {
  invalid_argument: exitCodes.usage,
  invalid_config: exitCodes.usage,
  invalid_name: exitCodes.usage,
  invalid_value: exitCodes.usage,
  invalid_operation: exitCodes.usage,
  limit_exceeded: exitCodes.usage,
  unsupported: exitCodes.usage,
  store_missing: exitCodes.notFound,
  operation_failed: exitCodes.conflict,
  schema_mismatch: exitCodes.conflict,
  contended: exitCodes.conflict,
  fenced: exitCodes.conflict,
  step_conflict: exitCodes.conflict,
  held: exitCodes.conflict,
  in_use: exitCodes.conflict,
  graph_mismatch: exitCodes.conflict,
  not_found: exitCodes.notFound,
  stamp_reused: exitCodes.conflict,
  stamp_expired: exitCodes.conflict,
  rate_limited: exitCodes.unavailable,
  busy: exitCodes.unavailable,
  unavailable: exitCodes.unavailable,
  outcome_unknown: exitCodes.unavailable,
  timeout: exitCodes.unavailable,
  overloaded: exitCodes.unavailable,
  disk_full: exitCodes.unavailable,
  store_locked: exitCodes.unavailable,
};

export function exitCodeOf(code: ErrorCode): number {
  return byError[code] ?? exitCodes.failure;
}
