/**
 * `node examples/airline/react.ts --store URL`: reacts to what the airline's agent does, beside
 * `npm start` or after it, in a process of its own. Ends when it has caught up.
 */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { open } from '../../src/index.ts';
import { startReceiver } from './reactions/receiver.ts';
import { caughtUp, startReactions } from './reactions/reactions.ts';
import type { UserSummary } from './reactions/reactions.ts';
import { say } from './summary.ts';

const { values } = parseArgs({ options: { store: { type: 'string' } } });
if (values.store === undefined) {
  say('usage: node examples/airline/react.ts --store file:PATH');
  process.exit(2);
}
const secret = `whsec_${randomBytes(32).toString('base64')}`;
await using receiver = await startReceiver(secret);
await using store = await open(values.store, { mustExist: true });
const app = store.app('airline');
const triggers = await startReactions(app, { url: receiver.url, secret });
await caughtUp(triggers, 100);

let reservations = 0;
let changes = 0;
let users = 0;
for await (const summary of app.scope<UserSummary>('summaries').values()) {
  users += 1;
  reservations += summary.reservations ?? 0;
  changes += summary.changes ?? 0;
}
say(`${users} users have ${reservations} reservations, which changed ${changes} times`);
let noticed = 0;
for await (const _ of app.lists({ prefix: 'notices/' })) noticed += 1;
say(`${noticed} reservations have notices`);
say(`${receiver.alerts.size} cancellations were told by webhook in this run`);
