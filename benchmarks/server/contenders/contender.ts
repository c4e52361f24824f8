/** A durable store behind a server of this machine, as its users' own client reaches it. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

export interface Connection {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<unknown>;
  close(): Promise<unknown>;
}

export interface Contender {
  readonly name: string;
  connect(): Promise<Connection>;
  /** Microseconds of CPU that the server has used. */
  serverCpu(): Promise<number>;
  close(): Promise<void>;
}

/** A server's process, its folder and its port. */
export class OwnServer {
  readonly port: number;
  readonly folder: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number, folder: string) {
    this.#child = child;
    this.port = port;
    this.folder = folder;
  }

  static async start(
    command: string,
    args: (port: number, folder: string) => readonly string[],
  ): Promise<OwnServer> {
    const folder = await mkdtemp(join(tmpdir(), `holdfast-bench-${command}-`));
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    const child = spawn(command, args(port, folder), { stdio: 'ignore' });
    await once(child, 'spawn');
    return new OwnServer(child, port, folder);
  }

  /** Microseconds of CPU that it has used, as Linux counts them: in steps of 10,000. */
  cpu(): Promise<number> {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8');
    const fields = stat.split(') ')[1]?.split(' ');
    return Promise.resolve((Number(fields?.[11]) + Number(fields?.[12])) * tickMicros);
  }

  async stop(): Promise<void> {
    this.#child.kill();
    await once(this.#child, 'exit');
    await rm(this.folder, { recursive: true, force: true });
  }
}

const tickMicros = 10_000;

/** Asks again until the server is up. */
export async function whenUp<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (tries === 100) throw error;
      await sleep(100);
    }
  }
}

const peer = join(import.meta.dirname, '../peer');
export const howToInstall = 'npm install --ignore-scripts --prefix benchmarks/server/peer';
export const arePeersInstalled = existsSync(join(peer, 'node_modules/etcd3'));

/** A module of the libraries that are installed apart. */
export async function peerModule<T>(path: string): Promise<T> {
  return (await import(pathToFileURL(join(peer, 'node_modules', path)).href)) as T;
}
