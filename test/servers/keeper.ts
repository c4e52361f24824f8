/**
 * Keeps one server process and ends it with the process that wanted it.
 *
 * K1. When its standard input ends, for whatever reason (the tests are done, interrupted or
 *     killed), the server is stopped and its folder removed. Nothing else ever is.
 * K2. `start` on standard input starts the server again after it has ended.
 *
 * It is a process of its own because nothing in a test process runs after SIGKILL.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface KeeperSpec {
  readonly command: string;
  readonly args: readonly string[];
  /** The server's, removed with it. It holds `server.log`. */
  readonly folder: string;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** Ends the server at once and in order. */
  readonly stopSignal: NodeJS.Signals;
}

/** What the keeper prints, a line each. */
export type KeeperNews =
  | { readonly kind: 'started'; readonly pid: number }
  | { readonly kind: 'ended'; readonly code: number | null; readonly signal: string | null };

/** The processes that `pid` has started and that are still there. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      // The second field may hold blanks and brackets; the parent is the second behind it.
      const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
      return Number(parent) === pid ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

const killAfterMs = 3000;

function keep(spec: KeeperSpec): void {
  let server: ChildProcess | undefined;
  let ending = false;

  function tell(news: KeeperNews): void {
    process.stdout.write(`${JSON.stringify(news)}\n`);
  }

  function finish(): void {
    rmSync(spec.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    process.exit(0);
  }

  function start(): void {
    const log = openSync(join(spec.folder, 'server.log'), 'a');
    const { uid, gid } = spec;
    const child = spawn(spec.command, spec.args, {
      cwd: spec.folder,
      stdio: ['ignore', log, log],
      // A group of its own: an interrupt at the terminal reaches the tests alone.
      detached: true,
      env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', TZ: 'UTC' },
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
    server = child;
    child.on('spawn', () => tell({ kind: 'started', pid: child.pid ?? 0 }));
    child.on('error', () => undefined);
    child.on('close', (code, signal) => {
      if (server === child) server = undefined;
      if (ending) finish();
      else tell({ kind: 'ended', code, signal });
    });
  }

  function end(): void {
    if (ending) return;
    ending = true;
    const pid = server?.pid;
    if (server === undefined || pid === undefined) finish();
    else {
      // What was paused hears of no other signal.
      for (const paused of [pid, ...childrenOf(pid)]) signalTo(paused, 'SIGCONT');
      server.kill(spec.stopSignal);
      setTimeout(() => server?.kill('SIGKILL'), killAfterMs);
    }
  }

  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', end);
  process.stdout.on('error', end);
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    if (line === 'start' && server === undefined) start();
  });
  lines.on('close', end);
  start();
}

/** Signals a process that may have ended in the meantime. */
export function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended in the meantime.
  }
}

if (import.meta.main) keep(JSON.parse(process.argv[2] ?? '{}') as KeeperSpec);
