/** Hosts and workers for the suite, and what passes between them. */
import { systemClock } from '../../internal/clock.ts';
import {
  agentOf,
  bytesPayload,
  digest,
  linkPair,
  SessionHost,
  SessionWorker,
  structuredAgent,
  wholeBytes,
} from '../../layers/sessions/index.ts';
import type {
  AnyAgent,
  BytesCodec,
  Link,
  SessionHostOptions,
  SessionWorkerOptions,
  TurnDone,
  TurnRequest,
} from '../../layers/sessions/index.ts';
import { hostFrame, workerFrame } from '../../layers/sessions/wire/messages.ts';
import type { TurnMessage } from '../../layers/sessions/wire/messages.ts';
import type { App } from '../../store/index.ts';
import { collect } from '../layer-world.ts';

/** Lets everything that is ready go on. */
export function nextTurnOfLoop(): Promise<void> {
  return new Promise((resolve) => {
    systemClock.soon(resolve);
  });
}

/** What a turn brought along: nothing, a delta or a snapshot. */
export type Form = 'current' | 'delta' | 'snapshot';

export function formOf({ delta, snapshot }: TurnMessage): Form {
  if (snapshot !== undefined) return 'snapshot';
  return delta === undefined ? 'current' : 'delta';
}

/** Writes what it is told: `{ key: value }`, and appends the input to the list `log`. */
export const writer = structuredAgent<Readonly<Record<string, unknown>>, number>((turn) => {
  for (const [key, value] of Object.entries(turn.input)) {
    if (value === null) turn.state.delete(key);
    else turn.state.set(key, value);
  }
  turn.emit('wrote', Object.keys(turn.input));
  turn.state.list('log').append(turn.id);
  return turn.state.list('log').length;
});

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}

/** Bytes that mostly grow: the delta is the tail. */
export const growingCodec: BytesCodec = {
  name: 'growing',
  empty: () => new Uint8Array(),
  diff(before, after) {
    const isTail = before.every((byte, index) => after[index] === byte);
    return isTail && after.length >= before.length ? after.slice(before.length) : undefined;
  },
  apply: joined,
  hash: (bytes) => digest(bytes),
};

/** Adds the input, or with `reset` begins anew, which no delta can say. */
export const grower = agentOf(
  bytesPayload(growingCodec, wholeBytes),
  (turn: { input: { text: string; reset?: boolean }; state: { bytes: Uint8Array } }) => {
    const { text, reset = false } = turn.input;
    const before = reset ? new Uint8Array() : turn.state.bytes;
    turn.state.bytes = joined(before, new TextEncoder().encode(text));
    return new TextDecoder().decode(turn.state.bytes);
  },
);

export const agents: Readonly<Record<string, AnyAgent>> = { writer, grower };

export class Stage {
  readonly host: SessionHost;

  constructor(app: App, options: SessionHostOptions = {}) {
    this.host = new SessionHost(app, { codecs: [growingCodec], workerWaitMs: 2000, ...options });
  }

  /** A worker in this process, and the turns that it was sent. */
  hire(name: string, options: Partial<SessionWorkerOptions> = {}): Hired {
    return this.take(new SessionWorker({ agents, name, ...options }));
  }

  /** A new link to a worker that there is. */
  take(worker: SessionWorker): Hired {
    const [ours, theirs] = linkPair();
    const turns: TurnMessage[] = [];
    this.host.attach(ours);
    void worker.serve(spied(theirs, turns));
    return { worker, turns, link: theirs, forms: () => turns.map(formOf) };
  }

  /** A worker whose answers are written by hand. */
  hireByHand(
    answer: (turn: TurnMessage, link: Link) => void,
    agent: { name: string; payload: string } = { name: 'writer', payload: 'entries' },
  ): readonly TurnMessage[] {
    const [ours, theirs] = linkPair();
    const turns: TurnMessage[] = [];
    this.host.attach(ours);
    const hello = { worker: 'by hand', agents: [agent], capacity: 10, holdings: [] };
    theirs.send(workerFrame.encode({ hello }));
    theirs.listen({
      frame(bytes) {
        const { turn } = hostFrame.decode(bytes);
        if (turn === undefined) return;
        turns.push(turn);
        answer(turn, theirs);
      },
      closed: () => undefined,
    });
    return turns;
  }

  /** A turn that must succeed. */
  async turn(
    session: string,
    id: string,
    input: unknown = {},
    more: Partial<TurnRequest> = {},
  ): Promise<TurnDone> {
    const outcome = await this.host.turn({ session, id, agent: 'writer', input, ...more });
    if (outcome.kind === 'done') return outcome;
    throw new Error(`turn '${id}' met a conflict at version ${outcome.version}`);
  }

  /** The entries that are stored. */
  async entries(session: string): Promise<Record<string, unknown>> {
    return Object.fromEntries(await collect(this.host.session(session).entries()));
  }
}

export interface Hired {
  readonly worker: SessionWorker;
  /** What it was asked, in order. */
  readonly turns: readonly TurnMessage[];
  readonly link: Link;
  forms(): readonly Form[];
}

function spied(link: Link, turns: TurnMessage[]): Link {
  return {
    send: (frame) => link.send(frame),
    close: () => link.close(),
    listen({ frame, closed }) {
      link.listen({
        frame(bytes) {
          const { turn } = hostFrame.decode(bytes);
          if (turn !== undefined) turns.push(turn);
          frame(bytes);
        },
        closed,
      });
    },
  };
}
