/**
 * `node worker.ts URL NAME`: an agent. It connects to the host, and keeps no state of its own that
 * matters: it may be killed at any moment.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectWorker, SessionWorker, structuredAgent } from '../../src/sessions/index.ts';
import { answerTo } from './conversation.ts';
import type { Message } from './conversation.ts';

const [url = '', name = ''] = process.argv.slice(2);

const agent = structuredAgent<string>(async (turn) => {
  const messages = turn.state.list<Message>('messages');
  messages.append({ role: 'user', content: turn.input });
  const answer = answerTo(messages.items());
  for (const word of answer.split(/(?<= )/)) {
    turn.emit('word', word);
    await sleep(15);
  }
  messages.append({ role: 'assistant', content: answer });
  return name;
});

connectWorker(new SessionWorker({ agents: { agent }, name }), url, { retryMaxMs: 200 });
