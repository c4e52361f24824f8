/**
 * A private server of a test run: on a port of its own, with data of its own, and gone with the
 * process that started it (`keeper.ts`).
 */
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf, signalTo } from './keeper.ts';
import type { KeeperNews, KeeperSpec } from './keeper.ts';

export interface ServerSpec {
  /** What it is, for messages: `Postgres`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly folder: ServerFolder;
  readonly stopSignal: NodeJS.Signals;
  /** Resolves once it answers; throws while it does not. */
  ready(): Promise<void>;
}

export interface ServerFolder {
  readonly path: string;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

/** A certificate for the loopback with its key, and the authority that vouches for it. */
export const tlsFolder = join(import.meta.dirname, 'tls');
export const authorityFile = join(tlsFolder, 'authority.pem');

const readyWithinMs = 60_000;

/**
 * A new temporary folder for a server. Where the tests run as root, which servers refuse to do, it
 * belongs to the first of `users` that there is.
 */
export function serverFolder(prefix: string, users: readonly string[]): ServerFolder {
  const path = mkdtempSync(join(tmpdir(), prefix));
  if (process.getuid?.() !== 0) return { path, uid: undefined, gid: undefined };
  const accounts = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const user of [...users, 'nobody']) {
    const fields = accounts.find((line) => line.startsWith(`${user}:`))?.split(':');
    if (fields === undefined) continue;
    const [uid, gid] = [Number(fields[2]), Number(fields[3])];
    chownSync(path, uid, gid);
    return { path, uid, gid };
  }
  throw new Error(`servers do not run as root, and there is none of ${users.join(', ')}, nobody`);
}

/** A port of the loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export class Server implements AsyncDisposable {
  readonly #spec: ServerSpec;
  readonly #keeper: ChildProcessByStdio<Writable, Readable, null>;
  #pid: number | undefined;
  #changed = Promise.withResolvers<void>();

  private constructor(spec: ServerSpec) {
    this.#spec = spec;
    const { command, args, stopSignal } = spec;
    const { path: folder, uid, gid } = spec.folder;
    const keeperSpec: KeeperSpec = { command, args, folder, uid, gid, stopSignal };
    const keeper = join(import.meta.dirname, 'keeper.ts');
    this.#keeper = spawn(process.execPath, [keeper, JSON.stringify(keeperSpec)], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    });
    this.#keeper.stdin.on('error', () => undefined);
    createInterface({ input: this.#keeper.stdout }).on('line', (line) => {
      const news = JSON.parse(line) as KeeperNews;
      this.#pid = news.kind === 'started' ? news.pid : undefined;
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    });
  }

  static async start(spec: ServerSpec): Promise<Server> {
    const server = new Server(spec);
    await server.#untilReady();
    return server;
  }

  get pid(): number {
    if (this.#pid === undefined) throw new Error(`${this.#spec.name} is not running`);
    return this.#pid;
  }

  /** What the server has written, for the message of a test that fails. */
  get log(): string {
    const path = join(this.#spec.folder.path, 'server.log');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** Ends the server with this signal; its data stay for `restart`. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const children = childrenOf(this.pid);
    process.kill(this.pid, signal);
    while (this.#pid !== undefined) await this.#changed.promise;
    // Orphans of a killed server end by themselves; until then its data are in use.
    while (children.some((pid) => existsSync(`/proc/${pid}`))) await sleep(5);
  }

  /** Starts the server again after `kill`. */
  async restart(): Promise<void> {
    this.#keeper.stdin.write('start\n');
    await this.#untilReady();
  }

  /** Stops all its processes where they are: sockets stay open and nobody answers. */
  pause(): void {
    for (const pid of this.#processes()) signalTo(pid, 'SIGSTOP');
  }

  resume(): void {
    for (const pid of this.#processes()) signalTo(pid, 'SIGCONT');
  }

  /** Stops it for good and removes its data. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#keeper.exitCode !== null) return;
    const ended = once(this.#keeper, 'exit');
    this.#keeper.stdin.end();
    await ended;
  }

  #processes(): number[] {
    return [this.pid, ...childrenOf(this.pid)];
  }

  async #untilReady(): Promise<void> {
    const { name, ready } = this.#spec;
    const deadline = performance.now() + readyWithinMs;
    let begun = this.#pid !== undefined;
    for (;;) {
      begun ||= this.#pid !== undefined;
      if (begun && this.#pid === undefined) throw new Error(`${name} has ended:\n${this.log}`);
      try {
        if (begun) return await ready();
      } catch (error) {
        if (performance.now() > deadline) {
          throw new Error(`${name} does not answer:\n${this.log}`, { cause: error });
        }
      }
      await Promise.race([sleep(20), this.#changed.promise]);
    }
  }
}
