/**
 * What HTTP takes and gives, as schemas: requests are judged by them, and the OpenAPI document is
 * made of them. The ledger judges once more; what it refuses is refused alike through every door.
 */
import { z } from 'zod';
import { limits } from '../../../ledger/index.ts';

const appName = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/);
const name = z.string().min(1);
const count = z.int().min(0);
const ttlMs = z.int().min(1).max(limits.ttlMsMax);
const limit = z.int().min(1).max(limits.scanLimitMax);
const position = z.string().describe('opaque: `<revision>@<incarnation>`');

const anyValue = z.unknown().describe('any JSON value');
const base64 = z.base64().describe('raw bytes, in place of `value`');
const ref = z.strictObject({ scope: name, key: name });
const valueMembers = { value: anyValue.optional(), base64: base64.optional() };

const operation = z
  .looseObject({ op: z.string() })
  .describe('one operation: see docs/update-operations.md');
const operations = z.array(operation).min(1).max(limits.operationsPerUpdate);

const check = z.discriminatedUnion('kind', [
  ref.extend({ kind: z.literal('version'), version: count.describe('0: there must be none') }),
  ref.extend({ kind: z.literal('value'), ...valueMembers }),
  z.strictObject({ kind: z.literal('unchanged'), scope: name, since: position }),
  z.strictObject({ kind: z.literal('epoch'), resource: name, epoch: z.int().min(1) }),
]);

const mutation = z.discriminatedUnion('kind', [
  ref.extend({
    kind: z.literal('set'),
    ...valueMembers,
    ttlMs: z.union([ttlMs, z.literal('keep')]).optional(),
    expiresAt: z.int().min(1).optional(),
    schema: count.optional(),
  }),
  ref.extend({ kind: z.literal('delete') }),
  ref.extend({ kind: z.literal('touch'), ttlMs: ttlMs.nullable() }),
  ref.extend({
    kind: z.literal('update'),
    operations,
    ttlMs: ttlMs.nullable().optional(),
    schema: count.optional(),
  }),
]);

const durability = z.enum(['sync', 'relaxed']);
const returns = z.enum(['versions', 'values']);

export const proposal = z.strictObject({
  checks: z.array(check).max(limits.checksPerProposal).optional(),
  mutations: z.array(mutation).max(limits.mutationsPerProposal).optional(),
  durability: durability.optional(),
  returns: returns.optional(),
  actor: z.string().optional().describe('counts only where no token is asked for'),
  cause: z
    .strictObject({ kind: z.string(), id: z.string(), depth: count.optional() })
    .optional()
    .describe('counts only where no token is asked for, or from an admin of the app'),
});

export const update = z.strictObject({
  operations: operations.optional(),
  ttlMs: ttlMs.nullable().optional().describe('null: the entry never expires'),
});

export const refs = z.strictObject({ refs: z.array(ref).max(limits.readRefs) });
export const pinRequest = z.strictObject({ at: position, ttlMs: count });

const tokenLimits = z.strictObject({
  requestsPerSecond: z.int().min(1).optional(),
  bytesPerSecond: z.int().min(1).optional(),
  connections: z.int().min(1).optional(),
  watches: z.int().min(1).optional(),
  payloadBytes: z.int().min(1).optional(),
});
export const newToken = z.strictObject({
  name: z.string().min(1).max(100),
  grants: z
    .array(
      z.strictObject({
        app: z.string().min(1).describe('a name, or the start of names and `*`'),
        scope: z.string().min(1).optional().describe('likewise; left out: all of the app'),
        rights: z.array(z.enum(['read', 'write', 'watch', 'admin'])).min(1),
      }),
    )
    .min(1)
    .max(100),
  expiresAt: z.int().min(1).optional().describe('left out: when its maker does'),
  limits: tokenLimits.optional().describe('at most those of its maker'),
});

/** Of paths. */
export const parameters = { app: appName, scope: name, key: name, name, token: name } as const;

const bounds = {
  prefix: z.string().optional(),
  limit: limit.optional(),
  cursor: z.string().optional().describe('of the page before'),
};
const filter = {
  scope: name.optional(),
  key: name.optional().describe('needs `scope`'),
  prefix: z.string().optional().describe('of keys; needs `scope`'),
  keysOnly: z.boolean().optional(),
};
const after = position.optional();

export const queries = {
  none: z.strictObject({}),
  scopes: z.strictObject({ ...bounds, internal: z.boolean().optional() }),
  scan: z.strictObject({
    ...bounds,
    from: z.string().optional().describe('inclusive, by UTF-8 bytes'),
    to: z.string().optional().describe('exclusive, by UTF-8 bytes'),
    reverse: z.boolean().optional(),
    keysOnly: z.boolean().optional(),
  }),
  get: z.strictObject({ entry: z.boolean().optional().describe('the whole entry, as JSON') }),
  set: z.strictObject({
    ttlMs: ttlMs.optional(),
    schema: count.optional(),
    durability: durability.optional(),
    returns: returns.optional(),
  }),
  change: z.strictObject({ durability: durability.optional(), returns: returns.optional() }),
  remove: z.strictObject({
    durability: durability.optional(),
    returns: returns.optional(),
    erase: z.boolean().optional().describe('every value that it ever had; needs admin'),
  }),
  log: z.strictObject({ ...filter, after, limit: limit.optional() }),
  watch: z.strictObject({ ...filter, after }),
} as const;

const entryHead = z.looseObject({
  scope: name,
  key: name,
  version: count,
  createdAt: count,
  updatedAt: count,
  expiresAt: count.optional(),
  schema: count,
  size: count,
});
const entry = entryHead.extend(valueMembers);
const scopeInfo = z.looseObject({ scope: name, entries: count, bytes: count, revision: count });
const change = z.looseObject({
  scope: name,
  key: name,
  kind: z.enum(['created', 'updated', 'deleted', 'expired']),
  ...valueMembers,
});
const commit = z.looseObject({ position, time: count, changes: z.array(change) });
const result = z.looseObject({
  change: z.enum(['created', 'updated', 'deleted', 'none']),
  version: count,
  ...valueMembers,
});
const receiptMembers = {
  position,
  time: count,
  durability: z.enum(['none', 'relaxed', 'sync']),
  replayed: z.boolean(),
};

export const answers = {
  problem: z.looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    outcome: z.enum(['not-applied', 'unknown']),
  }),
  status: z.looseObject({ status: z.string() }),
  apps: z.looseObject({ apps: z.array(appName) }),
  head: z.looseObject({
    position,
    oldest: position,
    time: count,
    entries: count,
    bytes: count,
    trimmed: count,
  }),
  scopes: z.looseObject({ items: z.array(scopeInfo), cursor: z.string().optional(), position }),
  scope: scopeInfo,
  entries: z.looseObject({ items: z.array(entry), cursor: z.string().optional(), position }),
  entry,
  read: z.looseObject({ entries: z.array(entry.nullable()) }),
  change: result.extend(receiptMembers),
  receipt: z.looseObject({ ...receiptMembers, results: z.array(result) }),
  log: z.looseObject({ commits: z.array(commit), through: position, head: position }),
  erased: z.looseObject({ existed: z.boolean(), changes: count }),
  pin: z.looseObject({ name, position, expiresAt: count }),
  newToken: z.looseObject({
    token: z.string().describe('shown this once'),
    id: z.string(),
    name: z.string(),
    expiresAt: count.nullable().describe('null: never'),
  }),
  tokens: z.looseObject({
    tokens: z.array(
      z.looseObject({
        id: z.string(),
        name: z.string(),
        state: z.enum(['active', 'expired', 'revoked']),
        createdAt: count,
        expiresAt: count.nullable(),
        createdBy: z.string().optional().describe('the id of the token that made it'),
        lastUsedAt: count.optional(),
      }),
    ),
  }),
  revoked: z.looseObject({ revoked: z.array(z.string()) }),
} as const;
