/** Writes for a moment and dies without closing, as a crashed process would. */
import { openStore, randomKey, valueOf } from '../fixture.ts';
import { together } from '../../measure.ts';

const ledgers = await openStore(process.argv[2]!);
const ledger = ledgers.ledger('bench');
let n = 0;
await together(256, 0.5, () => {
  n += 1;
  const set = { kind: 'set', scope: 'facts', key: randomKey(n), value: valueOf(n) } as const;
  return ledger.commit({ mutations: [set] });
});
process.kill(process.pid, 'SIGKILL');
