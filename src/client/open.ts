/** The client's front door: a server's URL becomes a store. */
import { Store } from '../store/store.ts';
import { clientTerms } from './options.ts';
import type { ClientOptions } from './options.ts';
import { RemoteSource } from './remote-source.ts';

/**
 * Opens the store of a server: `http://`, `https://`, `ws://` or `wss://`. It is the same `Store`
 * as an embedded one. A lost connection is made anew, watches go on where they were, and commits
 * whose outcome was lost are repeated without being applied twice.
 *
 * Throws `unavailable` if the server cannot be reached, `unauthenticated` or `forbidden` if it
 * refuses the token, `protocol` if it speaks another version, `invalid_argument` for a bad URL.
 */
export async function open(url: string, options: ClientOptions = {}): Promise<Store> {
  const terms = clientTerms(url, options);
  const source = await RemoteSource.open(terms, options.extensions);
  const { clock, random } = terms;
  return new Store(url, source, { clock, random, memberTtlMs: options.memberTtlMs });
}
