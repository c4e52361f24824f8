/**
 * The work that the crash tests look at: for every change of `in` one entry more in the order of
 * its key, and one more in a counter, both through `tx`. Some of one key fail on their first
 * attempt.
 */
import type { Trigger } from '../../../src/index.ts';
import type { App } from '../../../src/store/index.ts';

export interface Seen {
  /** What handlers were called with, repeats included: `key n`. */
  readonly calls: string[];
}

export function startJob(app: App, seen: Seen): Promise<Trigger> {
  const orders = app.scope<number[]>('orders');
  const counts = app.scope<number>('counts');
  const retry = { attempts: 50, firstMs: 200, longestMs: 400 };
  const options = { scope: 'in', retry, parkedPerKey: 10_000 };
  return app.trigger<number>('job', options, async (event, { tx }) => {
    seen.calls.push(`${event.key} ${event.new_value}`);
    const isPoison = event.key === 'poison' && (event.new_value ?? 0) % 40 === 0;
    if (isPoison && event.attempt === 1) throw new Error('poison');
    await tx.scope(orders).update(event.key, [{ op: 'append', value: event.new_value }]);
    await tx.scope(counts).update('all', [{ op: 'increment' }]);
  });
}

/** Everything that is wrong with what was done to `sent` changes. */
export async function problemsOf(app: App, sent: ReadonlyMap<string, number>): Promise<string[]> {
  const problems: string[] = [];
  let total = 0;
  for (const [key, count] of sent) {
    total += count;
    const expected = Array.from({ length: count }, (_, n) => n);
    const found = await app.scope<number[]>('orders').get(key, []);
    if (JSON.stringify(found) !== JSON.stringify(expected)) {
      problems.push(`${key}: ${JSON.stringify(found)} is not 0 to ${count - 1}`);
    }
  }
  const counted = await app.scope<number>('counts').get('all', 0);
  if (counted !== total) problems.push(`${counted} effects of ${total} changes`);
  return problems;
}
