/**
 * Whether a request means this server, and comes from where it may: against web pages that call
 * what is on the reader's own machine or network (DNS rebinding, cross-site requests).
 *
 * O1. `Host` must be a name that this server is known by. Beyond loopback, where tokens are asked
 *     for and no names were given, any is.
 * O2. `Origin`, which browsers send, must be allowed, or be this server's own.
 */
import { HoldfastError } from '../../../errors/index.ts';
import { isLoopback } from '../../options.ts';

export interface OriginTerms {
  readonly host: string;
  readonly hosts: readonly string[];
  readonly origins: readonly string[];
  /** A Unix socket has no name that could be spoofed. */
  readonly isUnixSocket: boolean;
}

export interface AskedOrigin {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
}

/** Throws `forbidden`. */
export function checkOrigin(headers: AskedOrigin, terms: OriginTerms): void {
  const name = hostName(headers.host);
  if (!isKnown(name, terms)) {
    throw new HoldfastError('forbidden', 'the Host of the request is not this server', {
      details: { reason: 'host' },
    });
  }
  const { origin } = headers;
  if (origin === undefined || terms.origins.includes(origin)) return;
  const own = URL.canParse(origin) && new URL(origin).host === headers.host?.toLowerCase();
  if (own && origin !== 'null') return;
  throw new HoldfastError('forbidden', 'no page of that origin may call this server', {
    details: { reason: 'origin' },
  });
}

function isKnown(name: string | undefined, terms: OriginTerms): boolean {
  if (terms.isUnixSocket) return true;
  if (name === undefined) return false;
  if (terms.hosts.includes(name)) return true;
  if (isLoopback(terms.host)) return isLoopback(name);
  return terms.hosts.length === 0 || name === terms.host.toLowerCase();
}

/** Without its port and brackets. */
function hostName(host: string | undefined): string | undefined {
  if (host === undefined || !URL.canParse(`http://${host}/`)) return undefined;
  const url = new URL(`http://${host}/`);
  // A host with a path or a user in it is none.
  if (url.pathname !== '/' || url.username !== '' || url.search !== '') return undefined;
  return url.hostname.replaceAll(/^\[|\]$/g, '').toLowerCase();
}
