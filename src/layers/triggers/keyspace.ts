/**
 * Where a trigger keeps what it knows. The only place that builds or reads its addresses.
 *
 * `$trigger/NAME` is what people and workers say to each other; it changes rarely:
 * - `config`            `{ isPaused, generation, filter, since? }`; `generation` grows with a reset
 * - `worker/MEMBER`     a process that runs it: `{ perSecond? }`, with its progress
 * - `dead/ID`           a dead letter without its values; ID is `REVISION-DIGEST`
 * - `replay/ID`         asks the owner of the dead letter's shard to try it again
 *
 * `$trigger/NAME/progress` is how far it is; it changes with its work:
 * - `shard/SS`          `{ position }`: everything of the shard up to there is done
 * - `lane/SS/LLL`       `{ revision, scope, key }`: the last of the lane that is done, if that is
 *                       ahead of its shard. Within one commit events come by scope and key
 * - `parked/SS/DIGEST/REVISION`   a parked event without its values; those of one key queue up
 *
 * `$trigger/NAME/values` has the values of dead and parked events, raw, so that they survive the
 * log: `old/…` and `new/…` with the rest of the key as above.
 *
 * K1. A lane is the unit of order: a key is always in the same lane, a lane in the same shard.
 * K2. A shard is the unit of ownership: `trigger/NAME/SS` of the membership. Its owner alone writes
 *     the shard's progress, under its epoch.
 * K3. A lane's row is written against the version that its owner knows, so that a commit which
 *     arrives late, after its sender has asked again, cannot count twice.
 */
import { bytesToHex } from '@noble/hashes/utils.js';
import { sha256 } from '../../internal/sha256.ts';
import type { Ref } from '../../ledger/index.ts';

export const scopePrefix = '$trigger/';
export const laneCount = 128;
export const shardCount = 8;

export const configKey = 'config';
export const workerPrefix = 'worker/';
export const deadPrefix = 'dead/';
export const replayPrefix = 'replay/';

export function controlScope(name: string): string {
  return scopePrefix + name;
}

export function progressScope(name: string): string {
  return `${scopePrefix}${name}/progress`;
}

export function valuesScope(name: string): string {
  return `${scopePrefix}${name}/values`;
}

/** The trigger of a scope that is its control scope. */
export function triggerOf(scope: string): string | undefined {
  const name = scope.slice(scopePrefix.length);
  return scope.startsWith(scopePrefix) && !name.includes('/') ? name : undefined;
}

export function shardKey(shard: number): string {
  return `shard/${digits(shard, 2)}`;
}

export function shardOfLane(lane: number): number {
  return lane % shardCount;
}

export function lanePrefix(shard: number): string {
  return `lane/${digits(shard, 2)}/`;
}

export function laneKey(lane: number): string {
  return lanePrefix(shardOfLane(lane)) + digits(lane, 3);
}

export function laneOfKey(key: string): number {
  return Number(key.slice(-3));
}

export const allParkedPrefix = 'parked/';

export function parkedPrefix(shard: number): string {
  return `${allParkedPrefix}${digits(shard, 2)}/`;
}

export function parkedKey(shard: number, digest: string, revision: number): string {
  return `${parkedPrefix(shard)}${digest}/${digits(revision, 16)}`;
}

/** The digest in a parked event's key. */
export function digestOfParked(key: string): string {
  return key.split('/')[2] ?? '';
}

export function deadId(digest: string, revision: number): string {
  return `${digits(revision, 16)}-${digest}`;
}

export function digestOfDead(id: string): string {
  return id.slice(id.indexOf('-') + 1);
}

/** The values of a parked or dead event whose row has this key. */
export function valueRefs(name: string, key: string): { readonly old: Ref; readonly new: Ref } {
  const scope = valuesScope(name);
  return { old: { scope, key: `old/${key}` }, new: { scope, key: `new/${key}` } };
}

/** Whether a value belongs to a parked or dead event of the scope's key with this digest. */
export function isOfDigest(key: string, digest: string): boolean {
  return key.endsWith(`-${digest}`) || key.includes(`/${digest}/`);
}

export function resourceOf(name: string, shard: number): string {
  return `trigger/${name}/${digits(shard, 2)}`;
}

export function pinName(name: string): string {
  return `trigger/${name}`;
}

/** Names one scope's key in few bytes. */
export function digestOf(scope: string, key: string): string {
  return bytesToHex(sha256(`${scope}\0${key}`)).slice(0, 24);
}

/** FNV-1a, for spreading alone. */
export function laneOf(scope: string, key: string): number {
  let hash = 0x811c9dc5;
  for (const part of [scope, key]) {
    for (let index = 0; index < part.length; index += 1) {
      hash = Math.imul(hash ^ part.charCodeAt(index), 0x01000193);
    }
    hash = Math.imul(hash ^ 0xff, 0x01000193);
  }
  hash ^= hash >>> 15;
  return (hash >>> 0) % laneCount;
}

function digits(number: number, count: number): string {
  return String(number).padStart(count, '0');
}
