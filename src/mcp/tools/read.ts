/** `get`, `list`, `scopes`: tools that look and change nothing. */
import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Ledger } from '../../ledger/index.ts';
import { answering } from '../answer.ts';
import {
  checkScope,
  entryFields,
  entryOf,
  foundEntry,
  givenValue,
  headOf,
  isoOf,
  keyName,
  scopeName,
} from '../shapes.ts';

const looks = { readOnlyHint: true, openWorldHint: false };
const pageLimit = 1000;

export function registerReadTools(server: McpServer, ledger: Ledger): void {
  registerGet(server, ledger);
  registerList(server, ledger);
  registerScopes(server, ledger);
}

function registerGet(server: McpServer, ledger: Ledger): void {
  server.registerTool(
    'get',
    {
      title: 'Read entries',
      description:
        'Reads entries of a scope by their keys, all as of one moment. A key without an entry is ' +
        'left out: absence is an answer.',
      inputSchema: z.object({ scope: scopeName, keys: z.array(z.string()).min(1).max(100) }),
      outputSchema: z.object({ entries: z.array(foundEntry), missing: z.array(z.string()) }),
      annotations: looks,
    },
    ({ scope, keys }) =>
      answering(async () => {
        checkScope(scope);
        const found = await ledger.read(keys.map((key) => ({ scope, key })));
        const entries = found.filter((entry) => entry !== undefined);
        const missing = keys.filter((_, index) => found[index] === undefined);
        return { entries: entries.map(entryOf), missing };
      }),
  );
}

function registerList(server: McpServer, ledger: Ledger): void {
  server.registerTool(
    'list',
    {
      title: 'List entries',
      description:
        'Lists the entries of a scope by key. With keysOnly, versions and times but no values. ' +
        'If a cursor comes back, pass it for the next page.',
      inputSchema: z.object({
        scope: scopeName,
        prefix: z.string().optional().describe('Only keys that start with it'),
        reverse: z.boolean().optional().describe('The last key first'),
        keysOnly: z.boolean().optional(),
        limit: z.int().min(1).max(pageLimit).optional().describe('Default 100'),
        cursor: z.string().optional(),
      }),
      outputSchema: z.object({
        entries: z.array(z.object({ ...entryFields, ...givenValue })),
        cursor: z.string().optional(),
      }),
      annotations: looks,
    },
    ({ scope, prefix, reverse, keysOnly, limit = 100, cursor }) =>
      answering(async () => {
        const query = { scope: checkScope(scope), prefix, reverse, limit, cursor };
        if (keysOnly === true) {
          const page = await ledger.scan({ ...query, keysOnly });
          return { entries: page.items.map(headOf), cursor: page.cursor };
        }
        const page = await ledger.scan(query);
        return { entries: page.items.map(entryOf), cursor: page.cursor };
      }),
  );
}

function registerScopes(server: McpServer, ledger: Ledger): void {
  server.registerTool(
    'scopes',
    {
      title: 'List scopes',
      description: 'Lists the scopes that hold entries, with their counts and bytes.',
      inputSchema: z.object({
        prefix: z.string().optional(),
        limit: z.int().min(1).max(pageLimit).optional().describe('Default 100'),
        cursor: z.string().optional(),
      }),
      outputSchema: z.object({
        scopes: z.array(z.object({ scope: z.string(), entries: z.int(), bytes: z.int() })),
        cursor: z.string().optional(),
        time: z.iso.datetime().describe('Now, by the clock of the store'),
      }),
      annotations: looks,
    },
    ({ prefix, limit = 100, cursor }) =>
      answering(async () => {
        const page = await ledger.scopes({ prefix, limit, cursor });
        const scopes = page.items.map(({ scope, entries, bytes }) => ({ scope, entries, bytes }));
        const time = isoOf((await ledger.head()).time);
        return { scopes, time, cursor: page.cursor };
      }),
  );
}

export const entryAddress = { scope: scopeName, key: keyName };
