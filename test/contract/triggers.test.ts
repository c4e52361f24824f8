import { triggerContract } from '../../src/testing/index.ts';
import { setups } from './ledgers.ts';

for (const [name, setup] of Object.entries(setups)) triggerContract(name, setup);
