/** Where one run is kept: its names, its scope and what reads of it have in common. */
import { HoldfastError } from '../../../errors/index.ts';
import type { Entry, Ref } from '../../../ledger/index.ts';
import { pagesOf } from '../../scopes/index.ts';
import type { ScopeHost } from '../../scopes/index.ts';
import {
  checkpointKey,
  checkpointPrefix,
  checkRunId,
  checkWorkflowName,
  runKey,
  runScope,
} from '../keyspace.ts';
import { checkpointOf } from './manifest.ts';
import type { Checkpoint } from './manifest.ts';

/** A checkpoint of another run that this one began from. */
export interface ForkBase {
  readonly run: string;
  readonly checkpoint: number;
}

/** What a run's `run` entry says. */
export interface RunRecord {
  readonly v: number;
  readonly base?: ForkBase | undefined;
}

const pageEntries = 500;

export class RunHome {
  readonly host: ScopeHost;
  readonly workflow: string;
  readonly run: string;
  readonly scope: string;

  constructor(host: ScopeHost, workflow: string, run: string) {
    checkWorkflowName(workflow);
    checkRunId(run);
    this.host = host;
    this.workflow = workflow;
    this.run = run;
    this.scope = runScope(workflow, run);
  }

  /** Another run of the same workflow. */
  sibling(run: string): RunHome {
    return new RunHome(this.host, this.workflow, run);
  }

  ref(key: string): Ref {
    return { scope: this.scope, key };
  }

  async entry(key: string): Promise<Entry | undefined> {
    const [entry] = await this.host.ledger.read([this.ref(key)]);
    return entry;
  }

  async record(): Promise<RunRecord | undefined> {
    return (await this.entry(runKey))?.value.decode() as RunRecord | undefined;
  }

  checkpointOf(entry: Entry): Checkpoint {
    return checkpointOf(this.workflow, this.run, entry);
  }

  async checkpoint(id: number): Promise<Checkpoint | undefined> {
    if (!Number.isSafeInteger(id) || id < 0) return undefined;
    const entry = await this.entry(checkpointKey(id));
    return entry && this.checkpointOf(entry);
  }

  /** One entry is read, however many checkpoints there are. */
  async latest(): Promise<Checkpoint | undefined> {
    const query = { scope: this.scope, prefix: checkpointPrefix, reverse: true, limit: 1 };
    const [entry] = (await this.host.ledger.scan(query)).items;
    return entry && this.checkpointOf(entry);
  }

  /** The manifests' entries, oldest first unless `reverse`. */
  async *manifests(reverse = false, limit?: number): AsyncGenerator<Entry, void, undefined> {
    const { ledger } = this.host;
    const query = { scope: this.scope, prefix: checkpointPrefix, reverse, limit: pageEntries };
    for await (const page of pagesOf((one) => ledger.scan(one), query, { limit })) yield* page;
  }

  missing(id: number): HoldfastError {
    const text = `run '${this.run}' of '${this.workflow}' has no checkpoint ${id}`;
    return new HoldfastError('not_found', `${text}: it was pruned, or never was`, {
      details: { workflow: this.workflow, run: this.run, checkpoint: id },
    });
  }
}
