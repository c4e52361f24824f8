/** The client's front door: a server's URL becomes a store. */
import { Store } from '../store/store.ts';
import { clientTerms } from './options.ts';
import type { ClientOptions } from './options.ts';
import { RemoteSource } from './remote-source.ts';

/** A store of a server. What only a client has is its `source`: channels, terms of single calls. */
export interface RemoteStore extends Store {
  readonly source: RemoteSource;
}

/**
 * Opens the store of a server: `http://`, `https://`, `ws://` or `wss://`. It is the same `Store`
 * as an embedded one. A lost connection is made anew, watches go on where they were, and commits
 * whose outcome was lost are repeated without being applied twice.
 *
 * Throws `unavailable` if the server cannot be reached, `unauthenticated` or `forbidden` if it
 * refuses the token, `protocol` if it speaks another version, `invalid_argument` for a bad URL.
 *
 * @example
 * import { open } from 'holdfast/client';
 * import { serve } from 'holdfast/server';
 *
 * await using server = await serve(store, { port: 0 });
 * await using remote = await open(server.url, { timeoutMs: 5000 });
 * await remote.scope('users').set('ada', { visits: 1 });
 * await store.scope('users').get('ada'); // => { visits: 1 }
 */
export async function open(url: string, options: ClientOptions = {}): Promise<RemoteStore> {
  const terms = clientTerms(url, options);
  const source = await RemoteSource.open(terms, options.extensions);
  const { clock, random } = terms;
  const parts = { clock, random, memberTtlMs: options.memberTtlMs };
  return new Store(url, source, parts) as RemoteStore;
}
