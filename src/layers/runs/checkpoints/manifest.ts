/**
 * The record of a checkpoint: everything but the state itself, which lies in rows.
 *
 * Plain JSON with short names, as one is written with every step:
 * `{ v, step, up?, by, id, st?, g?, m?, q?, t?, d?, f? }`. Left out is what is as most often: a
 * parent that is the checkpoint before, `running`, and what is empty. Nothing in it can execute.
 */
import { HoldfastError } from '../../../errors/index.ts';
import type { Entry } from '../../../ledger/index.ts';
import { checkpointNumber } from '../keyspace.ts';

export const formatVersion = 1;

/** `waiting`: for an answer from outside. `failed` and `cancelled` runs can be taken up again. */
export type RunStatus = (typeof runStatuses)[number];

const runStatuses = ['running', 'waiting', 'completed', 'failed', 'cancelled'] as const;

/** A question to the outside that has no answer yet. */
export interface PendingRequest {
  readonly id: string;
  readonly executor: string;
  readonly payload: unknown;
}

/** What a step leaves beside the state: for who goes on from there. */
export interface Carried {
  readonly status: RunStatus;
  /** Messages that nobody has received yet; for whoever runs the workflow to read. */
  readonly messages: readonly unknown[];
  readonly requests: readonly PendingRequest[];
  /** Which graph made it. */
  readonly signature: string | undefined;
}

export interface CheckpointLabels {
  readonly tags?: readonly string[] | undefined;
  /** Any JSON object; kept with the checkpoint. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

export interface Manifest extends Carried {
  readonly step: number;
  /** The checkpoint that it came from; undefined for the first. */
  readonly parent: number | undefined;
  /** The epoch of the owner that wrote it. */
  readonly epoch: number;
  /** Random: tells an owner its own commit from another's after a lost answer. */
  readonly nonce: string;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The runs that stand on this checkpoint. */
  readonly forks: readonly string[];
}

export interface Checkpoint extends Omit<Manifest, 'nonce' | 'epoch'> {
  readonly workflow: string;
  readonly run: string;
  /** Grows with each checkpoint of the run; 0 is the first. */
  readonly id: number;
  /** When it was committed, in milliseconds since the Unix epoch. */
  readonly time: number;
  /** Of the stored form. */
  readonly format: number;
}

type ManifestEntry = Pick<Entry, 'scope' | 'key' | 'value'>;

interface StoredManifest {
  readonly v: number;
  readonly step: number;
  readonly up?: number;
  readonly by: number;
  readonly id: string;
  readonly st?: RunStatus;
  readonly g?: string;
  readonly m?: readonly unknown[];
  readonly q?: readonly PendingRequest[];
  readonly t?: readonly string[];
  readonly d?: Readonly<Record<string, unknown>>;
  readonly f?: Readonly<Record<string, true>>;
}

const commonStatus = 'running';

/** Of a checkpoint that does not say otherwise. */
function parentOf(number: number): number | undefined {
  return number === 0 ? undefined : number - 1;
}

/** Where the forks of a checkpoint stand in its manifest. */
export const forksPath = 'f';

/** The manifest of checkpoint `number`. */
export function storedManifest(number: number, manifest: Manifest): StoredManifest {
  const { step, parent, epoch, nonce, status, signature } = manifest;
  const { messages, requests, tags, metadata } = manifest;
  return {
    v: formatVersion,
    step,
    ...(parent === parentOf(number) || parent === undefined ? {} : { up: parent }),
    by: epoch,
    id: nonce,
    ...(status === commonStatus ? {} : { st: status }),
    ...(signature === undefined ? {} : { g: signature }),
    ...(messages.length === 0 ? {} : { m: messages }),
    ...(requests.length === 0 ? {} : { q: requests }),
    ...(tags.length === 0 ? {} : { t: tags }),
    ...(Object.keys(metadata).length === 0 ? {} : { d: metadata }),
  };
}

/**
 * Throws `unsupported` for a manifest of a newer format, `store_corrupt` for what is none: passing
 * it over would silently go on from an older state.
 */
export function manifestOf(entry: ManifestEntry): Manifest {
  const stored = storedIn(entry);
  return {
    step: stored.step,
    parent: stored.up ?? parentOf(checkpointNumber(entry.key)),
    epoch: stored.by,
    nonce: stored.id,
    status: stored.st ?? commonStatus,
    signature: stored.g,
    messages: stored.m ?? [],
    requests: stored.q ?? [],
    tags: stored.t ?? [],
    metadata: stored.d ?? {},
    forks: Object.keys(stored.f ?? {}),
  };
}

function storedIn({ scope, key, value }: ManifestEntry): StoredManifest {
  const stored = value.decode() as Partial<StoredManifest> | null;
  const text = `checkpoint ${checkpointNumber(key)} in '${scope}'`;
  if (typeof stored?.v === 'number' && stored.v > formatVersion) {
    const reads = `this code reads up to ${formatVersion}`;
    throw new HoldfastError('unsupported', `${text} has format ${stored.v}; ${reads}`, {
      details: { scope, key, format: stored.v, known: formatVersion },
    });
  }
  if (isManifest(stored)) return stored;
  throw new HoldfastError('store_corrupt', `${text} is damaged; delete it, or restore a backup`, {
    details: { scope, key },
  });
}

function isManifest(stored: Partial<StoredManifest> | null): stored is StoredManifest {
  return (
    typeof stored?.v === 'number' &&
    typeof stored.step === 'number' &&
    typeof stored.by === 'number' &&
    typeof stored.id === 'string' &&
    (stored.st === undefined || runStatuses.includes(stored.st))
  );
}

export function checkpointOf(workflow: string, run: string, entry: Entry): Checkpoint {
  const { nonce: _nonce, epoch: _epoch, ...manifest } = manifestOf(entry);
  const id = checkpointNumber(entry.key);
  return { workflow, run, id, time: entry.createdAt, format: formatVersion, ...manifest };
}
