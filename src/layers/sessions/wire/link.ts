/**
 * A connection between a host and a worker: frames in, frames out, in order.
 *
 * N1. Frames arrive whole and in the order in which they were sent, none twice.
 * N2. `closed` is called once, after the last frame; what was sent last may not have arrived.
 */

export interface LinkListener {
  /** One whole frame. */
  frame(bytes: Uint8Array): void;
  /** The other side is gone, or this one closed. */
  closed(error?: unknown): void;
}

/**
 * Whatever carries bytes both ways: those over WebSockets and through a server are made already.
 *
 * @example
 * import { MessageChannel } from 'node:worker_threads';
 * import type { MessagePort } from 'node:worker_threads';
 * import { SessionWorker, structuredAgent } from 'holdfast/sessions';
 * import type { Link } from 'holdfast/sessions';
 *
 * const linkOver = (port: MessagePort): Link => ({
 *   send: (frame) => port.postMessage(frame),
 *   close: () => port.close(),
 *   listen(listener) {
 *     port.on('message', (frame: Uint8Array) => listener.frame(frame));
 *     port.on('close', () => listener.closed());
 *   },
 * });
 * const { port1, port2 } = new MessageChannel();
 * const echo = structuredAgent<string, string>(({ input }) => input);
 * host.attach(linkOver(port1));
 * void new SessionWorker({ agents: { echo } }).serve(linkOver(port2));
 * const outcome = await host.turn({ session: 's', id: '1', agent: 'echo', input: 'hello' });
 * outcome; // => { kind: 'done', output: 'hello' }
 */
export interface Link {
  /** Does nothing once the link is closed. Must not throw. */
  send(frame: Uint8Array): void;
  /** Ends both sides, after what was sent before. */
  close(): void;
  /** Called once; frames that came before are delivered then. */
  listen(listener: LinkListener): void;
}

/**
 * Two ends of a link within one process: a host and a worker side by side, tests.
 *
 * @example
 * import { linkPair, SessionWorker, structuredAgent } from 'holdfast/sessions';
 *
 * const echo = structuredAgent<string, string>(({ input }) => input);
 * const [near, far] = linkPair();
 * host.attach(near);
 * void new SessionWorker({ agents: { echo } }).serve(far);
 * const outcome = await host.turn({ session: 's', id: '1', agent: 'echo', input: 'hello' });
 * outcome; // => { kind: 'done', output: 'hello' }
 */
export function linkPair(): readonly [Link, Link] {
  const a = new MemoryLink();
  const b = new MemoryLink();
  a.join(b);
  b.join(a);
  return [a, b];
}

class MemoryLink implements Link {
  #peer: MemoryLink | undefined;
  #listener: LinkListener | undefined;
  #arrived: Uint8Array[] = [];
  #scheduled = false;
  #closing = false;
  #closed = false;

  join(peer: MemoryLink): void {
    this.#peer = peer;
  }

  send(frame: Uint8Array): void {
    if (!this.#closing) this.#peer?.arrive(frame);
  }

  close(): void {
    if (this.#closing) return;
    this.end();
    this.#peer?.end();
  }

  listen(listener: LinkListener): void {
    this.#listener = listener;
    this.#schedule();
  }

  arrive(frame: Uint8Array): void {
    if (this.#closing) return;
    this.#arrived.push(frame);
    this.#schedule();
  }

  end(): void {
    this.#closing = true;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#listener === undefined) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#deliver());
  }

  #deliver(): void {
    this.#scheduled = false;
    const arrived = this.#arrived;
    this.#arrived = [];
    for (const frame of arrived) this.#listener?.frame(frame);
    if (!this.#closing || this.#closed || this.#arrived.length > 0) return;
    this.#closed = true;
    this.#listener?.closed();
  }
}
