/**
 * What adds messages of its own to the protocol: a layer that hands work to connected clients, or
 * keeps them in step.
 *
 * An extension is named in the hello of both sides. A client opens channels to it; what travels
 * there is the extension's own affair, and so is what it lets a principal do beyond the ledger that
 * it is handed, which judges rights by itself.
 */
import type { Ledger } from '../../ledger/index.ts';
import type { Channel } from '../../protocol/index.ts';
import type { Principal } from '../auth/principal.ts';

/**
 * Written by whoever extends a server, and handed to `serve`.
 *
 * @example
 * import { open } from 'holdfast/client';
 * import { serve } from 'holdfast/server';
 * import type { ServerExtension } from 'holdfast/server';
 *
 * const counting: ServerExtension = {
 *   name: 'counting/1',
 *   async open(channel, { ledger, args }) {
 *     const page = await ledger.scan({ scope: String(args), keysOnly: true });
 *     await channel.send({ body: page.items.length });
 *     channel.close();
 *   },
 * };
 * await app.scope('users').set('ada', 1);
 * await using server = await serve(store, { port: 0, extensions: [counting] });
 * await using remote = await open(server.url, { extensions: ['counting/1'] });
 * const channel = await remote.source.channel('example', 'counting/1', 'users');
 * const counts = await Array.fromAsync(channel, ({ body }) => body);
 * counts; // => [1]
 */
export interface ServerExtension {
  /** With a version of its own: `triggers/1`. */
  readonly name: string;
  /**
   * A client opened a channel. It ends with `channel.close`, by the client, or with the connection:
   * `channel.signal` tells. A throw refuses the channel; if it returns a promise that rejects, the
   * channel is closed with that.
   */
  open(channel: Channel, opened: OpenedChannel): void | Promise<void>;
  /** What it answers over HTTP. */
  readonly http?: ExtensionHttp | undefined;
}

/** Requests of `/v1/apps/{app}/<path>`, and up to two segments below it. */
export interface ExtensionHttp {
  readonly path: string;
  /** Undefined: there is no such route. What it throws becomes a problem, as everywhere. */
  handle(request: Request, opened: OpenedRequest): Promise<Response | undefined>;
}

export interface OpenedRequest extends Omit<OpenedChannel, 'args'> {
  /** Up to and with the extension's own segment, as the request has it. */
  readonly path: string;
}

export interface OpenedChannel {
  readonly app: string;
  /** What the client sent along: plain JSON, to be checked. */
  readonly args: unknown;
  /** The app's ledger with the rights of the client. */
  readonly ledger: Ledger;
  readonly principal: Principal;
}
