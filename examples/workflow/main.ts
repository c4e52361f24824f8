/**
 * `npm run example:workflow`: conversations as workflows, killed in the middle and taken up by
 * another process. See README.md beside this file.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { open } from '../../src/index.ts';
import type { Runs, Store } from '../../src/index.ts';

interface News {
  readonly id: string;
  readonly at: number;
  readonly of: number;
  readonly resumed?: boolean;
  readonly done?: readonly unknown[];
}

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    conversations: { type: 'string', default: '4' },
    pace: { type: 'string', default: '20' },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'holdfast-workflow-'));
const url = `file:${join(folder, 'store.db')}`;

/** Plays until all is done, or, with a limit, until so many messages were said: then kills it. */
async function play(killAfter = Infinity): Promise<Map<string, News>> {
  const script = join(import.meta.dirname, 'player.ts');
  const data = values.data === undefined ? [] : [values.data];
  const args = [script, url, values.conversations, values.pace, ...data];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const latest = new Map<string, News>();
  let said = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const news = JSON.parse(line) as News;
    if (news.resumed === true) console.log(`  ${news.id}: goes on behind message ${news.at}`);
    if (news.done !== undefined) console.log(`  ${news.id}: done, ${String(news.done[0])}`);
    latest.set(news.id, news);
    if (news.resumed === undefined && news.done === undefined) said += 1;
    if (said >= killAfter) child.kill('SIGKILL');
  }
  const code = await ended;
  if (code !== 0 && code !== null) process.exit(code);
  return latest;
}

interface Said {
  readonly role: string;
  readonly content?: unknown;
}

/** Where each run stands: what was said last, and whose turn it is. */
async function showRuns(runs: Runs): Promise<void> {
  for await (const { run, status } of runs.list()) {
    const latest = await runs.latest(run);
    const roles = (latest?.messages as { to: string }[] | undefined)?.map(({ to }) => to);
    const next = roles?.length === 1 ? `, ${roles[0]} is next` : '';
    console.log(`  ${run}: ${status}, checkpoint ${latest?.id}${next}`);
    const loaded = await runs.load(run, latest?.id ?? 0);
    const [last] = loaded?.state.list<Said>('messages').tail(1) ?? [];
    if (last !== undefined) console.log(`    ${last.role}: ${shortened(last)}`);
  }
}

function shortened({ content }: Said): string {
  const text = typeof content === 'string' ? content.replaceAll(/\s+/g, ' ').trim() : '';
  if (text === '') return '(calls a tool)';
  return text.length > 70 ? `${text.slice(0, 69)}…` : text;
}

async function showFork(runs: Runs): Promise<void> {
  for await (const { run } of runs.list()) {
    const last = (await runs.latest(run))?.id ?? 0;
    const middle = last >> 1;
    await runs.fork({ run, checkpoint: middle }, `${run}, tried again`);
    const fork = { run: `${run}, tried again`, checkpoint: 0 };
    const missing = await runs.diff(fork, { run, checkpoint: last });
    console.log(
      `  ${fork.run}: stands at message ${middle}; ${run} differs in ${missing.length} places`,
    );
    return;
  }
}

async function showCalls(store: Store): Promise<void> {
  const calls = store.app('airline').scope<number>('tool calls');
  let total = 0;
  for await (const { key, value } of calls.entries()) {
    console.log(`  ${key}: ${value}`);
    total += value;
  }
  let said = 0;
  const runs = store.app('airline').runs('talk');
  for await (const { run } of runs.list()) {
    const loaded = await runs.load(run, (await runs.latest(run))?.id ?? 0);
    const messages = loaded?.state.list<{ role: string }>('messages').range() ?? [];
    said += messages.filter(({ role }) => role === 'tool').length;
  }
  console.log(`  together ${total}, and ${said} answers of tools in the conversations`);
}

try {
  const count = Number(values.conversations);
  console.log(`${count} conversations, each a workflow: user, assistant, tools`);
  const before = await play(count * 5);
  console.log(`\nkill -9, after ${[...before.values()].map(({ at }) => at).join(', ')} messages`);
  {
    await using store = await open(url, { readOnly: true });
    await showRuns(store.app('airline').runs('talk'));
  }
  console.log('\nAnother process takes them up');
  await play();
  await using store = await open(url);
  console.log('\nWhat the tools did, each call counted in the commit of its step');
  await showCalls(store);
  console.log('\nA fork from the middle of one');
  await showFork(store.app('airline').runs('talk'));
} finally {
  rmSync(folder, { recursive: true });
}
