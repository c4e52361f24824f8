/** Takes a run over, or begins it, once its ownership was claimed. */
import { HoldfastError } from '../../../errors/index.ts';
import { limits, StoredValue } from '../../../ledger/index.ts';
import type { Ownership } from '../../../ledger/index.ts';
import { indexRef, runKey } from '../keyspace.ts';
import { checkedLabels } from '../run-options.ts';
import type { InitialRun, OpenRunOptions } from '../run-options.ts';
import { checkStateKey, keysPrefix } from '../state/place.ts';
import { RunState } from '../state/run-state.ts';
import type { StateChanges } from '../state/run-state.ts';
import { indexValue, requestMutations } from './fork.ts';
import { loadState } from './load.ts';
import { formatVersion } from './manifest.ts';
import type { Checkpoint, Manifest } from './manifest.ts';
import { fenced, publish } from './publish.ts';
import type { RunHome, RunRecord } from './run-home.ts';
import { removeStrays } from './strays.ts';

export interface Begun {
  readonly latest: Checkpoint;
  readonly state: RunState;
}

export interface BeginOptions extends OpenRunOptions {
  readonly maxBytes: number;
  /** The state of a run that begins, in place of `initial.state`. */
  readonly changes?: StateChanges | undefined;
}

/** Throws `not_found` if there is no such run and there must be one. */
export async function beginRun(
  home: RunHome,
  ownership: Ownership,
  options: BeginOptions,
): Promise<Begun> {
  const latest = await home.latest();
  await removeStrays(home, ownership, latest?.id ?? -1);
  if (latest !== undefined) {
    return { latest, state: await loadState(home, latest.id, options.maxBytes) };
  }
  if (options.mustExist === true) {
    const text = `there is no run '${home.run}' of '${home.workflow}'`;
    throw new HoldfastError('not_found', text, {
      details: { workflow: home.workflow, run: home.run },
    });
  }
  const changes = options.changes ?? initialChanges(options.initial);
  const state = new RunState(options.maxBytes);
  state.checkRoom(changes);
  const manifest = firstManifest(home, ownership, options);
  const record: RunRecord = { v: formatVersion };
  const published = await publish(home, ownership, {
    number: 0,
    manifest,
    changes,
    checks: [],
    mutations: [
      { kind: 'set', ...home.ref(runKey), value: record },
      { kind: 'set', ...indexRef(home.workflow, home.run), value: indexValue(manifest) },
      ...requestMutations(home, [], manifest.requests),
    ],
  });
  const first = await home.checkpoint(0);
  if (published.kind === 'conflict' || first === undefined) throw fenced(home, ownership);
  state.apply(changes);
  return { latest: first, state };
}

function firstManifest(
  home: RunHome,
  ownership: Ownership,
  { initial = {}, signature }: OpenRunOptions,
): Manifest {
  return {
    step: initial.step ?? 0,
    parent: undefined,
    epoch: ownership.epoch,
    nonce: home.host.random.hex(8),
    status: initial.status ?? 'running',
    messages: initial.messages ?? [],
    requests: initial.requests ?? [],
    signature,
    forks: [],
    ...checkedLabels(initial),
  };
}

function initialChanges({ state = {} }: InitialRun = {}): StateChanges {
  return new Map(
    Object.entries(state).map(([key, value]) => {
      checkStateKey(key);
      return [keysPrefix(undefined) + key, StoredValue.of(value, limits.valueBytesMax)] as const;
    }),
  );
}
