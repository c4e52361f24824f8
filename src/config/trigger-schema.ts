/** Triggers as a config file has them: what they listen to, and the webhook that handles it. */
import { z } from 'zod';

const atLeastOne = z.int().min(1);
const day = 24 * 60 * 60 * 1000;

const webhook = z
  .strictObject({
    url: z.url({ protocol: /^https?$/ }).describe('https://, or http:// with allowHttp'),
    secret: z
      .string()
      .regex(
        /^whsec_[A-Za-z0-9+/]{32,86}={0,2}$/,
        'must be whsec_ and the base64 of 24 to 64 bytes',
      )
      .describe('Shared with the receiver; best a variable: ${HOOK_SECRET}'),
    headers: z.record(z.string(), z.string()).optional().describe('Sent along'),
    format: z.enum(['state', 'cloudevent']).optional().describe('Default: state'),
    timeoutMs: atLeastOne.optional().describe('Default: 15,000'),
    bodyBytes: atLeastOne.optional().describe('A larger event fails unsent. Default: 1 MiB'),
    responseBytes: atLeastOne.optional().describe('Read of an answer. Default: 64 KiB'),
    allowRedirects: z.boolean().optional().describe('307 and 308 within the same origin'),
    allowPrivateAddresses: z.boolean().optional().describe('Beside the public internet'),
    allowHttp: z.boolean().optional(),
  })
  .refine(({ url, allowHttp }) => allowHttp === true || url.startsWith('https:'), {
    message: 'must be https:, unless allowHttp is true',
    path: ['url'],
  });

const retry = z.strictObject({
  attempts: atLeastOne.max(1000).optional().describe('In all. Default: 8'),
  firstMs: z
    .int()
    .min(0)
    .max(30 * day)
    .optional()
    .describe('It doubles. Default: 1,000'),
  longestMs: z
    .int()
    .min(0)
    .max(30 * day)
    .optional()
    .describe('Default: 300,000'),
});

/** Its members must hold in the event; what else the event has does not matter. */
const when = z.strictObject({
  event_type: z.string().optional(),
  scope: z.string().optional(),
  key: z.string().optional(),
  new_value: z.unknown().optional(),
  old_value: z.unknown().optional(),
  actor: z.string().optional(),
});

export const triggerSchema = z
  .strictObject({
    webhook: webhook.describe('Where each event is sent'),
    scope: z.string().optional().describe('Left out: every scope'),
    key: z.string().optional().describe('One key of the scope'),
    prefix: z.string().optional().describe('Keys of the scope that start with it'),
    kinds: z.array(z.enum(['created', 'updated', 'deleted', 'expired'])).optional(),
    when: when.optional().describe('A pattern that the JSON of an event must hold'),
    from: z
      .enum(['now', 'beginning'])
      .optional()
      .describe('Where a new trigger begins. Default: now'),
    concurrency: atLeastOne.max(10_000).optional().describe('Requests at once. Default: 16'),
    timeoutMs: atLeastOne.max(day).optional().describe('Of an attempt. Default: 30,000'),
    retry: retry.optional(),
    parkedPerKey: z.int().min(2).max(10_000).optional().describe('Default: 1,000'),
    parkedMax: atLeastOne.max(1_000_000).optional().describe('Default: 10,000'),
    depthMax: atLeastOne.max(1000).optional().describe('Against loops. Default: 16'),
    holdMs: z.int().min(1000).optional().describe('The log is held so long. Default: 7 days'),
  })
  .refine(({ scope, key, prefix }) => scope !== undefined || (key ?? prefix) === undefined, {
    message: 'a key or a prefix needs a scope',
    path: ['scope'],
  })
  .refine(({ key, prefix }) => key === undefined || prefix === undefined, {
    message: 'goes with no key: it is one or the other',
    path: ['prefix'],
  })
  .refine(({ scope }) => scope?.startsWith('$') !== true, {
    message: 'must be no scope of a layer',
    path: ['scope'],
  });
