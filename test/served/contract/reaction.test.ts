/** The layers that react to changes, through a real server and client. */
import { triggerContract, watchContract } from '../../../src/testing/index.ts';
import { servedSetups } from '../../contract/ledgers.ts';

for (const [name, setup] of Object.entries(servedSetups)) {
  watchContract(name, setup);
  triggerContract(name, setup);
}
