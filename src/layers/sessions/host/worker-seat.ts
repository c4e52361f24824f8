/**
 * A host's end of one link: a worker, what it is believed to hold, and its open turns.
 *
 * What it is believed to hold is a guess that saves bytes: the worker compares versions and hashes,
 * and says so if the guess is wrong.
 */
import { LRUCache } from 'lru-cache';
import type { Base } from '../stored-session.ts';
import type { Link } from '../wire/link.ts';
import { hostFrame, workerFrame } from '../wire/messages.ts';
import type {
  CompleteMessage,
  EventMessage,
  FailedMessage,
  HelloMessage,
  TurnMessage,
} from '../wire/messages.ts';

export type WorkerAnswer =
  | ({ readonly kind: 'complete' } & CompleteMessage)
  | ({ readonly kind: 'failed' } & FailedMessage)
  /** The worker is gone; what it did is void. */
  | { readonly kind: 'lost' };

interface OpenTurn {
  event(message: EventMessage): void;
  settle(answer: WorkerAnswer): void;
}

export interface SeatParts {
  /** It said hello: it can be given turns. */
  ready(seat: WorkerSeat): void;
  /** It has a place more. */
  changed(): void;
  gone(seat: WorkerSeat): void;
}

/** Sessions of a worker that a host remembers. */
const holdingsMax = 100_000;

export class WorkerSeat {
  readonly #link: Link;
  readonly #parts: SeatParts;
  readonly #holdings = new LRUCache<string, Base>({ max: holdingsMax });
  readonly #turns = new Map<number, OpenTurn>();
  readonly #agents = new Map<string, string>();
  #hello: HelloMessage | undefined;
  #lastRequest = 0;
  #reserved = 0;
  #isDraining = false;
  #isGone = false;

  constructor(link: Link, parts: SeatParts) {
    this.#link = link;
    this.#parts = parts;
  }

  start(): void {
    this.#link.listen({
      frame: (bytes) => this.#receive(bytes),
      closed: () => this.#leave(),
    });
  }

  get name(): string {
    return this.#hello?.worker ?? '';
  }

  /** Turns that it has or is about to get. */
  get open(): number {
    return this.#reserved;
  }

  get capacity(): number {
    return this.#hello?.capacity ?? 0;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** The payload of an agent's sessions, or undefined if the worker has no such agent. */
  payloadOf(agent: string): string | undefined {
    return this.#agents.get(agent);
  }

  get agents(): readonly string[] {
    return [...this.#agents.keys()];
  }

  holding(session: string): Base | undefined {
    return this.#holdings.get(session);
  }

  hold(session: string, base: Base | undefined): void {
    if (base === undefined) this.#holdings.delete(session);
    else this.#holdings.set(session, base);
  }

  /** Keeps a place for a turn, until `release`. */
  reserve(): void {
    this.#reserved += 1;
  }

  release(): void {
    this.#reserved -= 1;
    this.#parts.changed();
  }

  /** Sends a turn and resolves with its answer, `lost` if there will be none. */
  ask(
    message: Omit<TurnMessage, 'request'>,
    signal: AbortSignal,
    onEvent: (event: EventMessage) => void,
  ): Promise<WorkerAnswer> {
    if (this.#isGone) return Promise.resolve({ kind: 'lost' });
    this.#lastRequest += 1;
    const request = this.#lastRequest;
    return new Promise((resolve) => {
      const settle = (answer: WorkerAnswer): void => {
        signal.removeEventListener('abort', cancel);
        this.#turns.delete(request);
        resolve(answer);
      };
      const cancel = (): void => {
        this.#link.send(hostFrame.encode({ cancel: { request } }));
        settle({ kind: 'lost' });
      };
      this.#turns.set(request, { event: onEvent, settle });
      if (signal.aborted) return cancel();
      signal.addEventListener('abort', cancel);
      this.#link.send(hostFrame.encode({ turn: { ...message, request } }));
    });
  }

  /** Asks the worker to finish what it has and leave. */
  drain(): void {
    this.#isDraining = true;
    this.#link.send(hostFrame.encode({ drain: {} }));
  }

  close(): void {
    this.#link.close();
  }

  #receive(bytes: Uint8Array): void {
    let frame: ReturnType<typeof workerFrame.decode>;
    try {
      frame = workerFrame.decode(bytes);
    } catch {
      // What comes behind it can't be trusted either; others get its turns.
      return this.close();
    }
    const { hello, event, complete, failed, draining } = frame;
    if (hello !== undefined) this.#introduce(hello);
    if (event !== undefined) this.#turns.get(event.request)?.event(event);
    if (complete !== undefined) {
      this.#turns.get(complete.request)?.settle({ kind: 'complete', ...complete });
    }
    if (failed !== undefined) {
      this.#turns.get(failed.request)?.settle({ kind: 'failed', ...failed });
    }
    if (draining !== undefined) this.#isDraining = true;
  }

  #introduce(hello: HelloMessage): void {
    if (this.#hello !== undefined) return this.close();
    this.#hello = hello;
    for (const { name, payload } of hello.agents) this.#agents.set(name, payload);
    // The least recently used first, so that they are the first to go.
    for (const { session, state } of hello.holdings.toReversed()) {
      if (state?.hash === undefined) continue;
      this.hold(session, { version: state.version, hash: state.hash });
    }
    this.#parts.ready(this);
  }

  #leave(): void {
    this.#isGone = true;
    this.#parts.gone(this);
    for (const turn of this.#turns.values()) turn.settle({ kind: 'lost' });
  }
}
