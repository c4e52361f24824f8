/** What is asked of the servers themselves: figures for `stats`, and files without old content. */
import { systemClock } from '../../../internal/clock.ts';
import { numberOf, textOf } from '../encoding.ts';
import type { LedgerKeys } from '../keyspace.ts';
import type { Connection } from './connection.ts';
import { factsOf, promiseOf } from './facts.ts';

/** How often a rewrite of the append-only file is asked after. */
const rewritePollMs = 20;

export async function statsOf(
  connection: Connection,
  ledgers: readonly LedgerKeys[],
): Promise<{ storedBytes: number; facts: Record<string, string | number | boolean> }> {
  const sizes = await Promise.all(
    ledgers.flatMap(({ meta, data, index, log, bodies }) =>
      [meta, data, index, log, bodies].map((key) =>
        connection.call('MEMORY', 'USAGE', key, 'SAMPLES', 5),
      ),
    ),
  );
  const servers = await factsOf(connection);
  const [first] = servers;
  return {
    storedBytes: sizes.reduce<number>((sum, size) => sum + numberOf(size), 0),
    facts: {
      server: connection.where,
      version: first?.version ?? 'unknown',
      primaries: servers.length,
      appendonly: servers.every(({ appendonly }) => appendonly),
      appendfsync: [...new Set(servers.map(({ appendfsync }) => appendfsync))].join(', '),
      replicas: Math.min(...servers.map(({ replicas }) => replicas)),
      wait: connection.address.wait,
      promise: promiseOf(servers, connection.address.wait),
    },
  };
}

/** Rewrites the append-only file of every primary that has one, and waits until it is in place. */
export async function scrubFiles(connection: Connection): Promise<void> {
  const before = await rewritesOf(connection);
  if (before.every(({ isOn }) => !isOn)) return;
  for (;;) {
    const replies = await Promise.allSettled([connection.callAll('BGREWRITEAOF')]);
    const [asked] = replies;
    // A snapshot or a rewrite under way began before: wait for it, and ask again.
    if (asked?.status === 'fulfilled' && !asked.value.map(textOf).some(isScheduledOnly)) break;
    await systemClock.sleep(rewritePollMs);
  }
  while ((await rewritesOf(connection)).some(({ isRunning }) => isRunning)) {
    await systemClock.sleep(rewritePollMs);
  }
}

function isScheduledOnly(reply: string): boolean {
  return reply.includes('scheduled') && !reply.includes('started');
}

async function rewritesOf(
  connection: Connection,
): Promise<{ readonly isOn: boolean; readonly isRunning: boolean }[]> {
  const infos = await connection.callAll('INFO', 'persistence');
  return infos.map((info) => {
    const text = textOf(info);
    return {
      isOn: /aof_enabled:1/.test(text),
      isRunning: /aof_rewrite_(in_progress|scheduled):1/.test(text),
    };
  });
}
