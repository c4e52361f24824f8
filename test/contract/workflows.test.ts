import { workflowContract } from '../../src/testing/index.ts';
import { setups } from './ledgers.ts';

for (const [name, setup] of Object.entries(setups)) workflowContract(name, setup);
