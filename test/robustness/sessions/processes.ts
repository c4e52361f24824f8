/** A host and workers as processes, which are killed and started again. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { TurnDone, TurnRequest } from '../../../src/sessions/index.ts';

export class Processes {
  readonly #store: string;
  #port = 0;
  #host: ChildProcess | undefined;
  readonly #workers: ChildProcess[] = [];
  #complaints = '';
  #isOver = false;

  constructor(store: string) {
    this.#store = store;
  }

  /** What processes wrote to their error output. */
  get complaints(): string {
    return this.#complaints;
  }

  /** Starts the host, on the same port as before. */
  async startHost(): Promise<void> {
    const child = this.#start('host.ts', this.#store, String(this.#port));
    this.#host = child;
    const line = await new Promise<string>((resolve, reject) => {
      child.stdout?.once('data', (data: Buffer) => resolve(data.toString()));
      child.once('close', () => reject(new Error(`the host ended: ${this.#complaints}`)));
    });
    this.#port = (JSON.parse(line) as { port: number }).port;
  }

  async restartHost(): Promise<void> {
    await ended(this.#host);
    await this.startHost();
  }

  /** Stops the host where it is, in the middle of whatever it does. */
  pauseHost(): void {
    this.#host?.kill('SIGSTOP');
  }

  resumeHost(): void {
    this.#host?.kill('SIGCONT');
  }

  async killHost(): Promise<void> {
    await ended(this.#host);
  }

  startWorker(index: number, name = `w${index}`): void {
    const url = `ws://127.0.0.1:${this.#port}/sessions/worker`;
    this.#workers[index] = this.#start('worker.ts', url, name);
  }

  async restartWorker(index: number): Promise<void> {
    await ended(this.#workers[index]);
    this.startWorker(index);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all([this.#host, ...this.#workers].map((child) => ended(child)));
  }

  /** Asks until the turn is done, whoever dies meanwhile. A host that is paused is waited for. */
  async turn({ session, ...body }: TurnRequest): Promise<TurnDone> {
    const path = `/sessions/${encodeURIComponent(session)}/turns`;
    for (;;) {
      const response = await this.#ask(path, body);
      if (response?.ok === true) {
        const outcome = (await response.json().catch(() => undefined)) as TurnDone | undefined;
        if (outcome !== undefined) return outcome;
      } else if (response !== undefined && response.status < 500) {
        const text = await response.text();
        if (!text.includes('"retryable":true')) throw new Error(text);
      }
      if (this.#isOver) throw new Error('the processes were stopped');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Undefined: nobody answered. */
  async #ask(path: string, body: object): Promise<Response | undefined> {
    try {
      return await fetch(`http://127.0.0.1:${this.#port}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    } catch {
      return undefined;
    }
  }

  #start(script: string, ...args: string[]): ChildProcess {
    const child = spawn(process.execPath, [join(import.meta.dirname, script), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stderr.on('data', (data: Buffer) => {
      this.#complaints += data.toString();
    });
    return child;
  }
}

async function ended(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await closed;
}
