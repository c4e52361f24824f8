/** `transact`: several writes in one commit, all or nothing, each on a condition if wanted. */
import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { HoldfastError } from '../../errors/index.ts';
import { present } from '../../internal/assert.ts';
import type { Check, Ledger, Mutation } from '../../ledger/index.ts';
import { answering } from '../answer.ts';
import { checkScope, givenValue, ifVersion, operations, takenValue, ttlMs } from '../shapes.ts';
import { entryAddress } from './read.ts';

const write = z.object({
  kind: z.enum(['set', 'update', 'delete', 'check']).describe('check: only ifVersion, no write'),
  ...entryAddress,
  ...givenValue,
  operations: operations.optional().describe('For update'),
  ttlMs,
  ifVersion,
});

type Write = z.infer<typeof write>;

const writes = z.array(write).min(1).max(100);

export function registerTransactTool(server: McpServer, ledger: Ledger): void {
  server.registerTool(
    'transact',
    {
      title: 'Write several entries, all or nothing',
      description:
        'Applies several writes as one commit across scopes. If any ifVersion does not hold, ' +
        'nothing is written and conflicts name each entry with its actual version.',
      inputSchema: z.object({ writes }),
      outputSchema: z.object({
        applied: z.boolean(),
        results: z
          .array(
            z.object({ scope: z.string(), key: z.string(), change: z.string(), version: z.int() }),
          )
          .optional(),
        conflicts: z
          .array(z.object({ scope: z.string(), key: z.string(), version: z.int() }))
          .optional(),
      }),
      annotations: { destructiveHint: true, idempotentHint: false, openWorldHint: false },
    },
    (given) => answering(() => transact(ledger, given.writes)),
  );
}

async function transact(ledger: Ledger, given: readonly Write[]): Promise<Record<string, unknown>> {
  const checked = given.filter((one) => one.ifVersion !== undefined);
  const written = given.filter((one) => one.kind !== 'check');
  const checks = checked.map(({ scope, key, ifVersion: version }): Check => {
    return {
      kind: 'version',
      scope: checkScope(scope),
      key,
      version: present(version, 'a version'),
    };
  });
  const answer = await ledger.commit({ checks, mutations: written.map(mutationOf) });
  if (answer.kind === 'conflict') {
    const conflicts = answer.failures.map(({ index, actual }) => {
      const { scope, key } = present(checked[index], 'a check');
      return { scope, key, version: actual };
    });
    return { applied: false, conflicts };
  }
  const results = answer.results.map(({ change, version }, index) => {
    const { scope, key } = present(written[index], 'a write');
    return { scope, key, change, version };
  });
  return { applied: true, results };
}

function mutationOf(given: Write): Mutation {
  const { kind, key, ttlMs: ttl } = given;
  const scope = checkScope(given.scope);
  if (kind === 'delete') return { kind, scope, key };
  if (kind === 'set') return { kind, scope, key, value: takenValue(given), ttlMs: ttl };
  if (given.operations === undefined) {
    throw new HoldfastError(
      'invalid_argument',
      `the update of '${key}' in '${scope}' has no operations`,
    );
  }
  return { kind: 'update', scope, key, operations: given.operations as never, ttlMs: ttl };
}
