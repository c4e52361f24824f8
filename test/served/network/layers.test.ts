/**
 * The contracts of the layers through a bad network. All of them take minutes:
 * `npm run fuzz -- test/served/network`.
 */
import { describe } from 'vitest';
import {
  contextContract,
  listContract,
  recipeContract,
  runContract,
  scopeContract,
  sessionContract,
  triggerContract,
  watchContract,
  workflowContract,
} from '../../../src/testing/index.ts';
import { onServedDisk } from '../../contract/ledgers.ts';
import { isSearching } from '../../robustness/runs.ts';
import { badNetworkSkips, throughBadNetwork } from '../bad-network.ts';

const name = 'sqlite, through a bad network';
const setup = onServedDisk(throughBadNetwork);

listContract(name, setup);
workflowContract(name, setup);

describe.runIf(isSearching)('whole', () => {
  scopeContract(name, { ...setup, skip: badNetworkSkips.scopes });
  watchContract(name, setup);
  triggerContract(name, setup);
  contextContract(name, setup);
  recipeContract(name, setup);
  runContract(name, setup);
  sessionContract(name, setup);
});
