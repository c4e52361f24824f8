/**
 * A process that runs the job on a store until it is killed: `node worker.ts URL MEMBER_TTL_MS`.
 *
 * It says `ready` once the trigger runs.
 */
import { openSqliteEngine } from '../../../src/engine/sqlite/index.ts';
import { systemClock } from '../../../src/internal/clock.ts';
import { systemRandom } from '../../../src/internal/random.ts';
import { openLedgers } from '../../../src/ledger/index.ts';
import { App } from '../../../src/store/index.ts';
import { startJob } from './job.ts';

const [url = '', ttlText = '10000'] = process.argv.slice(2);
const clock = systemClock;
const random = systemRandom;
const shared = { cacheBytes: 2 ** 20, busyTimeoutMs: 20_000, mustExist: false, readOnly: false };
const engine = await openSqliteEngine(url, { clock, random, ...shared });
const ledgers = openLedgers(engine, { clock, random });
const app = App.over(ledgers.ledger('app'), { clock, random, memberTtlMs: Number(ttlText) });
await startJob(app, { calls: [] });
process.stdout.write('ready\n');
// A trigger does not keep its process alive; this one is to live until somebody ends it.
for (;;) await clock.sleep(1000);
