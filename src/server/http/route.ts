/**
 * A route: what it takes, what it gives, and what it does. One table of them makes the router, the
 * checks of what comes in, and the OpenAPI document, so that they cannot differ.
 */
import type { z } from 'zod';
import type { HttpCall } from './http-call.ts';

export type Method = 'get' | 'put' | 'patch' | 'post' | 'delete';

export interface RouteAnswer {
  readonly description: string;
  readonly schema?: z.ZodType | undefined;
  /** Default `application/json`. */
  readonly contentType?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface RouteBody {
  readonly schema?: z.ZodType | undefined;
  readonly contentTypes: readonly string[];
}

export interface RouteShape {
  readonly method: Method;
  /** With parameters in braces, as OpenAPI has them. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly query: z.ZodObject;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: RouteBody | undefined;
  readonly answers: Readonly<Record<number, RouteAnswer>>;
  /** Asks for no token. */
  readonly isPublic?: boolean | undefined;
}

export interface Route extends RouteShape {
  handle(call: HttpCall): Promise<Response>;
}

export interface TypedRoute<Q extends z.ZodObject> extends RouteShape {
  readonly query: Q;
  handle(call: HttpCall, query: z.output<Q>): Promise<Response>;
}

/** A route whose handler is given its query as the schema makes it. */
export function route<Q extends z.ZodObject>(typed: TypedRoute<Q>): Route {
  const { handle, ...shape } = typed;
  return { ...shape, handle: async (call) => handle(call, call.query(typed.query)) };
}
