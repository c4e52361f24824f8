import { present } from '../../src/internal/assert.ts';
import { setups } from '../contract/ledgers.ts';
import { sessionModelSuite } from './sessions/suite.ts';

const counts = [
  ['memory', 40, 1],
  ['hostile', 12, 0.5],
  ['memory through a wire', 12, 0.3],
  ['sqlite', 4, 0.5],
] as const;

for (const [name, slice, share] of counts) {
  sessionModelSuite(name, present(setups[name], name), { slice, share });
}
