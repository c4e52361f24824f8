/** Several apps one after the other, each as of the moment when the first was begun. */
import { systemRandom } from '../../internal/random.ts';
import type { Entry } from '../../ledger/index.ts';
import type { Context } from '../context.ts';
import type { Progress } from '../output/progress.ts';
import type { OpenStore } from '../store.ts';
import { Snapshot } from './snapshot.ts';

export interface SnapshotsTerms {
  /** Of the progress bar; undefined: there is none. */
  readonly label: string | undefined;
  readonly apps: readonly string[];
  /** See `SnapshotOptions`. */
  readonly asFarAsAllowed: boolean;
}

/** Returns how many entries there were. */
export async function readSnapshots(
  context: Context,
  store: OpenStore,
  { label, apps, asFarAsAllowed }: SnapshotsTerms,
  take: (entry: Entry, app: string) => Promise<void>,
): Promise<number> {
  const pin = `export-${systemRandom.hex(6)}`;
  const monotonic = (): number => context.clock.monotonic();
  const snapshots = new Map<string, Snapshot>();
  let progress: Progress | undefined;
  let done = 0;
  try {
    for (const app of apps) {
      const options = { pin, monotonic, asFarAsAllowed };
      snapshots.set(app, await Snapshot.take(store.ledger(app), options));
    }
    const total = [...snapshots.values()].reduce((sum, { entries }) => sum + entries, 0);
    progress = label === undefined ? undefined : context.progress(label, 'entries', total);
    for (const [app, snapshot] of snapshots) {
      for await (const entry of snapshot.read()) {
        if (done % 256 === 0) {
          context.signal.throwIfAborted();
          // Those that have yet to be read would lose their hold on the log meanwhile.
          for (const other of snapshots.values()) await other.hold();
        }
        await take(entry, app);
        done += 1;
        progress?.update(done);
      }
      await snapshot.release();
      snapshots.delete(app);
    }
    progress?.finish(done);
  } finally {
    progress?.end();
    for (const snapshot of snapshots.values()) await snapshot.release();
  }
  return done;
}
