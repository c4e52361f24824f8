/** `set`, `update` and `delete`: one commit each, with the checks that were asked for. */
import { StoredValue } from '../../ledger/index.ts';
import type {
  Check,
  CommitAnswer,
  Mutation,
  MutationResult,
  Operation,
  Receipt,
} from '../../ledger/index.ts';
import { present } from '../../internal/assert.ts';
import type { Context } from '../context.ts';
import { CommandEnd, usageError } from '../failure.ts';
import { exitCodes } from '../exit-codes.ts';
import { parseDuration } from '../input/duration.ts';
import { readValue } from '../input/value.ts';
import { formatCounted, valueMember } from '../output/format.ts';
import { notFound } from './get.ts';

export interface CheckOptions {
  readonly ifVersion?: number | undefined;
  readonly ifAbsent?: boolean | undefined;
}

export interface SetOptions extends CheckOptions {
  readonly ttl?: string | undefined;
  readonly text?: boolean | undefined;
  readonly bytes?: boolean | undefined;
}

export async function set(
  context: Context,
  scope: string,
  key: string,
  source: string,
  options: SetOptions,
): Promise<void> {
  const format = options.bytes === true ? 'bytes' : options.text === true ? 'text' : 'json';
  const value = await readValue(source, format);
  const ttlMs = options.ttl === undefined ? undefined : parseDuration(options.ttl);
  const mutation: Mutation = { kind: 'set', scope, key, value, ttlMs };
  await commit(context, 'create', mutation, options, false);
}

export interface UpdateOptions extends CheckOptions {
  readonly ttl?: string | undefined;
}

export async function update(
  context: Context,
  scope: string,
  key: string,
  source: string,
  options: UpdateOptions,
): Promise<void> {
  const given = (await readValue(source, 'json')).decode();
  // A single operation needs no brackets.
  const operations = (Array.isArray(given) ? given : [given]) as Operation[];
  const ttlMs = options.ttl === undefined ? undefined : parseDuration(options.ttl);
  const mutation: Mutation = { kind: 'update', scope, key, operations, ttlMs };
  await commit(context, 'create', mutation, options, true);
}

export async function remove(
  context: Context,
  scope: string,
  keys: readonly string[],
  options: CheckOptions,
): Promise<void> {
  if (options.ifVersion !== undefined && keys.length > 1) {
    throw usageError('--if-version needs exactly one key');
  }
  const mutations: Mutation[] = keys.map((key) => ({ kind: 'delete', scope, key }));
  const checks = keys.flatMap((key) => checksOf(scope, key, options));
  const receipt = await context.withLedger('write', async (ledger) =>
    accepted(await ledger.commit({ mutations, checks, actor: 'cli' })),
  );
  const missing = keys.filter((_, index) => receipt.results[index]?.change === 'none');
  await tell(context, receipt, { scope, deleted: keys.length - missing.length, missing }, () => {
    const count = keys.length - missing.length;
    return `deleted ${formatCounted(count, 'entry', 'entries')} of ${scope}`;
  });
  const first = missing[0];
  if (first !== undefined) throw notFound(scope, missing.join("', '"));
}

async function commit(
  context: Context,
  access: 'create' | 'write',
  mutation: Mutation,
  options: CheckOptions,
  showsValue: boolean,
): Promise<void> {
  const { scope, key } = mutation;
  const checks = checksOf(scope, key, options);
  const receipt = await context.withLedger(access, async (ledger) =>
    accepted(
      await ledger.commit({ mutations: [mutation], checks, returns: 'values', actor: 'cli' }),
    ),
  );
  const result = present(receipt.results[0], 'the result of a mutation');
  const { change, version } = result;
  await tell(
    context,
    receipt,
    { scope, key, change, version },
    () => {
      const value = result.value?.content;
      const shown = showsValue && typeof value === 'string' ? `\n${value}` : '';
      return `${change} ${key} in ${scope} at revision ${receipt.position.revision}${shown}`;
    },
    result,
  );
}

function checksOf(scope: string, key: string, options: CheckOptions): Check[] {
  const { ifVersion, ifAbsent } = options;
  if (ifVersion !== undefined && ifAbsent === true) {
    throw usageError('--if-version and --if-absent exclude each other');
  }
  const version = ifAbsent === true ? 0 : ifVersion;
  return version === undefined ? [] : [{ kind: 'version', scope, key, version }];
}

function accepted(answer: CommitAnswer): Receipt {
  if (answer.kind === 'committed') return answer;
  const failure = present(answer.failures[0], 'a failed check');
  const { check, actual } = failure;
  const { key, scope, version } = check as { key: string; scope: string; version: number };
  const found = actual === 0 ? 'it is absent' : `it has version ${actual}`;
  const wanted = version === 0 ? 'be absent' : `have version ${version}`;
  throw new CommandEnd(
    'conflict',
    exitCodes.conflict,
    `'${key}' in '${scope}' should ${wanted}, but ${found}; nothing was changed`,
    { scope, key, expected: version, actual },
  );
}

async function tell(
  context: Context,
  receipt: Receipt,
  facts: Readonly<Record<string, unknown>>,
  sentence: () => string,
  result?: MutationResult,
): Promise<void> {
  if (!context.isJson) {
    await context.output.text(`${sentence()}\n`);
    return;
  }
  const { position, time, durability } = receipt;
  let line = JSON.stringify({ ...facts, ...position, time, durability }).slice(0, -1);
  if (result?.value instanceof StoredValue) line += `,${valueMember(result.value)}`;
  if (result?.previous instanceof StoredValue) {
    line += `,${valueMember(result.previous, 'previous')}`;
  }
  await context.output.text(`${line}}\n`);
}
