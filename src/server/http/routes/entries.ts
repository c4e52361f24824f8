/**
 * One entry: its value is the body, its version the `ETag`.
 *
 * `If-Match: "7"` demands that version, `If-None-Match: *` that there is none; `Idempotency-Key`
 * makes a repeat return the first receipt.
 */
import { hash } from 'node:crypto';
import { HoldfastError } from '../../../errors/index.ts';
import { StoredValue, limits } from '../../../ledger/index.ts';
import type { Check, IdempotencyStamp, Mutation, Proposal, Ref } from '../../../ledger/index.ts';
import { textOf, jsonResponse } from '../http-call.ts';
import type { HttpCall } from '../http-call.ts';
import { route } from '../route.ts';
import type { Route, RouteAnswer } from '../route.ts';
import { conflictMembers, entryText, singleReceiptText } from '../wire/json-text.ts';
import { problem } from '../wire/problem.ts';
import { answers, queries, update } from '../wire/schemas.ts';

const path = '/v1/apps/{app}/scopes/{scope}/entries/{key}';
/** The last is what `curl -d` says when it is told nothing. */
const jsonTypes: readonly [string, ...string[]] = [
  'application/json',
  'application/x-www-form-urlencoded',
];
const bytesType = 'application/octet-stream';
const etag = { ETag: 'the version of the entry, in quotes' };
const conditions = {
  'If-Match': 'the version that the entry must have, in quotes',
  'If-None-Match': '`*`: there must be no such entry',
  'Idempotency-Key': 'a repeat with the same key returns the first receipt',
};
const changed: RouteAnswer = {
  description: 'What was done',
  schema: answers.change,
  headers: etag,
};
const failed: RouteAnswer = {
  description: 'The entry has another version; nothing was changed',
  schema: answers.problem,
  contentType: 'application/problem+json',
};

const get = route({
  method: 'get',
  path,
  id: 'getEntry',
  summary: 'The value of an entry; with `entry`, its version, times and expiry too',
  query: queries.get,
  headers: { 'If-None-Match': 'a version in quotes: answered by 304 if it is still that' },
  answers: {
    200: { description: 'The value, as JSON or bytes', headers: etag },
    304: { description: 'The entry still has that version' },
    404: { ...failed, description: 'There is no such entry' },
  },
  async handle(call, query) {
    const ref = refOf(call);
    const [entry] = await call.ledger.read([ref]);
    if (entry === undefined) return missing(ref);
    const headers = {
      etag: `"${entry.version}"`,
      'last-modified': new Date(entry.updatedAt).toUTCString(),
      ...(entry.expiresAt === undefined
        ? {}
        : { 'holdfast-expires-at': new Date(entry.expiresAt).toISOString() }),
    };
    const known = call.header('if-none-match')?.split(',') ?? [];
    const isKnown = known.some((tag) => [headers.etag, `W/${headers.etag}`].includes(tag.trim()));
    if (isKnown) return new Response(null, { status: 304, headers });
    if (query.entry === true) return jsonResponse(entryText(entry), 200, headers);
    const { content } = entry.value;
    if (typeof content === 'string') return jsonResponse(content, 200, headers);
    const body = Uint8Array.from(content);
    return new Response(body, { headers: { ...headers, 'content-type': bytesType } });
  },
});

const put = route({
  method: 'put',
  path,
  id: 'setEntry',
  summary: 'Sets an entry to the body',
  query: queries.set,
  headers: conditions,
  body: { contentTypes: ['application/json', bytesType] },
  answers: { 200: changed, 201: { ...changed, description: 'Made' }, 412: failed },
  async handle(call, { ttlMs, schema, ...terms }) {
    const type = (call.header('content-type') ?? jsonTypes[0]).split(';')[0]?.trim() ?? '';
    const isJson = jsonTypes.includes(type) || type.endsWith('+json');
    if (!isJson && type !== bytesType) {
      return problem('unsupported_media_type', `'${type}' is neither JSON nor ${bytesType}`);
    }
    const bytes = await call.bytes();
    const max = limits.valueBytesMax;
    const value = isJson ? StoredValue.parse(textOf(bytes), max) : StoredValue.of(bytes, max);
    return apply(call, { kind: 'set', ...refOf(call), value, ttlMs, schema }, terms);
  },
});

const patch = route({
  method: 'patch',
  path,
  id: 'updateEntry',
  summary: 'Applies operations to an entry, or gives it another time to live',
  query: queries.change,
  headers: conditions,
  body: { schema: update, contentTypes: ['application/json'] },
  answers: { 200: changed, 201: { ...changed, description: 'Made' }, 412: failed },
  async handle(call, terms) {
    const { operations, ttlMs } = await call.json(update);
    const ref = refOf(call);
    if (operations === undefined && ttlMs === undefined) {
      throw new HoldfastError('invalid_argument', 'there is neither `operations` nor `ttlMs`');
    }
    const mutation =
      operations === undefined
        ? { kind: 'touch', ...ref, ttlMs: ttlMs ?? null }
        : { kind: 'update', ...ref, operations, ttlMs };
    // What an operation may be is the ledger's to say.
    return apply(call, mutation as Mutation, terms);
  },
});

const remove = route({
  method: 'delete',
  path,
  id: 'deleteEntry',
  summary: 'Deletes an entry; with `erase`, every value that it ever had',
  query: queries.remove,
  headers: conditions,
  answers: { 200: changed, 412: failed },
  async handle(call, { erase, ...terms }) {
    const ref = refOf(call);
    if (erase !== true) return apply(call, { kind: 'delete', ...ref }, terms);
    return jsonResponse(JSON.stringify(await call.ledger.erase(ref)));
  },
});

export const entryRoutes: readonly Route[] = [get, put, patch, remove];

function refOf(call: HttpCall): Ref {
  return { scope: call.name('scope'), key: call.name('key') };
}

function missing({ scope, key }: Ref): Response {
  return problem('not_found', `there is no '${key}' in '${scope}'`, { scope, key });
}

async function apply(
  call: HttpCall,
  mutation: Mutation,
  terms: Pick<Proposal, 'durability' | 'returns'>,
): Promise<Response> {
  const check = conditionOf(call, mutation);
  const answer = await call.ledger.commit({
    ...terms,
    checks: check === undefined ? [] : [check],
    mutations: [mutation],
    stamp: stampOf(call),
  });
  if (answer.kind === 'conflict') {
    const detail = `'${mutation.key}' in '${mutation.scope}' has another version`;
    return problem('precondition_failed', detail, conflictMembers(answer));
  }
  const [result] = answer.results;
  const headers = result === undefined || result.version === 0 ? {} : etagOf(result.version);
  const status = result?.change === 'created' ? 201 : 200;
  return jsonResponse(singleReceiptText(answer), status, headers);
}

function etagOf(version: number): object {
  return { etag: `"${version}"` };
}

/** Throws `invalid_argument` for a condition that is no version of ours. */
function conditionOf(call: HttpCall, { scope, key }: Ref): Check | undefined {
  const match = call.header('if-match');
  const noneMatch = call.header('if-none-match');
  if (match !== undefined && noneMatch !== undefined) {
    throw new HoldfastError('invalid_argument', 'If-Match and If-None-Match exclude each other');
  }
  if (noneMatch !== undefined) {
    if (noneMatch.trim() === '*') return { kind: 'version', scope, key, version: 0 };
    throw new HoldfastError('invalid_argument', 'If-None-Match of a write is `*`');
  }
  if (match === undefined) return undefined;
  const version = /^"(\d{1,15})"$/.exec(match.trim())?.[1];
  if (version !== undefined) return { kind: 'version', scope, key, version: Number(version) };
  throw new HoldfastError('invalid_argument', 'If-Match takes one version, in quotes');
}

/** Each key is a client of its own, which proposes once. */
export function stampOf(call: HttpCall): IdempotencyStamp | undefined {
  const key = call.header('idempotency-key');
  if (key === undefined) return undefined;
  if (key === '' || key.length > 256) {
    throw new HoldfastError('invalid_argument', 'an Idempotency-Key has 1 to 256 characters');
  }
  return { client: `http/${hash('sha256', key, 'base64url')}`, sequence: 1 };
}
