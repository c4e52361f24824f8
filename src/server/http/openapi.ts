/** The OpenAPI 3.1 document, made of the table of routes. */
import { z } from 'zod';
import type { Route, RouteAnswer } from './route.ts';
import { answers, parameters } from './wire/schemas.ts';

const problems = {
  description: 'An error: see docs/errors.md for its codes',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

export function openApiDocument(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: operationOf(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Holdfast',
      version,
      summary: 'A durable, reactive state engine for agents and workflows.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    paths,
    components: {
      schemas: { Problem: schemaOf(answers.problem) },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function operationOf(route: Route): object {
  const { id, summary, body } = route;
  return {
    operationId: id,
    summary,
    ...(route.isPublic === true ? { security: [] } : {}),
    parameters: [...pathParameters(route), ...queryParameters(route), ...headerParameters(route)],
    ...(body === undefined ? {} : { requestBody: bodyOf(body) }),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.answers).map(([status, answer]) => [status, answerOf(answer)]),
      ),
      default: problems,
    },
  };
}

function pathParameters({ path }: Route): object[] {
  return Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: schemaOf(parameters[name as keyof typeof parameters]),
  }));
}

function queryParameters({ query }: Route): object[] {
  return Object.entries(query.shape).map(([name, shape]) => {
    const { description, ...schema } = schemaOf(shape as z.ZodType);
    return { name, in: 'query', ...(description === undefined ? {} : { description }), schema };
  });
}

function headerParameters({ headers = {} }: Route): object[] {
  return Object.entries(headers).map(([name, description]) => ({
    name,
    in: 'header',
    description,
    schema: { type: 'string' },
  }));
}

function bodyOf({ schema, contentTypes }: NonNullable<Route['body']>): object {
  const content = contentTypes.map((type) => [type, bodyContent(type, schema)]);
  return { required: true, content: Object.fromEntries(content) as object };
}

function bodyContent(type: string, schema: z.ZodType | undefined): object {
  if (schema !== undefined) return { schema: schemaOf(schema) };
  // Any JSON value; bytes have no schema.
  return type === 'application/json' ? { schema: {} } : {};
}

function answerOf({ description, schema, contentType, headers }: RouteAnswer): object {
  const type = contentType ?? (schema === undefined ? undefined : 'application/json');
  return {
    description,
    ...(headers === undefined
      ? {}
      : {
          headers: Object.fromEntries(
            Object.entries(headers).map(([name, text]) => [
              name,
              { description: text, schema: { type: 'string' } },
            ]),
          ) as object,
        }),
    ...(type === undefined
      ? {}
      : { content: { [type]: schema === undefined ? {} : { schema: schemaOf(schema) } } }),
  };
}

function schemaOf(schema: z.ZodType): Record<string, unknown> {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return json;
}
