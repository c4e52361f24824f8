/** A server that asks for tokens, with two apps that have secrets, and ways to ask it anything. */
import { onTestFinished } from 'vitest';
import { open as openClient } from '../../../src/client/index.ts';
import type { ClientOptions } from '../../../src/client/index.ts';
import { open } from '../../../src/index.ts';
import type { Store } from '../../../src/index.ts';
import { parseGrant, serve } from '../../../src/server/index.ts';
import type { NewToken, ServeOptions, Server } from '../../../src/server/index.ts';

export class World {
  readonly local: Store;
  readonly server: Server;

  private constructor(local: Store, server: Server) {
    this.local = local;
    this.server = server;
  }

  static async open(options: ServeOptions = {}): Promise<World> {
    const local = await open('memory:');
    await local.app('mine').scope('users').set('ada', 'mine');
    await local.app('mine').scope('session/1').set('k', 'mine');
    await local.app('mine').scope('session').set('k', 'secret');
    await local.app('mine').scope('sessions').set('k', 'secret');
    await local.app('mine').list('users').append('mine');
    await local.app('mine').list('secret').append('secret');
    await local.app('other').scope('users').set('ada', 'secret');
    await local.app('mine2').scope('users').set('ada', 'secret');
    const server = await serve(local, {
      port: 0,
      auth: 'tokens',
      processMetrics: false,
      ...options,
    });
    onTestFinished(async () => {
      await server.close();
      await local.close();
    });
    return new World(local, server);
  }

  async token(grants: readonly string[], more: Partial<NewToken> = {}): Promise<string> {
    const made = await this.server.tokens.create({
      name: 'test',
      grants: grants.map(parseGrant),
      ...more,
    });
    return made.token;
  }

  async client(token: string, options: ClientOptions = {}): Promise<Store> {
    const store = await openClient(this.server.url, { token, ...options });
    onTestFinished(() => store.close());
    return store;
  }

  fetch(path: string, token?: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    return fetch(`${this.server.url}${path}`, { ...init, headers });
  }
}
