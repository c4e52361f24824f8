/**
 * A conversation of an airline's agent as a workflow: assistant → tools → assistant → user → …
 *
 * The recorded messages stand in for the model, the tools and the customer. What matters is what
 * happens around them: each message is a step, each step a commit and a checkpoint, and what a tool
 * did to the app's state is in the same commit.
 */
import type { App } from '../../src/index.ts';
import { switchOn, workflow } from '../../src/workflow/index.ts';
import type { Handler, Workflow } from '../../src/workflow/index.ts';
import type { Conversation, Message } from '../airline/data/shapes.ts';

/** Whose turn it is. */
interface Turn {
  readonly next: Message['role'];
}

/** Where a turn leads; the system's first words are said on the customer's side. */
const turns = { assistant: 'assistant', tool: 'tools', user: 'user', system: 'user' };

/** `pace` is waited for before each message, so that there is time to kill it. */
export function talk(app: App, conversation: Conversation, pace: () => Promise<void>): Workflow {
  const calls = app.scope<number>('tool calls');

  /** Says the next recorded message, and passes the turn on. */
  const speak: Handler = async (_turn: Turn, context) => {
    await pace();
    const said = context.state.list<Message>('messages');
    const message = conversation.messages[said.length];
    if (message === undefined) return;
    said.append(message);
    if (message.role === 'tool') {
      context.app.update(calls, message.name ?? 'unknown', [{ op: 'increment' }]);
    }
    const next = conversation.messages[said.length];
    if (next === undefined) context.output(`${said.length} messages`);
    else context.send({ next: next.role });
  };
  const turnOf = ({ next }: Turn) => next;
  return workflow({
    name: 'talk',
    start: 'user',
    executors: { user: speak, assistant: speak, tools: { handle: speak, attempts: 3 } },
    edges: ['user', 'assistant', 'tools'].map((from) => {
      return switchOn(from, 'whose turn', turnOf, turns);
    }),
  });
}
