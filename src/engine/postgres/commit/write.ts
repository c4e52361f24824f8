/**
 * Writing what was decided, and COMMIT, in one flight.
 *
 * W1. Behind the writing flight only the server's own word is certain: an ERROR, or COMMIT answered
 *     by ROLLBACK. That is thrown; all else is `unknown`.
 */
import { HoldfastError } from '../../../errors/index.ts';
import type { Outcome } from '../../transaction.ts';
import { isRefusal } from '../wire/failure.ts';
import type { Answer, Session } from '../wire/session.ts';
import type { Applier } from './apply.ts';
import type { Decided } from './decide.ts';
import { Again } from './lock.ts';
import type { LogUpkeep } from './log-upkeep.ts';

/**
 * One outcome for each decision, in order. Throws `Again` if an entry died meanwhile; whatever is
 * thrown, nothing was written.
 */
export async function writeAll(
  session: Session,
  applier: Applier,
  all: readonly Decided[],
): Promise<readonly Outcome[]> {
  const application = applier.plan(all);
  const [written, committed] = await Promise.allSettled(
    session.flight(() => [
      session.run(applier.statement, application.values),
      session.batch('COMMIT'),
    ]),
  );
  if (written?.status === 'rejected') {
    const cause: unknown = written.reason;
    if (isRefusal(cause)) throw cause;
    return all.map(() => ({ kind: 'unknown', cause }));
  }
  const time = written?.value.rows[0]?.[0] as number | undefined;
  if (time === undefined && committed?.status === 'fulfilled') throw new Again();
  if (time !== undefined && isCommitted(committed)) return application.applied(time);
  const cause: unknown = committed?.status === 'rejected' ? committed.reason : undefined;
  return all.map(() => ({ kind: 'unknown', cause }));
}

/** The same with the upkeep of the log, in statements before. */
export async function writeWithUpkeep(
  session: Session,
  applier: Applier,
  upkeep: LogUpkeep,
  decided: Decided,
): Promise<Outcome> {
  const { held, decision, time: now } = decided;
  const application = applier.plan([decided], await upkeep.run(held, decision, now));
  const { rows } = await session.run(applier.statement, application.values);
  // What the upkeep did must not be committed alone.
  if (rows.length === 0) throw new Again();
  const [committed] = await Promise.allSettled([session.batch('COMMIT')]);
  const [applied] = application.applied(rows[0]?.[0] as number);
  if (applied !== undefined && isCommitted(committed)) return applied;
  const cause: unknown = committed?.status === 'rejected' ? committed.reason : undefined;
  return { kind: 'unknown', cause };
}

/** W1. Throws what is certain. */
function isCommitted(committed: PromiseSettledResult<Answer> | undefined): boolean {
  if (committed?.status === 'fulfilled') {
    if (committed.value.command === 'COMMIT') return true;
    throw new HoldfastError('unavailable', 'the server has rolled the commit back');
  }
  if (isRefusal(committed?.reason)) throw committed?.reason;
  return false;
}
