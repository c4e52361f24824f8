/**
 * A process that writes to one store as fast as it can: `hammer.ts PATH NAME WRITING_MS`.
 *
 * Each group adds one to a counter that all processes share and writes keys of its own, in the
 * shared ledger; now and then it writes to a ledger that is named after the process, for the others
 * to hear of. It starts on a message of its parent and prints what it did.
 */
import { once } from 'node:events';
import { statSync } from 'node:fs';
import type { Applied, Engine, Work } from '../../../src/engine/index.ts';
import { openSqliteEngine } from '../../../src/engine/sqlite/index.ts';
import { systemClock } from '../../../src/internal/clock.ts';
import { systemRandom } from '../../../src/internal/random.ts';

export interface HammerReport {
  readonly name: string;
  readonly groups: number;
  /** The revisions that this process was given, in the shared ledger. */
  readonly revisions: readonly number[];
  /** Ledgers that it was hinted. */
  readonly heard: readonly string[];
  /** The file of the WAL keeps the greatest length that the WAL ever had. */
  readonly walBytes: number;
}

const groupSize = 32;
/** So that a group changes many pages. */
const valueBytes = 400;

function working(ledger: string, name: string, turn: number): Work {
  const keys = Array.from({ length: groupSize }, (_, index) => `${name}-${turn % 7}-${index}`);
  const refs = ['counter', ...keys].map((key) => ({ scope: 's', key }));
  return {
    ledger,
    reads: { refs, scopes: [] },
    decide({ entries, time }) {
      const count = Number(entries[0]?.content ?? '0') + 1;
      const added = entries.filter((entry) => entry === undefined).length;
      const writes = refs.map(({ scope, key }) => ({
        kind: 'put' as const,
        scope,
        key,
        content: key === 'counter' ? `${count}` : `${count}`.padEnd(valueBytes, '.'),
        offset: 1,
        createdAt: time,
        updatedAt: time,
        expiresAt: undefined,
        schema: 0,
        size: 8,
        external: false,
      }));
      return {
        kind: 'decision',
        revisions: 1,
        writes,
        scopes: [{ scope: 's', entries: added, bytes: 8 * added, offset: 1 }],
        log: { body: `${count}`, tags: name },
      };
    },
  };
}

async function hammer(engine: Engine, name: string, writingMs: number): Promise<HammerReport> {
  const heard = new Set<string>();
  engine.subscribe((ledger) => heard.add(ledger));
  const revisions: number[] = [];
  const end = systemClock.monotonic() + writingMs;
  let sequence = 0;
  const transact = async (work: Work): Promise<Applied> => {
    const stamp = { member: name, sequence: (sequence += 1) };
    const [outcome] = await engine.transact([work], { stamp, durability: 'sync' });
    if (outcome?.kind !== 'applied') throw new Error(`not applied: ${JSON.stringify(outcome)}`);
    return outcome;
  };
  for (let turn = 0; systemClock.monotonic() < end; turn += 1) {
    revisions.push((await transact(working('shared', name, turn))).base + 1);
    if (turn % 20 === 0) await transact(working(`of-${name}`, name, turn));
  }
  await systemClock.sleep(200);
  const walBytes = statSync(`${path}-wal`).size;
  return { name, groups: revisions.length, revisions, heard: [...heard].sort(), walBytes };
}

const [, , path = '', name = '', writingMs = ''] = process.argv;
process.send?.('ready');
await once(process, 'message');
// All processes meet an empty folder: who opens first makes the store.
const engine = await openSqliteEngine(`file:${path}`, {
  clock: systemClock,
  random: systemRandom,
  cacheBytes: 1 << 24,
  busyTimeoutMs: 20_000,
  mustExist: false,
  readOnly: false,
});
process.send?.(await hammer(engine, name, Number(writingMs)));
await engine.close();
process.disconnect();
