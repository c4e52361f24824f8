/** A worker's end of one link: frames in, the answers to its turns out. */
import type { Link } from '../wire/link.ts';
import { hostFrame, workerFrame } from '../wire/messages.ts';
import type {
  CompleteMessage,
  EventMessage,
  FailureCode,
  HelloMessage,
  TurnMessage,
} from '../wire/messages.ts';

export interface ServedLinkParts {
  turn(message: TurnMessage, link: ServedLink): void;
  drain(): void;
  closed(error?: unknown): void;
}

export class ServedLink {
  readonly #link: Link;
  readonly #parts: ServedLinkParts;
  readonly #turns = new Map<number, AbortController>();
  #closed = false;

  constructor(link: Link, parts: ServedLinkParts) {
    this.#link = link;
    this.#parts = parts;
  }

  start(hello: HelloMessage): void {
    this.#link.send(workerFrame.encode({ hello }));
    this.#link.listen({
      frame: (bytes) => this.#receive(bytes),
      closed: (error) => this.#end(error),
    });
  }

  /** The turn's signal: it aborts when nobody waits for the answer any more. */
  begin(request: number): AbortSignal {
    const abort = new AbortController();
    this.#turns.set(request, abort);
    if (this.#closed) abort.abort();
    return abort.signal;
  }

  end(request: number): void {
    this.#turns.delete(request);
  }

  event(event: EventMessage): void {
    this.#link.send(workerFrame.encode({ event }));
  }

  complete(complete: CompleteMessage): void {
    this.#link.send(workerFrame.encode({ complete }));
  }

  fail(request: number, code: FailureCode, message: string, version = 0): void {
    this.#link.send(workerFrame.encode({ failed: { request, code, message, version } }));
  }

  sayDraining(): void {
    this.#link.send(workerFrame.encode({ draining: {} }));
  }

  close(): void {
    this.#link.close();
  }

  /** Gives its turns back and closes. */
  leave(): void {
    for (const [request, abort] of this.#turns) {
      abort.abort();
      this.fail(request, 'process_closed', 'the worker was closed');
    }
    this.#link.close();
  }

  #receive(bytes: Uint8Array): void {
    let frame: ReturnType<typeof hostFrame.decode>;
    try {
      frame = hostFrame.decode(bytes);
    } catch {
      // What comes behind it can't be trusted either; the host gives the turns to others.
      return this.close();
    }
    if (frame.turn !== undefined) this.#parts.turn(frame.turn, this);
    if (frame.cancel !== undefined) this.#turns.get(frame.cancel.request)?.abort();
    if (frame.drain !== undefined) this.#parts.drain();
  }

  #end(error: unknown): void {
    this.#closed = true;
    for (const abort of this.#turns.values()) abort.abort();
    this.#parts.closed(error);
  }
}
