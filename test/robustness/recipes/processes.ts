/** Child processes that use the recipes on one file, and what they report. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { deferred } from '../../../src/internal/deferred.ts';
import type { Reports, Role } from './worker.ts';

const script = join(import.meta.dirname, 'worker.ts');

export interface Started<R extends Role> {
  readonly child: ChildProcess;
  readonly ready: Promise<void>;
  /** Rejects if the process ends without one. */
  readonly report: Promise<Reports[R]>;
  readonly exited: Promise<void>;
  /** Resolves when the process says so. */
  said(what: string): Promise<void>;
}

export function start<R extends Role>(role: R, path: string, options: object = {}): Started<R> {
  const child = fork(script, [role, path, JSON.stringify(options)], { stdio: 'inherit' });
  const said = new Map<string, ReturnType<typeof deferred<void>>>();
  const hear = (what: string): ReturnType<typeof deferred<void>> => {
    let heard = said.get(what);
    if (heard === undefined) said.set(what, (heard = deferred<void>()));
    return heard;
  };
  const report = deferred<Reports[R]>();
  const exited = deferred<void>();
  report.promise.catch(() => undefined);
  child.on('message', (message: string | { readonly report: Reports[R] }) => {
    if (typeof message === 'string') hear(message).resolve();
    else report.resolve(message.report);
  });
  child.once('exit', (code, signal) => {
    report.reject(new Error(`${role} ended with ${code ?? signal}`));
    exited.resolve();
  });
  return {
    child,
    ready: hear('ready').promise,
    report: report.promise,
    exited: exited.promise,
    said: (what) => hear(what).promise,
  };
}

/** Lets all begin at one moment and gathers what they report. */
export async function together<R extends Role>(
  started: readonly Started<R>[],
): Promise<Reports[R][]> {
  await Promise.all(started.map(({ ready }) => ready));
  for (const { child } of started) child.send('start');
  const reports = await Promise.all(started.map(({ report }) => report));
  await Promise.all(started.map(({ exited }) => exited));
  return reports;
}
