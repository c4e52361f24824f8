/**
 * Removes a run: its checkpoints from the oldest on, so that what is left at any moment is a whole
 * run, then everything else.
 */
import { HoldfastError } from '../../errors/index.ts';
import { limits } from '../../ledger/index.ts';
import type { Check, Entry, Mutation, Ownership } from '../../ledger/index.ts';
import { pagesOf } from '../scopes/index.ts';
import { indexRef } from './keyspace.ts';
import { releaseMutation } from './checkpoints/fork.ts';
import { manifestOf } from './checkpoints/manifest.ts';
import { fenced } from './checkpoints/publish.ts';
import type { RunHome } from './checkpoints/run-home.ts';
import { removeAll } from './checkpoints/strays.ts';

const manifestsPerCommit = 400;

/** Whether there was anything. Throws `in_use` while a fork stands on one of its checkpoints. */
export async function deleteRun(home: RunHome, ownership: Ownership): Promise<boolean> {
  const manifests: Entry[] = [];
  for await (const entry of home.manifests()) {
    const [fork] = manifestOf(entry).forks;
    if (fork !== undefined) throw inUse(home, fork);
    manifests.push(entry);
  }
  const base = (await home.record())?.base;
  for (let from = 0; from < manifests.length; from += manifestsPerCommit) {
    const share = manifests.slice(from, from + manifestsPerCommit);
    const isLast = from + manifestsPerCommit >= manifests.length;
    await dropShare(home, ownership, share, [
      ...(isLast ? [{ kind: 'delete', ...indexRef(home.workflow, home.run) } as const] : []),
      ...(isLast && base !== undefined ? [releaseMutation(home, base)] : []),
    ]);
  }
  const left: Mutation[] = [];
  const { ledger } = home.host;
  const query = { scope: home.scope, limit: limits.scanLimitMax, keysOnly: true } as const;
  for await (const page of pagesOf((one) => ledger.scan(one), query, {})) {
    for (const { key } of page) left.push({ kind: 'delete', ...home.ref(key) });
  }
  await removeAll(home, ownership, left);
  return manifests.length > 0 || left.length > 0;
}

async function dropShare(
  home: RunHome,
  ownership: Ownership,
  share: readonly Entry[],
  others: readonly Mutation[],
): Promise<void> {
  const checks: Check[] = share.map(({ key, version }) => {
    return { kind: 'version', ...home.ref(key), version };
  });
  const mutations: Mutation[] = share.map(({ key }) => ({ kind: 'delete', ...home.ref(key) }));
  const answer = await home.host.commit({
    checks: [...checks, ownership.check()],
    mutations: [...mutations, ...others],
  });
  if (answer.kind === 'committed') return;
  if (answer.failures.some(({ check }) => check.kind === 'epoch')) {
    throw fenced(home, ownership, answer);
  }
  throw inUse(home);
}

function inUse({ workflow, run }: RunHome, fork?: string): HoldfastError {
  const by = fork === undefined ? 'a fork that was just made' : `'${fork}'`;
  return new HoldfastError('in_use', `run '${run}' of '${workflow}' is the base of ${by}`, {
    details: { workflow, run, fork },
  });
}
