/**
 * Forks: a run that begins where a checkpoint of another stands, and copies nothing.
 *
 * F1. The fork's first checkpoint and the mark on the one that it stands on are one commit: a
 *     marked checkpoint cannot be pruned, and one that was pruned cannot be forked.
 * F2. Neither run sees anything of what the other does afterwards.
 */
import { HoldfastError } from '../../../errors/index.ts';
import type { Mutation } from '../../../ledger/index.ts';
import { answerKey, checkpointKey, indexRef, requestKey, runKey } from '../keyspace.ts';
import { formatVersion, forksPath, manifestOf, storedManifest } from './manifest.ts';
import type { Checkpoint, Manifest } from './manifest.ts';
import { patiently } from './publish.ts';
import type { ForkBase, RunHome, RunRecord } from './run-home.ts';

/** Throws `not_found`, and `invalid_argument` if there is a run of the new name. */
export async function fork(
  home: RunHome,
  checkpoint: number,
  target: RunHome,
  labels: Pick<Manifest, 'tags' | 'metadata'>,
  nonce: string,
): Promise<Checkpoint> {
  const base = home.ref(checkpointKey(checkpoint));
  const first = target.ref(checkpointKey(0));
  const entry = await home.entry(base.key);
  if (entry === undefined) throw home.missing(checkpoint);
  const from = manifestOf(entry);
  const manifest: Manifest = {
    ...from,
    ...labels,
    parent: undefined,
    epoch: 0,
    nonce,
    forks: [],
  };
  const record: RunRecord = { v: formatVersion, base: { run: home.run, checkpoint } };
  const answer = await patiently(() =>
    home.host.commit({
      checks: [
        { kind: 'version', ...base, version: entry.version },
        { kind: 'version', ...first, version: 0 },
        { kind: 'version', ...target.ref(runKey), version: 0 },
      ],
      mutations: [
        { kind: 'set', ...first, value: storedManifest(0, manifest) },
        { kind: 'set', ...target.ref(runKey), value: record },
        { kind: 'set', ...indexRef(target.workflow, target.run), value: indexValue(manifest) },
        { kind: 'update', ...base, operations: [markOf(target.run)] },
        ...requestMutations(target, [], manifest.requests),
      ],
    }),
  );
  const made = await target.entry(first.key);
  if (made !== undefined && manifestOf(made).nonce === nonce) return target.checkpointOf(made);
  if (answer.kind === 'conflict' && answer.failures.every(({ index }) => index === 0)) {
    // Another fork of it, or its pruning, came in between.
    return fork(home, checkpoint, target, labels, nonce);
  }
  const text = `there is a run '${target.run}' of '${target.workflow}' already`;
  throw new HoldfastError('invalid_argument', text, { details: { run: target.run } });
}

function markOf(run: string) {
  return { op: 'set', path: [forksPath, run], value: true } as const;
}

/** Takes the mark of a fork off the checkpoint that it stands on. */
export function releaseMutation(home: RunHome, base: ForkBase): Mutation {
  const ref = home.sibling(base.run).ref(checkpointKey(base.checkpoint));
  return { kind: 'update', ...ref, operations: [{ op: 'remove', path: [forksPath, home.run] }] };
}

/** What the index of a workflow says of a run. */
export function indexValue({ status }: Pick<Manifest, 'status'>): { readonly status: string } {
  return { status };
}

/** Makes the entries of requests what a new checkpoint says. */
export function requestMutations(
  home: RunHome,
  before: Manifest['requests'],
  after: Manifest['requests'],
): Mutation[] {
  const kept = new Set(after.map(({ id }) => id));
  const known = new Set(before.map(({ id }) => id));
  const mutations: Mutation[] = [];
  for (const { id, executor } of after) {
    if (known.has(id)) continue;
    mutations.push({ kind: 'set', ...home.ref(requestKey(id)), value: { executor } });
  }
  for (const { id } of before) {
    if (kept.has(id)) continue;
    mutations.push({ kind: 'delete', ...home.ref(requestKey(id)) });
    mutations.push({ kind: 'delete', ...home.ref(answerKey(id)) });
  }
  return mutations;
}
