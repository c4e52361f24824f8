/** A server behind a network that cuts, delays and doubles what a client sends. */
import { seededRandom } from '../../src/internal/random.ts';
import { runSeed } from '../robustness/runs.ts';
import { badNetwork, openProxy } from './proxy.ts';
import type { ServedOptions } from './serving.ts';

let networks = 0;

export const throughBadNetwork: ServedOptions = {
  client: { backoffMs: 20, timeoutMs: 60_000 },
  through(url) {
    networks += 1;
    return openProxy(url, seededRandom(runSeed + networks), badNetwork);
  },
};
