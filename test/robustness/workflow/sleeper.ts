/**
 * `node sleeper.ts URL`: owns a run, has a step open, says so, and commits it when it is told to.
 * Between the two it is stopped, and somebody else takes the run over.
 */
import { once } from 'node:events';
import { isHoldfastError, open } from '../../../src/index.ts';

const [url = ''] = process.argv.slice(2);
await using store = await open(url, { memberTtlMs: 200 });
const app = store.app('app');
const run = await app.runs('flow').open('r', { initial: { state: { n: 0 } } });
const step = run.step();
step.view('sleeper').set('n', 'stale');
step.view('sleeper').app.set(app.scope('users'), 'ada', 'stale');
step.view('sleeper').app.append(app.list('log'), 'stale');
console.log('open');
await once(process.stdin, 'data');
try {
  await step.commit();
  console.log('committed');
} catch (error) {
  console.log(isHoldfastError(error) ? error.code : String(error));
}
process.stdin.destroy();
