/** `history`: what changed, from the log. */
import type { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { HoldfastError } from '../../errors/index.ts';
import type { Change, ChangeFilter, Commit, Ledger } from '../../ledger/index.ts';
import { answering } from '../answer.ts';
import { checkScope, isoOf, valueOf } from '../shapes.ts';

const change = z.object({
  revision: z.int(),
  time: z.iso.datetime(),
  kind: z.enum(['created', 'updated', 'deleted', 'expired']),
  scope: z.string(),
  key: z.string(),
  value: z.json().optional(),
  base64: z.base64().optional(),
  actor: z.string().optional(),
});

export function registerHistoryTool(server: McpServer, ledger: Ledger): void {
  server.registerTool(
    'history',
    {
      title: 'See what changed',
      description:
        'The latest changes of a key, a scope or everything, the oldest of them first. It ' +
        'reaches as far back as the log is kept, and costs a pass over the log.',
      inputSchema: z.object({
        scope: z.string().optional(),
        key: z.string().optional().describe('Only with scope'),
        prefix: z.string().optional().describe('Only keys that start with it'),
        limit: z.int().min(1).max(200).optional().describe('Default 20'),
      }),
      outputSchema: z.object({
        changes: z.array(change),
        complete: z.boolean().describe('Whether nothing earlier was left out or is forgotten'),
      }),
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    ({ scope, key, prefix, limit = 20 }) =>
      answering(() => history(ledger, { scope: scope && checkScope(scope), key, prefix }, limit)),
  );
}

async function history(
  ledger: Ledger,
  filter: ChangeFilter,
  limit: number,
): Promise<Record<string, unknown>> {
  const { oldest, trimmed } = await ledger.head();
  const latest: Record<string, unknown>[] = [];
  let isComplete = trimmed === 0;
  for (let at = oldest; ;) {
    const page = await ledger.log(at, filter);
    if (page.kind !== 'commits') {
      throw new HoldfastError('contended', 'the log was trimmed while it was read; ask again');
    }
    for (const commit of page.commits) {
      for (const one of commit.changes) {
        if (!one.scope.startsWith('$')) latest.push(changeOf(commit, one));
      }
    }
    const surplus = latest.length - limit;
    if (surplus > 0) {
      latest.splice(0, surplus);
      isComplete = false;
    }
    at = page.through;
    if (at.revision >= page.head.revision) return { changes: latest, complete: isComplete };
  }
}

function changeOf(commit: Commit, { kind, scope, key, value }: Change): Record<string, unknown> {
  const { position, time, actor } = commit;
  return {
    revision: position.revision,
    time: isoOf(time),
    kind,
    scope,
    key,
    ...(value !== undefined && valueOf(value)),
    ...(actor !== undefined && { actor }),
  };
}
