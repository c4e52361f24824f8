/**
 * All WebSockets of a server: who is let in, what each may use, and how they end.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { HoldfastError } from '../../errors/index.ts';
import type { Clock, Timer } from '../../internal/clock.ts';
import type { Ledger, Ledgers } from '../../ledger/index.ts';
import { ServingSession, agreedVersion, subprotocol } from '../../protocol/index.ts';
import type { Channel, Hello, Welcome } from '../../protocol/index.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { forbidden } from '../auth/principal.ts';
import type { Principal } from '../auth/principal.ts';
import { guardedDirectory } from '../guard/guarded-directory.ts';
import type { Members } from '../guard/members.ts';
import { servedLedger } from '../guard/served-ledger.ts';
import type { Usage } from '../limits/usage.ts';
import type { Observer } from '../observe/observer.ts';
import { closeCodes } from './close-codes.ts';
import type { ServerExtension } from './extension.ts';
import { Instances } from './instances.ts';
import { ServedSocket } from './served-socket.ts';
import { Turns } from './turns.ts';

export interface SocketTerms {
  readonly helloTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly messageBytesMax: number;
  readonly openCallsMax: number;
  /** Of all clients together. */
  readonly connectionsMax: number;
}

export interface SocketHostParts {
  readonly ledgers: Ledgers;
  readonly clock: Clock;
  readonly terms: SocketTerms;
  readonly authenticator: Authenticator;
  readonly usage: Usage;
  readonly members: Members;
  readonly observer: Observer;
  readonly extensions: readonly ServerExtension[];
  /** What the server calls itself in its welcome. */
  readonly agent: string;
}

export interface SessionWire {
  send(frame: Uint8Array): void;
  ready(): Promise<void> | undefined;
}

interface Admitted {
  readonly principal: Principal;
  /** Gives back what the connection was counted for. */
  readonly leave: () => void;
  readonly answer: Welcome;
  readonly extensions: readonly string[];
}

export class SocketHost {
  readonly terms: SocketTerms;
  readonly clock: Clock;
  readonly turns: Turns;
  readonly usage: Usage;
  readonly #parts: SocketHostParts;
  readonly #server: WebSocketServer;
  readonly #sockets = new Set<ServedSocket>();
  readonly #instances = new Instances();
  #timer: Timer | undefined;
  #isDraining = false;

  constructor(parts: SocketHostParts) {
    this.#parts = parts;
    this.terms = parts.terms;
    this.clock = parts.clock;
    this.usage = parts.usage;
    this.turns = new Turns(parts.clock);
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload: parts.terms.messageBytesMax,
      perMessageDeflate: false,
      clientTracking: false,
      handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
    });
    this.#keepAliveLater();
  }

  get metrics(): Observer['socket'] {
    return this.#parts.observer.socket;
  }

  /** Takes over a connection that asked to become a WebSocket. */
  upgrade(request: IncomingMessage, raw: Duplex, head: Buffer): void {
    if (this.#isDraining || this.#sockets.size >= this.terms.connectionsMax) {
      raw.end('HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\r\n');
      return;
    }
    const offered = request.headers['sec-websocket-protocol'] ?? '';
    if (!offered.split(',').some((name) => name.trim() === subprotocol)) {
      raw.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
      return;
    }
    this.#server.handleUpgrade(request, raw, head, (socket) => {
      this.#sockets.add(new ServedSocket(this, socket, raw));
      this.metrics.opened();
    });
  }

  /** Throws what the hello is refused with. */
  async admit(hello: Hello, replaced: () => void): Promise<Admitted> {
    const version = agreedVersion(hello.versions);
    if (hello.instance.length < 16 || hello.instance.length > 256) {
      throw new HoldfastError('protocol', 'an instance is a secret of 16 to 256 characters');
    }
    const principal = await this.#parts.authenticator.authenticate(hello.token);
    const { connection } = hello;
    const key = `${principal.id}/${hello.instance}`;
    this.#instances.enter(key, connection, replaced);
    const left = this.usage.connect(principal);
    const kept = this.#parts.authenticator.keep(principal);
    const leave = (): void => {
      left();
      kept.forget();
      this.#instances.left(key, connection);
    };
    const known = this.#parts.extensions.map(({ name }) => name);
    const extensions = known.filter((name) => hello.extensions.includes(name));
    const { keepAliveMs, messageBytesMax, openCallsMax } = this.terms;
    const limits = {
      messageBytes: Math.min(messageBytesMax, principal.limits.payloadBytes),
      openCalls: openCallsMax,
      openStreams: principal.limits.watches,
    };
    const answer = { version, agent: this.#parts.agent, extensions, keepAliveMs, limits };
    return { principal, leave, answer, extensions };
  }

  session(
    principal: Principal,
    instance: string,
    agreed: readonly string[],
    wire: SessionWire,
  ): ServingSession {
    const { ledgers, members, observer, extensions } = this.#parts;
    const known = new Map<string, Ledger>();
    const ledger = (app: string): Ledger => {
      let guarded = known.get(app);
      if (guarded === undefined) {
        const gate = { claim: (member: string) => members.claim(member, instance) };
        guarded = observer.observed(servedLedger(ledgers, app, principal, gate));
        // Whoever asks for ever new names must not fill the memory with them.
        if (principal.mayEnter(app) && known.size < 1000) known.set(app, guarded);
      }
      return guarded;
    };
    return new ServingSession({
      ...wire,
      ledger,
      directory: guardedDirectory(ledgers, principal),
      openCallsMax: this.terms.openCallsMax,
      openStreamsMax: principal.limits.watches,
      openStream: () => this.usage.watch(principal),
      open: (channel: Channel, { app, extension, args }) => {
        const found = agreed.includes(extension)
          ? extensions.find(({ name }) => name === extension)
          : undefined;
        if (found === undefined) {
          throw new HoldfastError('unsupported', `there is no extension '${extension}' here`);
        }
        if (!principal.mayExtend(app)) throw forbidden('read', app);
        return found.open(channel, { app, args, ledger: ledger(app), principal });
      },
    });
  }

  refused(error: unknown): void {
    this.#parts.observer.refused(error);
  }

  failed(error: unknown): void {
    this.#parts.observer.failed(error);
  }

  gone(socket: ServedSocket): void {
    if (this.#sockets.delete(socket)) this.metrics.closed();
  }

  /** Answers what was read, then closes; whatever is not done by the deadline is cut. */
  async drain(deadlineMs: number): Promise<void> {
    this.#isDraining = true;
    const sockets = [...this.#sockets];
    const late = this.clock.after(deadlineMs, () => {
      for (const socket of sockets) socket.close(closeCodes.restart, 'the server is going away');
    });
    await Promise.all(sockets.map((socket) => socket.drain()));
    late.cancel();
  }

  close(): void {
    this.#isDraining = true;
    this.#timer?.cancel();
    for (const socket of this.#sockets) socket.close(closeCodes.restart, 'the server is closed');
    this.#server.close();
  }

  #keepAliveLater(): void {
    this.#timer = this.clock.after(this.terms.keepAliveMs / 2, () => {
      for (const socket of this.#sockets) socket.keepAlive();
      this.#keepAliveLater();
    });
  }
}
