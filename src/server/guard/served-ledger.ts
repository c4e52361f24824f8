/**
 * What a principal is given of an app: its ledger with the principal's rights, or, to a worker of
 * one request, the context of that request in its place.
 */
import { ContextLedger } from '../../layers/contexts/index.ts';
import type { Ledger, LedgerSource } from '../../ledger/index.ts';
import { forbidden } from '../auth/principal.ts';
import type { Principal } from '../auth/principal.ts';
import { GuardedLedger } from './guarded-ledger.ts';
import type { HeartbeatGate } from './guarded-ledger.ts';

/** Throws `forbidden` for another app than that of the worker's request. */
export function servedLedger(
  source: LedgerSource,
  app: string,
  principal: Principal,
  members: HeartbeatGate,
): Ledger {
  const { contextOf, request } = principal;
  if (contextOf !== undefined && contextOf !== app) throw forbidden('read', app);
  const guarded = new GuardedLedger(source.ledger(app), principal, members);
  if (contextOf === undefined || request === undefined) return guarded;
  return new ContextLedger(guarded, request);
}
