/** One request, as its route sees it: names decoded, query and body judged, rights attached. */
import { z } from 'zod';
import { HoldfastError, isHoldfastError } from '../../errors/index.ts';
import { present } from '../../internal/assert.ts';
import type { Ledger } from '../../ledger/index.ts';
import type { Principal } from '../auth/principal.ts';

export interface HttpCallParts {
  readonly request: Request;
  /** Of the route, with parameters in braces. */
  readonly path: string;
  readonly principal: Principal;
  ledger(app: string): Ledger;
}

const jsonHeaders = { 'content-type': 'application/json' };

export class HttpCall {
  readonly request: Request;
  readonly principal: Principal;
  readonly #parts: HttpCallParts;
  readonly #names: Readonly<Record<string, string>>;

  /** Throws `invalid_name` for a path that is not well encoded. */
  constructor(parts: HttpCallParts) {
    this.request = parts.request;
    this.principal = parts.principal;
    this.#parts = parts;
    this.#names = namesOf(parts.path, new URL(parts.request.url).pathname);
  }

  /** A parameter of the path, decoded once. */
  name(parameter: string): string {
    return present(this.#names[parameter], `the parameter ${parameter}`);
  }

  /** The ledger of the path's app, with the rights of whoever asks. */
  get ledger(): Ledger {
    return this.ledgerOf(this.name('app'));
  }

  /** The same of another app. */
  ledgerOf(app: string): Ledger {
    return this.#parts.ledger(app);
  }

  header(name: string): string | undefined {
    return this.request.headers.get(name) ?? undefined;
  }

  /** Throws `invalid_argument` for a parameter that is unknown, doubled or malformed. */
  query<Q extends z.ZodObject>(schema: Q): z.output<Q> {
    const given: Record<string, unknown> = {};
    for (const [name, text] of new URL(this.request.url).searchParams) {
      if (Object.hasOwn(given, name)) throw invalid(`'${name}' is given twice`);
      const shapes = schema.shape as Readonly<Record<string, z.ZodType>>;
      const shape = Object.hasOwn(shapes, name) ? shapes[name] : undefined;
      given[name] = shape === undefined ? text : typed(shape, text);
    }
    return judged(schema, given, 'the query');
  }

  /** The body as JSON of that schema. Throws `invalid_argument`. */
  async json<S extends z.ZodType>(schema: S): Promise<z.output<S>> {
    const text = textOf(await this.bytes());
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch (error) {
      throw invalid('the body is not JSON', error);
    }
    return judged(schema, json, 'the body');
  }

  /** Throws `limit_exceeded` as soon as there is too much of it. */
  async bytes(): Promise<Uint8Array> {
    const { payloadBytes } = this.principal.limits;
    if (Number(this.header('content-length') ?? 0) > payloadBytes) throw tooLarge(payloadBytes);
    const chunks: Uint8Array[] = [];
    let size = 0;
    try {
      for await (const chunk of (this.request.body ?? []) as AsyncIterable<Uint8Array>) {
        size += chunk.byteLength;
        if (size > payloadBytes) throw tooLarge(payloadBytes);
        chunks.push(chunk);
      }
    } catch (error) {
      if (isHoldfastError(error)) throw error;
      throw new HoldfastError('aborted', 'the body was not sent to its end', { cause: error });
    }
    return Buffer.concat(chunks, size);
  }
}

/** Throws `invalid_value` for bytes that are no UTF-8. */
export function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new HoldfastError('invalid_value', 'the body is not UTF-8', { cause: error });
  }
}

export function jsonResponse(text: string, status = 200, headers: object = {}): Response {
  return new Response(text, { status, headers: { ...jsonHeaders, ...headers } });
}

function namesOf(route: string, path: string): Readonly<Record<string, string>> {
  const names: Record<string, string> = {};
  const given = path.split('/');
  for (const [index, segment] of route.split('/').entries()) {
    const parameter = /^\{(\w+)\}$/.exec(segment)?.[1];
    if (parameter === undefined) continue;
    try {
      names[parameter] = decodeURIComponent(given[index] ?? '');
    } catch (error) {
      const message = `the ${parameter} in the path is not well encoded`;
      throw new HoldfastError('invalid_name', message, { cause: error });
    }
  }
  return names;
}

const typesOf = new WeakMap<z.ZodType, unknown>();

function typeOf(schema: z.ZodType): unknown {
  if (!typesOf.has(schema)) {
    typesOf.set(schema, z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }).type);
  }
  return typesOf.get(schema);
}

/** Text of a query as the type that the schema asks for; the schema judges what comes of it. */
function typed(schema: z.ZodType, text: string): unknown {
  const type = typeOf(schema);
  if (type === 'integer') return /^-?\d{1,16}$/.test(text) ? Number(text) : text;
  if (type === 'boolean' && (text === '' || text === 'true')) return true;
  return type === 'boolean' && text === 'false' ? false : text;
}

function judged<S extends z.ZodType>(schema: S, given: unknown, what: string): z.output<S> {
  const verdict = schema.safeParse(given);
  if (verdict.success) return verdict.data;
  const issues = verdict.error.issues.slice(0, 10).map(({ path, message }) => ({
    path: path.map(String),
    message,
  }));
  const [first] = issues;
  const where = first === undefined || first.path.length === 0 ? '' : ` at ${first.path.join('.')}`;
  throw new HoldfastError('invalid_argument', `${what}${where}: ${first?.message ?? 'malformed'}`, {
    details: { issues },
  });
}

function invalid(message: string, cause?: unknown): HoldfastError {
  return new HoldfastError('invalid_argument', message, { cause });
}

function tooLarge(limit: number): HoldfastError {
  return new HoldfastError('limit_exceeded', `a request takes at most ${limit} bytes`, {
    details: { limit },
  });
}
