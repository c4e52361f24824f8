import { describe } from 'vitest';
import { setups } from '../contract/ledgers.ts';
import { serializableTest } from './serializable.ts';

describe('transactions are serializable', () => {
  for (const [name, setup] of Object.entries(setups)) serializableTest(name, setup);
});
