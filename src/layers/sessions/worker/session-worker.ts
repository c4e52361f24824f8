/**
 * A worker: runs the handlers of turns that hosts send it, on states that it keeps for a while.
 *
 * V1. Turns of one session run one after the other, in the order of arrival; sessions run at once.
 * V2. A handler's changes become the state at once or not at all: when it throws, or nobody waits
 *     any more, the state is as it was.
 * V3. A state is used only if its version and hash are the ones that the host names.
 *
 * It keeps nothing that is not the host's too: it may die at any moment. A worker serves the hosts
 * of one app; it opens no port, links come from elsewhere (`serve`).
 */
import { HoldfastError } from '../../../errors/index.ts';
import { systemClock } from '../../../internal/clock.ts';
import type { Clock } from '../../../internal/clock.ts';
import { deferred } from '../../../internal/deferred.ts';
import { systemRandom } from '../../../internal/random.ts';
import type { Random } from '../../../internal/random.ts';
import type { Link } from '../wire/link.ts';
import type { HelloMessage, TurnMessage } from '../wire/messages.ts';
import type { AnyAgent } from './agent.ts';
import { ServedLink } from './served-link.ts';
import { StateCache } from './state-cache.ts';
import type { StateCacheOptions } from './state-cache.ts';
import { runTurn } from './turn-work.ts';

export interface SessionWorkerOptions {
  /** By the name that turns ask for. */
  readonly agents: Readonly<Record<string, AnyAgent>>;
  /** Shown by hosts. Default: random. */
  readonly name?: string | undefined;
  /** Turns at once. Default 64. */
  readonly capacity?: number | undefined;
  readonly cache?: StateCacheOptions | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
}

/** As many of its states as a new link is told of. */
const holdingsMax = 10_000;

export class SessionWorker implements Disposable {
  readonly name: string;
  readonly capacity: number;
  readonly cache: StateCache;
  readonly #agents: ReadonlyMap<string, AnyAgent>;
  readonly #links = new Set<ServedLink>();
  /** The last turn of each session that has one. */
  readonly #last = new Map<string, Promise<void>>();
  #open = 0;
  #draining = false;
  #idle: (() => void) | undefined;

  constructor(options: SessionWorkerOptions) {
    const { agents, capacity = 64, clock = systemClock, random = systemRandom } = options;
    if (!Number.isSafeInteger(capacity) || capacity < 1) {
      throw new HoldfastError('invalid_argument', 'capacity must be a whole number above 0', {
        details: { capacity },
      });
    }
    this.name = options.name ?? random.hex(6);
    this.capacity = capacity;
    this.cache = new StateCache(options.cache ?? {}, clock);
    this.#agents = new Map(Object.entries(agents));
  }

  /** Turns that run or wait here. */
  get open(): number {
    return this.#open;
  }

  /** Whether it takes no new turns any more. */
  get isLeaving(): boolean {
    return this.#draining;
  }

  /**
   * Takes turns from a host until the link closes. Resolves with the error that closed it, if it
   * was one. Several links at once are fine.
   *
   * @example
   * import { linkPair, SessionWorker, structuredAgent } from 'holdfast/sessions';
   *
   * const echo = structuredAgent<string, string>(({ input }) => input);
   * const worker = new SessionWorker({ agents: { echo }, capacity: 8 });
   * const [near, far] = linkPair();
   * host.attach(near);
   * const served = worker.serve(far);
   * const outcome = await host.turn({ session: 's', id: '1', agent: 'echo', input: 'hello' });
   * outcome; // => { kind: 'done', output: 'hello' }
   * worker.close();
   * await served; // => undefined
   */
  serve(link: Link): Promise<unknown> {
    const ended = deferred<unknown>();
    const served: ServedLink = new ServedLink(link, {
      turn: (message, turnLink) => this.#accept(message, turnLink),
      drain: () => void this.drain(),
      closed: (error) => {
        this.#links.delete(served);
        ended.resolve(error);
      },
    });
    this.#links.add(served);
    served.start(this.#hello());
    if (this.#draining) served.sayDraining();
    return ended.promise;
  }

  /**
   * Takes no new turns, finishes those that it has, then closes its links. For good: a worker that
   * has left serves nobody any more.
   *
   * @example
   * import { linkPair, SessionWorker, structuredAgent } from 'holdfast/sessions';
   *
   * const slow = structuredAgent<string, string>(async ({ input }) => input);
   * const worker = new SessionWorker({ agents: { slow } });
   * const [near, far] = linkPair();
   * host.attach(near);
   * void worker.serve(far);
   * await worker.drain();
   * worker.open; // => 0
   */
  async drain(): Promise<void> {
    if (!this.#draining) {
      this.#draining = true;
      for (const link of this.#links) link.sayDraining();
    }
    if (this.#open > 0) {
      await new Promise<void>((resolve) => {
        const earlier = this.#idle;
        this.#idle = () => {
          earlier?.();
          resolve();
        };
      });
    }
    for (const link of this.#links) link.close();
  }

  /**
   * Leaves at once: hosts give its turns to others, and what its handlers still do is passed over.
   *
   * @example
   * import { SessionWorker, structuredAgent } from 'holdfast/sessions';
   *
   * const worker = new SessionWorker({ agents: { echo: structuredAgent(({ input }) => input) } });
   * worker.close();
   * worker.isLeaving; // => true
   */
  close(): void {
    this.#draining = true;
    for (const link of this.#links) link.leave();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #hello(): HelloMessage {
    const agents = Array.from(this.#agents, ([name, { payload }]) => {
      return { name, payload: payload.name };
    });
    const holdings = Array.from(this.cache.holdings(holdingsMax), (held) => {
      return { session: held.session, state: { version: held.version, hash: held.hash } };
    });
    return { worker: this.name, agents, capacity: this.capacity, holdings };
  }

  #accept(message: TurnMessage, link: ServedLink): void {
    const agent = this.#agents.get(message.agent);
    const { request } = message;
    if (agent === undefined) {
      return link.fail(request, 'internal', `there is no agent '${message.agent}' here`);
    }
    if (this.#draining || this.#open >= this.capacity) {
      return link.fail(request, 'busy', this.#draining ? 'it is draining' : 'it is at capacity');
    }
    this.#open += 1;
    const signal = link.begin(request);
    const { session } = message;
    const before = this.#last.get(session) ?? Promise.resolve();
    const turn = before.then(() => runTurn({ message, agent, link, signal, cache: this.cache }));
    const ended: Promise<void> = turn.then(() => this.#end(session, ended, link, request));
    this.#last.set(session, ended);
  }

  #end(session: string, ended: Promise<void>, link: ServedLink, request: number): void {
    link.end(request);
    if (this.#last.get(session) === ended) this.#last.delete(session);
    this.#open -= 1;
    if (this.#open === 0) this.#idle?.();
  }
}
