/** What tools take and give, as schemas: the protocol shows them to models as JSON Schema. */
import { z } from 'zod';
import { HoldfastError } from '../errors/index.ts';
import type { Entry, EntryHead, MutationResult } from '../ledger/index.ts';

export const scopeName = z.string().describe('The scope: a named group of keys');
export const keyName = z.string().describe('The key in the scope');

/** JSON, or bytes as base64: exactly one of the two. */
export const givenValue = {
  value: z.json().optional().describe('The value, any JSON'),
  base64: z.base64().optional().describe('The value as bytes, in place of value'),
};

export const ifVersion = z
  .int()
  .min(0)
  .optional()
  .describe('Write only if the entry has this version; 0: only if there is none');

export const ttlMs = z
  .int()
  .positive()
  .optional()
  .describe('Milliseconds until the entry expires; left out, it stays');

export const operations = z
  .array(
    z.looseObject({
      op: z.enum([
        'set',
        'merge',
        'increment',
        'decrement',
        'append',
        'prepend',
        'remove',
        'insert',
        'min',
        'max',
        'addToSet',
        'pull',
      ]),
      path: z
        .string()
        .optional()
        .describe('JSON Pointer into the value, like /items/0; left out: the whole value'),
      value: z.json().optional(),
      by: z.number().optional().describe('For increment and decrement; 1 if left out'),
    }),
  )
  .min(1)
  .describe('Applied in order, all or none, on top of what others wrote');

/** When an entry was written, and how often. */
export const entryFields = {
  key: z.string(),
  version: z.int().describe('Pass as ifVersion to write only if nobody did meanwhile'),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().optional(),
};

export const foundEntry = z.object({ ...entryFields, ...givenValue });

export const writtenEntry = z.object({
  applied: z.boolean().describe('False if ifVersion did not hold; then nothing changed'),
  change: z.enum(['created', 'updated', 'deleted', 'none']).optional(),
  version: z.int().describe("The entry's version now; 0 if there is none"),
});

export function headOf(head: EntryHead): Record<string, unknown> {
  const { key, version, createdAt, updatedAt, expiresAt } = head;
  return {
    key,
    version,
    createdAt: isoOf(createdAt),
    updatedAt: isoOf(updatedAt),
    ...(expiresAt !== undefined && { expiresAt: isoOf(expiresAt) }),
  };
}

export function entryOf(entry: Entry): Record<string, unknown> {
  return { ...headOf(entry), ...valueOf(entry.value) };
}

/** `value` or `base64`, whichever the value is. */
export function valueOf(value: Entry['value']): { value?: unknown; base64?: unknown } {
  const json = value.toJSON();
  if (typeof value.content === 'string') return { value: json };
  return json as { base64: string };
}

export function isoOf(time: number): string {
  return new Date(time).toISOString();
}

export function resultOf({ change, version }: MutationResult): Record<string, unknown> {
  return { applied: true, change, version };
}

/** The value that a caller gave. Throws `invalid_argument` unless it gave exactly one. */
export function takenValue(given: { value?: unknown; base64?: string | undefined }): unknown {
  const { value, base64 } = given;
  if ((value === undefined) === (base64 === undefined)) {
    throw new HoldfastError('invalid_argument', 'give a value, or base64, not both');
  }
  return base64 === undefined ? value : Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

/** Throws `invalid_name` for a scope of a layer. */
export function checkScope(scope: string): string {
  if (!scope.startsWith('$')) return scope;
  throw new HoldfastError('invalid_name', `'${scope}' belongs to a layer; no tool reaches it`, {
    details: { scope },
  });
}
