/** A decision as the arguments of `applyDecision`, in the order in which the script takes them. */
import type { Head, Ref, StoredEntry } from '../../entry.ts';
import type { Bound, Decision, DeleteWrite, Holds, PutWrite, Stamp } from '../../transaction.ts';
import { fieldOf, restOf } from '../encoding.ts';

export type Argument = string | Buffer;

export interface Application {
  /** Empty: the server's. */
  readonly now: string;
  readonly stamp: Stamp;
  readonly head: Head;
  /** Counts that the head must have, at that very revision, in place of the entries' versions. */
  readonly exactly: string | undefined;
  readonly viewTime: number;
  readonly refs: readonly Ref[];
  readonly entries: readonly (StoredEntry | undefined)[];
  readonly decision: Decision;
  /** The id of the incarnation that begins, if one does. */
  readonly incarnation: string;
  /** Whether this opening has not yet committed to the ledger. */
  readonly isFirst: boolean;
  readonly channel: string;
  readonly ledger: string;
}

export function argumentsOf(application: Application): Argument[] {
  const { now, stamp, head, viewTime, decision, incarnation, isFirst } = application;
  const into: Argument[] = [
    now,
    stamp.member,
    `${stamp.sequence}`,
    head.incarnation,
    `${head.revision}`,
    application.exactly ?? '',
    `${viewTime}`,
    optional(decision.validUntil),
  ];
  addReads(into, application);
  addHolds(into, decision.holds ?? {});
  into.push(`${decision.revisions}`, incarnation, isFirst ? '1' : '0');
  addWrites(into, application);
  addDeltas(into, decision);
  addLog(into, decision);
  into.push(application.channel, application.ledger);
  return into;
}

/** Each entry once: a `need` may have asked for it again. */
function addReads(into: Argument[], { exactly, refs, entries }: Application): void {
  if (exactly !== undefined) {
    into.push('0');
    return;
  }
  const versions = new Map<string, string>();
  for (const [index, ref] of refs.entries()) {
    versions.set(fieldOf(ref), `${entries[index]?.version ?? 0}`);
  }
  into.push(`${versions.size}`);
  for (const field of versions.keys()) into.push(field);
  for (const version of versions.values()) into.push(version);
}

function addHolds(into: Argument[], { entries, bytes, scopes = [] }: Holds): void {
  addBounds(into, entries, bytes);
  into.push(`${scopes.length}`);
  for (const hold of scopes) {
    into.push(hold.scope, optional(hold.revision));
    addBounds(into, hold.entries, hold.bytes);
  }
}

function addBounds(into: Argument[], entries: Bound | undefined, bytes: Bound | undefined): void {
  into.push(optional(entries?.least), optional(entries?.most));
  into.push(optional(bytes?.least), optional(bytes?.most));
}

function addWrites(into: Argument[], { decision: { writes } }: Application): void {
  const puts = writes.filter((write): write is PutWrite => write.kind === 'put');
  const deletes = writes.filter((write): write is DeleteWrite => write.kind === 'delete');
  into.push(`${puts.length}`);
  for (const put of puts) {
    into.push(fieldOf(put), `${put.offset}`, optional(put.createdAt), restOf(put), contentOf(put));
  }
  into.push(`${deletes.length}`);
  for (const one of deletes) into.push(fieldOf(one));
}

function contentOf({ content }: PutWrite): Argument {
  if (typeof content === 'string') return content;
  return Buffer.from(content.buffer, content.byteOffset, content.byteLength);
}

/** Folded by scope, so that the script touches each once. */
function addDeltas(into: Argument[], { scopes }: Decision): void {
  const sums = new Map<string, { entries: number; bytes: number; offset: number | undefined }>();
  for (const { scope, entries, bytes, offset } of scopes) {
    const sum = sums.get(scope) ?? { entries: 0, bytes: 0, offset: undefined };
    sum.entries += entries;
    sum.bytes += bytes;
    if (offset !== undefined) sum.offset = Math.max(sum.offset ?? 0, offset);
    sums.set(scope, sum);
  }
  into.push(`${sums.size}`);
  for (const [scope, { entries, bytes, offset }] of sums) {
    into.push(scope, `${entries}`, `${bytes}`, optional(offset));
  }
}

function addLog(into: Argument[], { log, rewrites = [], trimThrough }: Decision): void {
  if (log === undefined) into.push('0');
  else into.push('1', log.tags, log.body);
  into.push(`${rewrites.length}`);
  for (const { last, body } of rewrites) into.push(`${last}`, body);
  into.push(optional(trimThrough));
}

function optional(number: number | undefined): string {
  return number === undefined ? '' : `${number}`;
}
