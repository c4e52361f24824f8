/** P7 where handlers run in a worker that is connected to a server. */
import { systemClock } from '../../src/internal/clock.ts';
import { systemRandom } from '../../src/internal/random.ts';
import { openLedgers } from '../../src/ledger/index.ts';
import { serve } from '../../src/server/index.ts';
import { memory, sqlite, throughAServer } from '../robustness/grounds.ts';
import type { Ground } from '../robustness/grounds.ts';
import { triggerFaults } from '../robustness/triggers/fault-suite.ts';
import { triggerProcesses } from '../robustness/triggers/process-suite.ts';
import type { SharedStore } from '../robustness/triggers/process-suite.ts';

triggerFaults('memory through a server', throughAServer(memory), 4, 3);
triggerFaults('sqlite through a server', throughAServer(sqlite), 4, 3);

triggerProcesses('workers of a server', () => onAServer(sqlite), 2);

/** A store behind a server, for processes that connect to it. */
async function onAServer(ground: Ground): Promise<SharedStore> {
  const place = ground.newStore();
  const shared = { cacheBytes: 2 ** 20, busyTimeoutMs: 20_000, mustExist: false, readOnly: false };
  const parts = { clock: systemClock, random: systemRandom };
  const ledgers = openLedgers(await ground.open(place.url, { ...parts, ...shared }), parts);
  const server = await serve(ledgers, { port: 0, processMetrics: false });
  return {
    url: server.url,
    async remove() {
      await server.close();
      await ledgers.close();
      await place.remove();
    },
  };
}
