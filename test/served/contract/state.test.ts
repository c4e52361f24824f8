/** The layers that keep state, through a real server and client. */
import {
  contextContract,
  listContract,
  recipeContract,
  scopeContract,
} from '../../../src/testing/index.ts';
import { servedSetups } from '../../contract/ledgers.ts';

for (const [name, setup] of Object.entries(servedSetups)) {
  scopeContract(name, setup);
  listContract(name, setup);
  contextContract(name, setup);
  recipeContract(name, setup);
}
