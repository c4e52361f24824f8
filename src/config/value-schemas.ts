/** The JSON Schemas of scopes: read where they are named by a path, and made into judges. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { AnySchema, ErrorObject } from 'ajv/dist/2020.js';
import { HoldfastError } from '../errors/index.ts';
import type { ValueFault } from '../ledger/index.ts';
import type { ConfigDocument, Problem } from './document.ts';
import type { AppConfig, Config } from './schema.ts';

/** The config with every schema in it that it names by a path, relative to `folder`. */
export async function withSchemas(config: Config, folder: string): Promise<Config> {
  const filled = async (app: AppConfig): Promise<AppConfig> => {
    if (app.scopes === undefined) return app;
    const scopes = Object.entries(app.scopes).map(async ([name, scope]) => {
      if (typeof scope.schema !== 'string') return [name, scope] as const;
      return [name, { ...scope, schema: await readSchema(resolve(folder, scope.schema)) }] as const;
    });
    return { ...app, scopes: Object.fromEntries(await Promise.all(scopes)) };
  };
  const named = Object.entries(config.apps ?? {}).map(async ([name, app]) => {
    return [name, await filled(app)] as const;
  });
  const apps = config.apps && Object.fromEntries(await Promise.all(named));
  const defaults = config.defaults && (await filled(config.defaults));
  return { ...config, ...(defaults && { defaults }), ...(apps && { apps }) };
}

async function readSchema(path: string): Promise<Record<string, unknown>> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  } catch (cause) {
    throw new HoldfastError(
      'invalid_config',
      `cannot read the JSON Schema ${path}: ${(cause as Error).message}`,
      { cause, details: { file: path, problems: [] } },
    );
  }
}

/** Unknown keywords are mistakes; `format` is an annotation, as the standard has it. */
const strictness = { strictSchema: true, strictNumbers: true, validateFormats: false };

/** A judge of values. Throws what the schema has wrong. */
export function judgeOf(schema: unknown): (value: unknown) => ValueFault | undefined {
  const validate = new Ajv2020(strictness).compile(schema as AnySchema);
  return (value) => {
    if (validate(value)) return undefined;
    const error: ErrorObject | undefined = validate.errors?.[0];
    return { path: error?.instancePath ?? '', message: error?.message ?? 'is refused' };
  };
}

/** What is wrong with the schemas themselves. */
export function schemaProblems(config: Config, document: ConfigDocument): Problem[] {
  const problems: Problem[] = [];
  const apps = Object.entries(config.apps ?? {}).map(([name, app]) => ({
    at: ['apps', name],
    app,
  }));
  if (config.defaults) apps.push({ at: ['defaults'], app: config.defaults });
  for (const { at, app } of apps) {
    for (const [name, { schema }] of Object.entries(app.scopes ?? {})) {
      if (schema === undefined || typeof schema === 'string') continue;
      const path = [...at, 'scopes', name, 'schema'];
      try {
        judgeOf(schema);
      } catch (error) {
        const key = path.join('.');
        const message = `${key} is no JSON Schema: ${(error as Error).message}`;
        problems.push({ ...document.placeOf(path, 'key'), message, key });
      }
    }
  }
  return problems;
}
