/** `set`, `update`, `delete`: one entry, one commit. */
import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Check, Ledger, Mutation } from '../../ledger/index.ts';
import { answering } from '../answer.ts';
import {
  checkScope,
  givenValue,
  ifVersion,
  operations,
  resultOf,
  takenValue,
  ttlMs,
  writtenEntry,
} from '../shapes.ts';
import { entryAddress } from './read.ts';

export function registerWriteTools(server: McpServer, ledger: Ledger): void {
  registerSet(server, ledger);
  registerUpdate(server, ledger);
  registerDelete(server, ledger);
}

function registerSet(server: McpServer, ledger: Ledger): void {
  server.registerTool(
    'set',
    {
      title: 'Write an entry',
      description:
        'Writes a value, whatever was there. To change part of a value, or to count, use update.',
      inputSchema: z.object({ ...entryAddress, ...givenValue, ttlMs, ifVersion }),
      outputSchema: writtenEntry,
      annotations: { destructiveHint: true, idempotentHint: true, openWorldHint: false },
    },
    (given) =>
      answering(async () => {
        const { scope, key } = given;
        const value = takenValue(given);
        return write(
          ledger,
          { kind: 'set', scope, key, value, ttlMs: given.ttlMs },
          given.ifVersion,
        );
      }),
  );
}

function registerUpdate(server: McpServer, ledger: Ledger): void {
  server.registerTool(
    'update',
    {
      title: 'Change part of an entry',
      description:
        'Applies operations to a value in one atomic step: {op:"increment",path:"/visits"}, ' +
        '{op:"append",path:"/items",value:…}, {op:"merge",value:{…}}. What is missing is made.',
      inputSchema: z.object({ ...entryAddress, operations, ttlMs, ifVersion }),
      outputSchema: writtenEntry,
      annotations: { destructiveHint: true, idempotentHint: false, openWorldHint: false },
    },
    (given) =>
      answering(() => {
        const { scope, key } = given;
        // The ledger checks every operation; the schema above is there to be read.
        const checked = given.operations as never;
        const mutation = { kind: 'update', scope, key, operations: checked } as const;
        return write(ledger, { ...mutation, ttlMs: given.ttlMs }, given.ifVersion);
      }),
  );
}

function registerDelete(server: McpServer, ledger: Ledger): void {
  server.registerTool(
    'delete',
    {
      title: 'Delete an entry',
      description: 'Deletes an entry. Change "none" says that there was none.',
      inputSchema: z.object({ ...entryAddress, ifVersion }),
      outputSchema: writtenEntry,
      annotations: { destructiveHint: true, idempotentHint: true, openWorldHint: false },
    },
    ({ scope, key, ifVersion: version }) =>
      answering(() => write(ledger, { kind: 'delete', scope, key }, version)),
  );
}

async function write(
  ledger: Ledger,
  mutation: Mutation,
  version: number | undefined,
): Promise<Record<string, unknown>> {
  const { scope, key } = mutation;
  checkScope(scope);
  const checks: Check[] = version === undefined ? [] : [{ kind: 'version', scope, key, version }];
  const answer = await ledger.commit({ checks, mutations: [mutation] });
  if (answer.kind === 'conflict') {
    return { applied: false, version: answer.failures[0]?.actual ?? 0 };
  }
  return resultOf(answer.results[0] ?? { change: 'none', version: 0 });
}
