/**
 * The way to a server or a cluster: one ordered stream of commands, and one connection that
 * listens.
 *
 * C1. No commit is ever sent twice by itself: the driver neither queues commands while it has no
 *     connection nor repeats those whose answer was lost. A cluster's redirections are followed,
 *     since a redirected command was not carried out. Only reads are asked again.
 * C2. A call waits for a connection, and then for its answer, each for at most `timeoutMs`.
 * C3. Commands of one connection are answered in order; what was read later is newer.
 *
 * Waiting here is paced by the machine's clock, whatever clock the store is judged by.
 */
import type { Cluster, Redis } from 'ioredis';
import { HoldfastError, isHoldfastError } from '../../../errors/index.ts';
import { systemClock } from '../../../internal/clock.ts';
import type { Reply } from '../encoding.ts';
import type { Script } from '../scripts/script.ts';
import type { Address } from './address.ts';
import { clientOf, loadDriver } from './driver.ts';
import { explain, isReply, refusalOf } from './errors.ts';
import { scriptCallClass } from './script-call.ts';
import type { Argument, ScriptCallClass } from './script-call.ts';

/** How often a call that waits for a connection looks for it. */
const readyPollMs = 10;

export class Connection {
  readonly address: Address;
  readonly timeoutMs: number;
  readonly #client: Redis | Cluster;
  readonly #listener: Redis | Cluster;
  readonly #ScriptCall: ScriptCallClass;
  #lastError: unknown;
  #isClosed = false;
  #generation = 0;

  private constructor(
    address: Address,
    timeoutMs: number,
    client: Redis | Cluster,
    listener: Redis | Cluster,
    ScriptCall: ScriptCallClass,
  ) {
    this.address = address;
    this.timeoutMs = timeoutMs;
    this.#client = client;
    this.#listener = listener;
    this.#ScriptCall = ScriptCall;
    client.on('error', (error: unknown) => {
      this.#lastError = error;
    });
    client.on('ready', () => {
      this.#lastError = undefined;
      this.#generation += 1;
    });
    client.on('+node', () => {
      this.#generation += 1;
    });
    // What keeps the listener from listening is made up for by looking.
    listener.on('error', () => undefined);
  }

  /** Resolves when there is a connection; throws `unavailable` if there is none in time. */
  static async open(address: Address, busyTimeoutMs: number): Promise<Connection> {
    const driver = await loadDriver();
    const timeoutMs = address.timeoutMs ?? busyTimeoutMs;
    const make = () => clientOf(driver, address, timeoutMs);
    const ScriptCall = scriptCallClass(driver);
    const connection = new Connection(address, timeoutMs, make(), make(), ScriptCall);
    try {
      await connection.#ready();
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  get isCluster(): boolean {
    return this.address.isCluster;
  }

  /** Another one after each time that a server may have been another one. */
  get generation(): number {
    return this.#generation;
  }

  /** For messages. */
  get where(): string {
    return this.address.shown;
  }

  /** Throws the driver's own errors: whoever writes has to tell the doubtful ones apart. */
  async run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    await this.#ready();
    try {
      return await this.#callScript('EVALSHA', script.hash, keys, args);
    } catch (error) {
      // Scripts are forgotten by a restart, and unknown to a replica that was promoted.
      if (!isReply(error) || !(error as Error).message.startsWith('NOSCRIPT')) throw error;
      return this.#callScript('EVAL', script.text, keys, args);
    }
  }

  /**
   * Runs a script that may run twice; throws what a caller can act on. A connection that breaks is
   * made good within `timeoutMs`.
   */
  async ask(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    const start = systemClock.monotonic();
    for (;;) {
      try {
        return await this.run(script, keys, args);
      } catch (error) {
        const isOver = systemClock.monotonic() - start >= this.timeoutMs;
        if (isOver || this.#isClosed || isReply(error) || isHoldfastError(error)) {
          throw explain(error, this.where);
        }
        await systemClock.sleep(readyPollMs);
      }
    }
  }

  async call(command: string, ...args: Argument[]): Promise<Reply> {
    try {
      await this.#ready();
      return (await this.#client.callBuffer(command, ...args)) as Reply;
    } catch (error) {
      throw explain(error, this.where);
    }
  }

  /** A command that has no key: on every primary. */
  async callAll(command: string, ...args: string[]): Promise<Reply[]> {
    try {
      await this.#ready();
      const sent = this.#primaries().map(
        (node) => node.callBuffer(command, ...args) as Promise<Reply>,
      );
      return await Promise.all(sent);
    } catch (error) {
      throw explain(error, this.where);
    }
  }

  /**
   * Runs a script and has the server wait until `wait` replicas have its effects. Returns the
   * script's reply and how many do.
   */
  async runReplicated(
    script: Script,
    keys: readonly string[],
    args: readonly Argument[],
  ): Promise<{ readonly reply: Reply; readonly replicas: number }> {
    await this.#ready();
    const { wait, waitMs } = this.address;
    const send = async (command: string, body: string) => {
      const results = await this.#client
        .pipeline()
        .callBuffer(command, body, keys.length, ...keys, ...args)
        .call('WAIT', wait, waitMs)
        .exec();
      const [[error, reply] = [], [waitError, replicas] = []] = results ?? [];
      if (error) throw error;
      return { reply: reply as Reply, replicas: waitError ? 0 : Number(replicas) };
    };
    try {
      return await send('EVALSHA', script.hash);
    } catch (error) {
      if (!isReply(error) || !(error as Error).message.startsWith('NOSCRIPT')) throw error;
      return send('EVAL', script.text);
    }
  }

  /** Calls `heard` for each message, and `ready` whenever listening begins (again). */
  listen(channel: string, heard: (message: string) => void, ready: () => void): void {
    const subscribe = () => {
      this.#listener.subscribe(channel).then(ready, () => undefined);
    };
    this.#listener.on('message', (from: string, message: string) => {
      if (from === channel) heard(message);
    });
    this.#listener.on('ready', subscribe);
    if (this.#listener.status === 'ready') subscribe();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listener.disconnect();
    this.#client.disconnect();
  }

  #primaries(): Redis[] {
    const client = this.#client as Redis & Partial<Pick<Cluster, 'nodes'>>;
    return this.isCluster && client.nodes !== undefined ? client.nodes('master') : [client];
  }

  #callScript(
    command: 'EVALSHA' | 'EVAL',
    script: string,
    keys: readonly string[],
    args: readonly Argument[],
  ): Promise<Reply> {
    const call = new this.#ScriptCall(command, script, keys, args);
    this.#client.sendCommand(call);
    return call.promise as Promise<Reply>;
  }

  async #ready(): Promise<void> {
    if (this.#isReady()) return;
    if (this.#isClosed) throw new HoldfastError('closed', `${this.where} was closed`);
    const start = systemClock.monotonic();
    while (!this.#isReady()) {
      const refusal = refusalOf(this.#lastError, this.where);
      if (refusal !== undefined) throw refusal;
      if (this.#isClosed || systemClock.monotonic() - start >= this.timeoutMs) {
        const cause = this.#lastError;
        const reason = cause instanceof Error ? cause.message : 'no connection';
        const message = `${this.where}: no connection within ${this.timeoutMs} ms (${reason})`;
        throw new HoldfastError('unavailable', message, {
          details: { server: this.where, reason },
          cause,
        });
      }
      await systemClock.sleep(readyPollMs);
    }
  }

  #isReady(): boolean {
    return this.#client.status === 'ready';
  }
}
