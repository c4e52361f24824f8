/**
 * `npm run bench -- load [quick]`: 1,000 connections with 10,000 watches and mixed traffic on one
 * server with a SQLite file, on this machine. Is there an error, does memory grow, what does one
 * app that asks for all it can get do to the others, and does a restart lose anything?
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median, medianInterval } from '../measure.ts';
import { Report } from '../report.ts';
import { Crowd } from './crowd.ts';
import type { Pace } from './crowd.ts';

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
  readonly tokens: Readonly<Record<string, string>>;
}

interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
}

const apps = Array.from({ length: 20 }, (_, index) => `app${index}`);
const full = {
  connections: 1000,
  watchesEach: 10,
  callsPerSecond: 500,
  seconds: 15,
  beside: { pairs: 9, seconds: 8 },
};
const quick = {
  connections: 200,
  watchesEach: 10,
  callsPerSecond: 200,
  seconds: 3,
  beside: { pairs: 2, seconds: 2 },
};
const leadSeconds = 2;
const mebibyte = 2 ** 20;

async function start(store: string, port: number, forApps: readonly string[]): Promise<Started> {
  const child = fork(join(import.meta.dirname, 'children/serve.ts'), [
    `file:${store}`,
    String(port),
    ...forApps,
  ]);
  const [said] = (await once(child, 'message')) as [Omit<Started, 'child'>];
  return { child, ...said };
}

async function memoryOf({ child }: Started): Promise<Memory> {
  child.send('memory');
  const [memory] = (await once(child, 'message')) as [Memory];
  return memory;
}

export async function run(args: readonly string[]): Promise<void> {
  const isQuick = args.includes('quick');
  const terms = isQuick ? quick : full;
  const report = new Report('load');
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-load-'));
  const path = join(folder, 'store.db');
  const server = await start(path, 0, [...apps, 'noisy']);
  const { noisy = '', ...tokens } = server.tokens;
  const crowd = new Crowd({ url: server.url, tokens, ...terms });
  await crowd.gather();
  await steady(report, crowd, server, terms.seconds);
  await beside(report, crowd, { ...terms.beside, url: server.url, token: noisy });
  const second = await restart(report, crowd, server, { path, seconds: terms.seconds });
  await crowd.leave();
  second.child.send('drain');
  await once(second.child, 'exit');
  await rm(folder, { recursive: true, force: true });
  if (!isQuick) report.write();
}

async function steady(
  report: Report,
  crowd: Crowd,
  server: Started,
  seconds: number,
): Promise<void> {
  // The first round fills caches and the log's ring.
  await crowd.act(seconds);
  const before = await memoryOf(server);
  const one = await crowd.act(seconds);
  const two = await crowd.act(seconds);
  const after = await memoryOf(server);
  const missed = await crowd.missed();
  report.add({
    question: 'mixed traffic of all connections: errors, and events that a watch missed',
    target: 'none',
    met: crowd.errors.length === 0 && missed === 0,
    figures: {
      calls: one.calls + two.calls,
      errors: crowd.errors.length,
      missed,
      'p50 ms': two.p50,
      'p99 ms': two.p99,
      ...(crowd.errors[0] === undefined ? {} : { first: crowd.errors[0] }),
    },
  });
  report.add({
    question: 'memory of the server, before and after two rounds, in MiB',
    target: 'heap grows by less than 10 %',
    met: after.heapUsed < before.heapUsed * 1.1,
    figures: {
      'heap before': before.heapUsed / mebibyte,
      'heap after': after.heapUsed / mebibyte,
      'resident before': before.rss / mebibyte,
      'resident after': after.rss / mebibyte,
    },
  });
}

async function beside(
  report: Report,
  crowd: Crowd,
  { url, token, pairs, seconds }: { url: string; token: string; pairs: number; seconds: number },
): Promise<void> {
  const noise = fork(join(import.meta.dirname, 'children/noise.ts'), [url, token]);
  await once(noise, 'message');
  const tell = async (what: 'start' | 'stop'): Promise<number> => {
    noise.send(what);
    const [{ done }] = (await once(noise, 'message')) as [{ done: number }];
    return done;
  };
  const rounds: { readonly quiet: Pace; readonly loud: Pace }[] = [];
  let calls = 0;
  for (let pair = 0; pair < pairs; pair += 1) {
    const quiet = await crowd.act(seconds);
    await tell('start');
    // The first moments are those of caches and of code that is not compiled yet.
    await crowd.act(leadSeconds);
    const loud = await crowd.act(seconds);
    calls = await tell('stop');
    rounds.push({ quiet, loud });
  }
  noise.disconnect();
  await once(noise, 'exit');
  const ratios = rounds.map(({ quiet, loud }) => loud.p99 / quiet.p99);
  const [low, high] = medianInterval(ratios);
  const middle = (of: (round: (typeof rounds)[number]) => number): number => median(rounds.map(of));
  report.add({
    question: 'p99 of the others while one app asks for all it can get, in ms',
    target: 'at most 2x of without it',
    met: median(ratios) <= 2,
    figures: {
      ratio: median(ratios),
      low,
      high,
      pairs,
      'p99 without': middle(({ quiet }) => quiet.p99),
      'p99 with': middle(({ loud }) => loud.p99),
      'p50 without': middle(({ quiet }) => quiet.p50),
      'p50 with': middle(({ loud }) => loud.p50),
      'calls of the noisy app': calls,
    },
  });
}

async function restart(
  report: Report,
  crowd: Crowd,
  server: Started,
  { path, seconds }: { path: string; seconds: number },
): Promise<Started> {
  const errors = crowd.errors.length;
  const acting = crowd.act(seconds);
  server.child.send('drain');
  const begun = performance.now();
  await once(server.child, 'exit');
  const second = await start(path, Number(new URL(server.url).port), []);
  const awayMs = performance.now() - begun;
  const { calls } = await acting;
  const missed = await crowd.missed();
  const astray = await crowd.astray();
  report.add({
    question: 'a drained restart under traffic: errors, commits lost or doubled, events missed',
    target: 'none',
    met: crowd.errors.length === errors && missed === 0 && astray === 0,
    figures: { calls, errors: crowd.errors.length - errors, astray, missed, 'away ms': awayMs },
  });
  return second;
}
