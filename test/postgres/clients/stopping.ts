/**
 * A process that stops itself while it holds a ledger: `stopping.ts URL`. It prints `done` with the
 * outcome once it was continued and got through, as a ledger would, with its next stamp.
 */
import { writeSync } from 'node:fs';
import type { Work } from '../../../src/engine/index.ts';
import { open } from '../stores.ts';

const [, , url = ''] = process.argv;
const engine = await open(url);
let stops = 1;
const work: Work = {
  ledger: 'app',
  reads: { refs: [{ scope: 's', key: 'k' }], scopes: [] },
  decide({ entries }) {
    if (stops > 0) {
      stops -= 1;
      writeSync(1, 'stopping\n');
      process.kill(process.pid, 'SIGSTOP');
    }
    const content = `${Number(entries[0]?.content ?? '0') + 1}`;
    const put = { kind: 'put', scope: 's', key: 'k', content, offset: 1 } as const;
    const rest = {
      createdAt: undefined,
      expiresAt: undefined,
      schema: 0,
      size: 1,
      external: false,
    };
    const scopes = [{ scope: 's', entries: entries[0] === undefined ? 1 : 0, bytes: 0, offset: 1 }];
    return {
      kind: 'decision',
      revisions: 1,
      writes: [{ ...put, ...rest }],
      scopes,
      log: { body: 'stopping', tags: '' },
    };
  },
};
async function commit(): Promise<string> {
  for (let sequence = 1; ; sequence += 1) {
    const stamp = { member: 'stopping', sequence };
    const [outcome] = await engine.transact([work], { stamp, durability: 'sync' });
    const known = outcome?.kind === 'applied' ? outcome : await engine.resolve('app', stamp);
    if (known !== 'not-applied') return known.kind;
  }
}

writeSync(1, `done ${await commit()}\n`);
await engine.close();
