/** Runs, workflows and sessions, through a real server and client. */
import { runContract, sessionContract, workflowContract } from '../../../src/testing/index.ts';
import { servedSetups } from '../../contract/ledgers.ts';

for (const [name, setup] of Object.entries(servedSetups)) {
  runContract(name, setup);
  workflowContract(name, setup);
  sessionContract(name, setup);
}
