/**
 * From a file to a config that holds, or to every problem with its line.
 *
 * Throws `invalid_config`; `details.problems` has them all.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { z } from 'zod';
import { HoldfastError } from '../errors/index.ts';
import { nearestName } from '../internal/nearest-name.ts';
import { configJsonSchema } from './json-schema.ts';
import { readDocument } from './document.ts';
import type { ConfigDocument, Environment, Problem } from './document.ts';
import { configSchema } from './schema.ts';
import type { Config } from './schema.ts';
import { schemaProblems, withSchemas } from './value-schemas.ts';

export interface LoadOptions {
  /** For `${NAME}`. Default: the environment of the process. */
  readonly environment?: Environment | undefined;
}

/**
 * Reads, fills in and checks a config file, and the JSON Schemas that it names: their paths, and an
 * engine's, are meant from where the file is. Paths of stores are meant from where the process is.
 *
 * @example
 * import { mkdtemp, rm, writeFile } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { loadConfig } from 'holdfast/config';
 *
 * const folder = await mkdtemp(join(tmpdir(), 'config-'));
 * const path = join(folder, 'holdfast.yaml');
 * await writeFile(path, 'store:\n  url: "memory:"\n  flushMs: ${FLUSH_MS}');
 * const config = await loadConfig(path, { environment: { FLUSH_MS: '20' } });
 * config.store; // => { url: 'memory:', flushMs: 20 }
 * await rm(folder, { recursive: true });
 */
export async function loadConfig(path: string, options: LoadOptions = {}): Promise<Config> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new HoldfastError('invalid_config', `cannot read ${path}: ${(cause as Error).message}`, {
      cause,
      details: { file: path, problems: [] },
    });
  }
  const { config, document } = check(text, path, options);
  const folder = dirname(path);
  const complete = withEngine(await withSchemas(config, folder), folder);
  refuse(path, schemaProblems(complete, document));
  return complete;
}

/** A module that is named by a path is meant from where the config is. */
function withEngine(config: Config, folder: string): Config {
  const { engine } = config.store;
  if (engine === undefined || !/^\.{0,2}\//.test(engine)) return config;
  const module = pathToFileURL(resolve(folder, engine)).href;
  return { ...config, store: { ...config.store, engine: module } };
}

/**
 * The same for text that is at hand; paths of JSON Schemas stay as they are.
 *
 * @example
 * import { parseConfig } from 'holdfast/config';
 *
 * const config = parseConfig('store: { url: "memory:" }');
 * config.store.url; // => 'memory:'
 * const problems: string[] = [];
 * try {
 *   parseConfig('store:\n  ulr: "memory:"');
 * } catch (error) {
 *   if (isHoldfastError(error, 'invalid_config')) problems.push(...error.message.split('\n  '));
 * }
 * problems[1]; // => "2:3 there is no key 'store.ulr'; did you mean 'url'?"
 */
export function parseConfig(text: string, options: LoadOptions = {}): Config {
  const { config, document } = check(text, 'the config', options);
  refuse('the config', schemaProblems(config, document));
  return config;
}

function check(
  text: string,
  name: string,
  { environment = process.env }: LoadOptions,
): { config: Config; document: ConfigDocument } {
  const document = readDocument(text, environment);
  refuse(name, document.problems);
  const result = configSchema.safeParse(document.value ?? {});
  if (result.success) return { config: result.data, document };
  refuse(
    name,
    result.error.issues.flatMap((issue) => problemsOf(issue, document)),
  );
  throw new HoldfastError('internal', 'a config was refused without a reason');
}

function refuse(name: string, problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  const lines = problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
  const file = { file: name, problems: problems.map((problem) => ({ ...problem })) };
  throw new HoldfastError('invalid_config', `${name} is wrong\n  ${lines.join('\n  ')}`, {
    details: file,
  });
}

type Issue = z.core.$ZodIssue;

function problemsOf(issue: Issue, document: ConfigDocument): Problem[] {
  const key = issue.path.join('.');
  if (issue.code !== 'unrecognized_keys') {
    const named = key === '' ? 'the config' : key;
    const message = `${named}: ${issue.message}`;
    return [{ ...document.placeOf(issue.path, 'value'), message, key }];
  }
  return issue.keys.map((unknown) => {
    const path = [...issue.path, unknown];
    const name = path.join('.');
    const near = nearestName(unknown, knownAt(issue.path));
    const hint =
      near === undefined ? `known: ${knownAt(issue.path).join(', ')}` : `did you mean '${near}'?`;
    const message = `there is no key '${name}'; ${hint}`;
    return { ...document.placeOf(path, 'key'), message, key: name };
  });
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
}

/** The keys that an object of the config may have. */
function knownAt(path: readonly PropertyKey[]): string[] {
  let node: SchemaNode | undefined = configJsonSchema();
  for (const step of path) {
    const more: SchemaNode | boolean | undefined = node?.additionalProperties;
    node = node?.properties?.[String(step)] ?? (typeof more === 'object' ? more : undefined);
  }
  return Object.keys(node?.properties ?? {});
}
