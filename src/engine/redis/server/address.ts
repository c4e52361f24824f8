/**
 * The URLs of stores in Redis:
 *
 *     redis://[user:password@]host[:port][/database][?prefix=…&wait=…&waitMs=…&timeoutMs=…]
 *     rediss://…[&ca=FILE]              the same over TLS
 *     redis+cluster://a:7000,b:7001     a cluster, by some of its nodes
 *     rediss+cluster://…                the same over TLS
 *
 * `prefix` (default `holdfast`) keeps several stores of one database apart. `wait` asks for that
 * many replicas before a commit is acknowledged, `waitMs` (default 1000) for how long at a time.
 * `timeoutMs` is how long a command may go without an answer; `busyTimeoutMs` of `open` otherwise.
 * `ca` is a PEM file of the authorities that may vouch for the server, in place of the usual ones.
 */
import { HoldfastError } from '../../../errors/index.ts';

export interface Node {
  readonly host: string;
  readonly port: number;
}

export interface Address {
  readonly nodes: readonly [Node, ...Node[]];
  readonly isCluster: boolean;
  readonly isEncrypted: boolean;
  /** The file of the authorities that may vouch for the server. */
  readonly ca: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  readonly prefix: string;
  readonly wait: number;
  readonly waitMs: number;
  readonly timeoutMs: number | undefined;
  /** Without the password: for messages. */
  readonly shown: string;
}

const form = /^redis(s?)(\+cluster)?:\/\/(?:([^@/?]*)@)?([^@/?]+)(?:\/(\d*))?(?:\?([^#]*))?$/;
const parameters = ['prefix', 'wait', 'waitMs', 'timeoutMs', 'ca'];

export function addressOf(url: string): Address {
  const match = form.exec(url);
  if (match === null) throw malformed(url, 'is not redis://host:port/database');
  const [, tls, cluster, login, hosts = '', database = '', query = ''] = match;
  const isCluster = cluster !== undefined;
  const nodes = hosts.split(',').map((host) => nodeOf(host, url));
  const [first, ...others] = nodes;
  if (first === undefined || (others.length > 0 && !isCluster)) {
    throw malformed(url, 'names several servers; a cluster is redis+cluster://a:1,b:2');
  }
  if (isCluster && Number(database) > 0)
    throw malformed(url, 'names a database; clusters have none');
  const given = new URLSearchParams(query);
  for (const name of given.keys()) {
    if (!parameters.includes(name)) {
      throw malformed(url, `has '${name}'; known: ${parameters.join(', ')}`);
    }
  }
  const ca = given.get('ca') ?? undefined;
  if (ca !== undefined && tls !== 's') throw malformed(url, "has 'ca', which rediss:// alone uses");
  const prefix = given.get('prefix') ?? 'holdfast';
  if (!/^[A-Za-z0-9._:-]{1,64}$/.test(prefix)) {
    throw malformed(url, "needs a prefix of 1 to 64 letters, digits, '.', '_', ':', '-'");
  }
  const [username, password] = loginOf(login);
  const shownHosts = nodes.map(({ host, port }) => `${host}:${port}`).join(',');
  return {
    nodes: [first, ...others],
    isCluster,
    isEncrypted: tls === 's',
    ca,
    username,
    password,
    database: Number(database),
    prefix,
    wait: amountOf(given, 'wait', url) ?? 0,
    waitMs: amountOf(given, 'waitMs', url) ?? 1000,
    timeoutMs: amountOf(given, 'timeoutMs', url),
    shown: `redis${tls}${cluster ?? ''}://${shownHosts}`,
  };
}

function nodeOf(host: string, url: string): Node {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:]+)(?::(\d{1,5}))?$/.exec(host);
  const port = Number(match?.[2] ?? 6379);
  if (match === null || port > 65_535) throw malformed(url, `has no host and port in '${host}'`);
  return { host: (match[1] ?? '').replaceAll(/^\[|\]$/g, ''), port };
}

function loginOf(login: string | undefined): [string | undefined, string | undefined] {
  if (login === undefined || login === '') return [undefined, undefined];
  const colon = login.indexOf(':');
  if (colon < 0) return [decodeURIComponent(login), undefined];
  const user = decodeURIComponent(login.slice(0, colon));
  return [user === '' ? undefined : user, decodeURIComponent(login.slice(colon + 1))];
}

function amountOf(given: URLSearchParams, name: string, url: string): number | undefined {
  const text = given.get(name);
  if (text === null) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw malformed(url, `needs a whole number for '${name}'`);
  return Number(text);
}

function malformed(url: string, what: string): HoldfastError {
  const shown = url.replace(/\/\/[^@/]*@/, '//');
  return new HoldfastError('invalid_argument', `'${shown}' ${what}`, { details: { url: shown } });
}
