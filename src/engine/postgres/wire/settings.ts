/**
 * What a `postgres://` URL asks for: `schema`, `poolSize`, `timeoutMs` and `stallMs` are Holdfast's,
 * the rest (host, user, TLS, …) is the driver's.
 */
import { HoldfastError } from '../../../errors/index.ts';

export interface Settings {
  /** The URL for the driver. */
  readonly connectionString: string;
  /** Server settings from the URL (`options=-c …`), which a connection starts with. */
  readonly startOptions: string;
  /** `host:port/database`, for messages: never the password. */
  readonly place: string;
  readonly schema: string;
  /** Connections at most, beside the one that listens. */
  readonly poolSize: number;
  /** Longest wait for any answer of the server, a new connection included. */
  readonly timeoutMs: number;
  /** How long a client may stall inside a transaction before the server lets go of its lock. */
  readonly stallMs: number;
}

export interface GivenSettings {
  readonly schema?: string | undefined;
  readonly poolSize?: number | undefined;
}

const defaults = { schema: 'holdfast', poolSize: 10, timeoutMs: 10_000, stallMs: 1000 };
const smallest = { poolSize: 2, timeoutMs: 100, stallMs: 50 };

/** What `given` says takes the place of the URL's. */
export function settingsOf(text: string, given: GivenSettings = {}): Settings {
  const url = URL.parse(text);
  if (url === null) {
    const message = 'not a URL of the form postgres://USER@HOST:PORT/DATABASE?schema=NAME';
    throw new HoldfastError('invalid_argument', message);
  }
  const fromUrl = { schema: take(url, 'schema'), poolSize: amount(url, 'poolSize') };
  const schema = given.schema ?? fromUrl.schema ?? defaults.schema;
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(schema) || schema.startsWith('pg_')) {
    throw wrong('schema', schema, 'letters, digits and _, at most 63, and not pg_…');
  }
  const settings = {
    schema,
    poolSize: given.poolSize ?? fromUrl.poolSize,
    timeoutMs: amount(url, 'timeoutMs'),
    stallMs: amount(url, 'stallMs'),
  };
  // Ours: transactions that stall are found by it.
  url.searchParams.delete('application_name');
  if (settings.poolSize < smallest.poolSize) {
    throw wrong('poolSize', `${settings.poolSize}`, `${smallest.poolSize} or more`);
  }
  const startOptions = take(url, 'options') ?? '';
  return {
    ...settings,
    startOptions,
    connectionString: url.href,
    place: `${url.hostname}${url.port === '' ? '' : `:${url.port}`}${url.pathname}`,
  };
}

function take(url: URL, name: string): string | undefined {
  const value = url.searchParams.get(name) ?? undefined;
  url.searchParams.delete(name);
  return value;
}

function amount(url: URL, name: keyof typeof smallest): number {
  const text = take(url, name);
  if (text === undefined) return defaults[name];
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= smallest[name] && value <= 86_400_000) return value;
  throw wrong(name, text, `a whole number from ${smallest[name]} on`);
}

function wrong(name: string, value: string, expected: string): HoldfastError {
  return new HoldfastError('invalid_argument', `${name}=${value}: ${name} must be ${expected}`, {
    details: { option: name },
  });
}
