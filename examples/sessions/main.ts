/**
 * `node examples/sessions/main.ts`: a conversation that two workers share. One of them is killed in
 * the middle of a sentence; whoever talks to the agent does not notice.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { open } from '../../src/index.ts';
import { serveWorkers, SessionHost } from '../../src/sessions/index.ts';
import type { TurnEvent } from '../../src/sessions/index.ts';
import { questions } from './conversation.ts';
import type { Message } from './conversation.ts';

const session = 'trip/ada';
/** The turn and the word of it at which the worker is killed. */
const killedIn = { turn: 3, word: 14 };

await using store = await open('memory:');
await using host = new SessionHost(store.app('travel'), { workerWaitMs: 60_000 });
const server = createServer();
serveWorkers(server, host);
await new Promise<void>((resolve) => {
  server.listen(0, '127.0.0.1', resolve);
});
const { port } = server.address() as AddressInfo;
const workers = new Map(['Mila', 'Noor'].map((name) => [name, startWorker(name)]));

const screen: string[] = [];
for (const [index, question] of questions.entries()) await turn(index + 1, question);
await summary();
for (const worker of workers.values()) worker.kill();
server.close();

function startWorker(name: string): ChildProcess {
  const script = join(import.meta.dirname, 'worker.ts');
  const url = `ws://127.0.0.1:${port}/sessions/worker`;
  return spawn(process.execPath, [script, url, name], { stdio: 'inherit' });
}

async function turn(number: number, question: string): Promise<void> {
  say(`\nAda    ${question}\nAgent  `);
  screen.push(question);
  const words: string[] = [];
  const outcome = await host.turn({
    session,
    id: `turn ${number}`,
    agent: 'agent',
    input: question,
    onEvent: (event) => show(event, number, words),
  });
  if (outcome.kind === 'conflict') throw new Error('somebody else talks in this session');
  screen.push(words.join(''));
  const { version, worker, attempts } = outcome;
  const again = attempts > 1 ? `, who began anew: attempt ${attempts}` : '';
  say(`\n       [version ${version}, by ${worker}${again}]\n`);
}

/**
 * A second attempt says everything again; what is on the screen already is not shown twice. An
 * agent that may choose other words would have the screen take back those of the first attempt.
 */
function show({ index, data }: TurnEvent, number: number, words: string[]): void {
  if (index < words.length) return;
  words.push(String(data));
  say(String(data));
  if (number === killedIn.turn && words.length === killedIn.word) killWhoeverSpeaks();
}

function killWhoeverSpeaks(): void {
  const name = host.workers().find(({ open: turns }) => turns > 0)?.name ?? '';
  workers.get(name)?.kill('SIGKILL');
  say(`\n       [kill -9 of ${name}]\n       `);
}

async function summary(): Promise<void> {
  const stored = await host.session(session).items<Message>('messages');
  const isSame = stored.map(({ content }) => content).join('\n') === screen.join('\n');
  say(`\n${stored.length} messages are stored, ${screen.length} were on the screen: `);
  say(isSame ? 'the same, each once.\n' : 'they differ!\n');
  if (!isSame) process.exitCode = 1;
}

function say(text: string): void {
  process.stdout.write(text);
}
