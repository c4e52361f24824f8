/** The contracts of the layers through a bad network. */
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
import { throughBadNetwork } from '../bad-network.ts';

const name = 'sqlite, through a bad network';
const setup = onServedDisk(throughBadNetwork);

scopeContract(name, setup);
listContract(name, setup);
watchContract(name, setup);
triggerContract(name, setup);
contextContract(name, setup);
recipeContract(name, setup);
runContract(name, setup);
sessionContract(name, setup);
workflowContract(name, setup);
