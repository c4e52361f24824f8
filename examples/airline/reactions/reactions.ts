/**
 * What the airline does when a reservation changes.
 *
 * - a summary per user, which counts every change exactly once
 * - a list of notices per reservation, in order
 * - an alert by webhook when a reservation is cancelled
 */
import type { App, Trigger } from '../../../src/index.ts';
import { webhook } from '../../../src/webhooks/index.ts';
import type { Reservation } from '../data/shapes.ts';

export interface UserSummary {
  readonly reservations?: number;
  readonly changes?: number;
}

export interface Notice {
  readonly what: 'booked' | 'changed';
  readonly user: string;
}

export interface AlertTarget {
  readonly url: string;
  readonly secret: string;
}

/** Begins with the oldest change that the log has, or where the last run ended. */
export function startReactions(app: App, alerts: AlertTarget): Promise<Trigger[]> {
  const summaries = app.scope<UserSummary>('summaries');
  const changes = { scope: 'reservations', from: 'beginning' } as const;
  return Promise.all([
    app.trigger<Reservation>('summaries', changes, (event, { tx }) => {
      const user = (event.new_value ?? event.old_value)?.user_id;
      if (user === undefined) return undefined;
      const path = event.kind === 'created' ? '/reservations' : '/changes';
      return tx.scope(summaries).update(user, [{ op: 'increment', path }]);
    }),
    app.trigger<Reservation>('notices', changes, (event, { tx }) => {
      const what = event.kind === 'created' ? 'booked' : 'changed';
      const notice: Notice = { what, user: event.new_value?.user_id ?? 'nobody' };
      return app.list<Notice>(`notices/${event.key}`).in(tx).append(notice);
    }),
    app.trigger(
      'cancelled',
      { ...changes, when: { new_value: { status: 'cancelled' } } },
      // The receiver is on this machine, and speaks no TLS.
      webhook({ ...alerts, allowPrivateAddresses: true, allowHttp: true }),
    ),
  ]);
}

/** Resolves once every reaction has handled every change. */
export async function caughtUp(triggers: readonly Trigger[], waitMs: number): Promise<void> {
  for (const trigger of triggers) {
    for (;;) {
      const { lag, parked } = await trigger.stats();
      if (lag === 0 && parked === 0) break;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
}
