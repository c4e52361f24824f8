/**
 * What a turn takes besides the handler's work: the worker is another process, behind a WebSocket
 * on loopback, the store a file. The contenders take turns, conversation by conversation.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from '../../src/index.ts';
import { serveWorkers, SessionHost, sqliteCodec } from '../../src/sessions/index.ts';
import { quantile } from '../measure.ts';
import type { Report } from '../report.ts';
import { contenderNames, contenders, patchCodec, snapshotCodec } from './contenders.ts';
import type { Contender } from './contenders.ts';
import type { Replay } from './conversations.ts';

interface Times {
  /** Milliseconds, by the turn's place in its session, from 0. */
  readonly byTurn: number[][];
  cpuMs: number;
}

export interface Stage {
  turn(contender: Contender, session: string, id: string, input: unknown): Promise<void>;
  close(): Promise<void>;
}

export async function measureTimes(
  report: Report,
  replays: readonly Replay[],
  durability: 'sync' | 'relaxed',
): Promise<void> {
  const stage = await openStage(durability);
  const times = newTimes();
  for (const [place, replay] of [...replays.slice(0, 4), ...replays].entries()) {
    const rotated = contenderNames.map((_, index) => {
      return contenderNames[(index + place) % contenderNames.length] as Contender;
    });
    for (const contender of rotated) {
      // The first four only warm up.
      await replayed(stage, contender, replay, place, place < 4 ? undefined : times[contender]);
    }
  }
  await stage.close();
  for (const contender of contenderNames) {
    const { byTurn, cpuMs } = times[contender];
    const hot = byTurn.slice(1).flat();
    const p50 = quantile(hot, 0.5);
    const isJudged = contender === 'structured' && durability === 'relaxed';
    report.add({
      question: `a hot turn, ${durability}: ${contenders[contender]}`,
      target: isJudged ? 'below 1 ms p50' : 'to compare; milliseconds',
      met: isJudged ? p50 < 1 : undefined,
      figures: { p50, p99: quantile(hot, 0.99), 'host CPU': cpuMs / byTurn.flat().length },
    });
  }
}

async function replayed(
  stage: Stage,
  contender: Contender,
  { id, turns }: Replay,
  place: number,
  times: Times | undefined,
): Promise<void> {
  const session = `${contender} ${place} ${id}`;
  for (const [index, input] of turns.entries()) {
    const cpu = process.cpuUsage();
    const start = performance.now();
    await stage.turn(contender, session, `${index}`, input);
    const ms = performance.now() - start;
    if (times === undefined) continue;
    const { user, system } = process.cpuUsage(cpu);
    times.cpuMs += (user + system) / 1000;
    (times.byTurn[index] ??= []).push(ms);
  }
}

/** Sixty turns in one session, many times: does a turn of a long session cost more? */
export async function measureFlatness(report: Report, replays: readonly Replay[]): Promise<void> {
  const stage = await openStage('relaxed');
  const turns = replays.flatMap((replay) => replay.turns);
  const length = 60;
  const sessions = 40;
  const times = newTimes();
  for (let place = 0; place < sessions; place += 1) {
    const own = Array.from({ length: length + 1 }, (_, index) => {
      return turns[(place * 31 + index * 7) % turns.length] ?? [];
    });
    for (const contender of contenderNames) {
      const replay = { id: 'long', turns: own };
      await replayed(stage, contender, replay, place, place < 4 ? undefined : times[contender]);
    }
  }
  await stage.close();
  for (const contender of contenderNames) {
    const { byTurn } = times[contender];
    const early = quantile(byTurn.slice(1, 6).flat(), 0.5);
    const late = quantile(byTurn.slice(length - 5).flat(), 0.5);
    const isJudged = contender === 'structured';
    report.add({
      question: `turns 55-60 of a session against turns 2-6: ${contenders[contender]}`,
      target: isJudged ? 'at most 1.25' : 'to compare',
      met: isJudged ? late / early <= 1.25 : undefined,
      figures: { 'ratio of p50': late / early, 'early ms': early, 'late ms': late },
    });
  }
}

function newTimes(): Record<Contender, Times> {
  const entries = contenderNames.map((name): [Contender, Times] => [
    name,
    { byTurn: [], cpuMs: 0 },
  ]);
  return Object.fromEntries(entries) as Record<Contender, Times>;
}

async function openStage(durability: 'sync' | 'relaxed'): Promise<Stage> {
  const folder = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'holdfast-sessions-'));
  const store = await open(`file:${join(folder, 'store.db')}`);
  const codecs = [sqliteCodec, patchCodec, snapshotCodec];
  const host = new SessionHost(store.app('bench'), { codecs, durability, workerWaitMs: 20_000 });
  const server = createServer();
  serveWorkers(server, host);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const script = new URL('./children/worker.ts', import.meta.url).pathname;
  const url = `ws://127.0.0.1:${port}/sessions/worker`;
  const child = spawn(process.execPath, [script, url], { stdio: 'inherit' });
  return {
    async turn(contender, session, id, input) {
      await host.turn({ session, id, agent: contender, input });
    },
    async close() {
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await ended;
      await host.close();
      await store.close();
      server.close();
      rmSync(folder, { recursive: true });
    },
  };
}
