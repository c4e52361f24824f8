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

const told = 'a commit whose answer was cut off is told as replayed, because it was repeated';

/** Of the ledger's contract and the layers': what a network that loses answers makes untrue. */
export const badNetworkSkips = {
  ledger: {
    'a stamp for one call: what changed nothing leaves no trace': told,
    'stamps of several clients do not meet, whatever their names': told,
    'stamps of several apps do not meet': told,
    'a conflict leaves no trace: the stamp is judged anew': told,
    'a proposal that failed leaves no trace: the stamp is free': told,
    'a repeat older than the window is refused, not applied': told,
  },
  scopes: {
    'a repeat of a stamped batch applies nothing': told,
    'a hundred on one key are all there':
      'a hundred rivals across a slow network use up the attempts: contended, which is no loss',
  },
};
