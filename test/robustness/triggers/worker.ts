/**
 * A process that runs the job on a store until it is killed: `node worker.ts URL MEMBER_TTL_MS`.
 * The store is on a disk, on a database server, or behind a server of ours.
 *
 * It says `ready` once the trigger runs.
 */
import { open } from '../../../src/index.ts';
import { systemClock } from '../../../src/internal/clock.ts';
import { startJob } from './job.ts';

const [url = '', ttlText = '10000'] = process.argv.slice(2);
const patience = url.startsWith('file:') ? { busyTimeoutMs: 20_000 } : {};
const store = await open(url, { ...patience, memberTtlMs: Number(ttlText) });
await startJob(store.app('app'), { calls: [] });
process.stdout.write('ready\n');
// A trigger does not keep its process alive; this one is to live until somebody ends it.
for (;;) await systemClock.sleep(1000);
