/**
 * `node player.ts STORE CONVERSATIONS PACE [DATA]`: plays conversations on a store, all at once, or
 * goes on with them where they are, and tells each step as a line of JSON. Kill it when you like.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { open } from '../../src/index.ts';
import { execute } from '../../src/workflow/index.ts';
import { madeDataset } from '../airline/data/made.ts';
import { readRecorded } from '../airline/data/recorded.ts';
import type { Conversation } from '../airline/data/shapes.ts';
import { talk } from './talk.ts';

const [url = '', count = '', pace = '0', data] = process.argv.slice(2);
const dataset = data === undefined ? madeDataset() : await readRecorded(data);
// Nobody else waits longer than this for runs whose process was killed.
await using store = await open(url, { memberTtlMs: 1000 });
const app = store.app('airline');

async function play(conversation: Conversation): Promise<void> {
  const { id } = conversation;
  const of = conversation.messages.length;
  const flow = talk(app, conversation, () => sleep(Number(pace)));
  const input = { next: 'user' };
  const maxSteps = of + 1;
  for await (const event of execute(app, flow, { run: id, input, maxSteps, waitMs: 30_000 })) {
    if (event.type === 'started') tell({ id, of, at: event.checkpoint, resumed: event.isResumed });
    if (event.type === 'checkpoint') tell({ id, of, at: event.checkpoint });
    if (event.type === 'completed') tell({ id, of, at: of, done: event.outputs });
    if (event.type === 'failed') throw event.error;
  }
}

function tell(news: object): void {
  console.log(JSON.stringify(news));
}

await Promise.all(dataset.conversations.slice(0, Number(count)).map((one) => play(one)));
