/**
 * What the writers propose: a pure function of seed, writer and index.
 *
 * So a verifier that finds `writer:index` as the actor of a commit knows every change that the
 * commit must have, without having watched the writer. The proposals keep invariants that half a
 * commit would break:
 *
 * P1. `left/n` and `right/n` are equal, or both absent.
 * P2. The accounts sum to zero.
 * P3. A counter is the sum of the increments in the log.
 */
import { seededRandom } from '../../../src/internal/random.ts';
import type { Random } from '../../../src/internal/random.ts';
import type { Mutation, Proposal } from '../../../src/ledger/index.ts';

/** `whole` keeps all of its log, `trimmed` little; `loose` mostly asks for `relaxed`. */
export const apps = ['whole', 'trimmed', 'loose'] as const;
export type App = (typeof apps)[number];

export interface Load {
  readonly app: App;
  readonly proposal: Proposal;
}

/** How many proposals a writer has waiting at most. */
export const lanes = 12;

/** Every third proposal carries a stamp, so its repeat can be told from a new one. */
export function isStamped(index: number): boolean {
  return index % 3 === 0;
}

/** What a writer sends at `index`: its own proposal, or an earlier one again, stamp and all. */
export function sentAt(seed: number, writer: string, index: number): Load & { original: number } {
  const random = seededRandom(mix(seed, writer, index));
  const repeats = isStamped(index) && index >= 30 && random.float() < 0.2;
  // The writer's lanes are fewer than these, so some repeats meet their original still waiting.
  const original = repeats ? index - 3 * (1 + whole(random, 9)) : index;
  return { ...loadOf(seed, writer, original), original };
}

/** The proposal whose actor is `writer:index`. */
export function loadOf(seed: number, writer: string, index: number): Load {
  const random = seededRandom(mix(seed, writer, index) ^ 0x5bd1e995);
  const app = pick(random, ['whole', 'whole', 'trimmed', 'trimmed', 'loose'] as const);
  const by = `${writer}:${index}`;
  const relaxed = random.float() < (app === 'loose' ? 0.9 : 0.15);
  const kind = pickKind(random);
  return {
    app,
    proposal: {
      ...kind(random, by),
      durability: relaxed ? 'relaxed' : 'sync',
      actor: by,
      ...(isStamped(index) && { stamp: { client: writer, sequence: index + 1 } }),
    },
  };
}

type Kind = (random: Random, by: string) => Pick<Proposal, 'checks' | 'mutations'>;

const kinds: readonly (readonly [weight: number, kind: Kind])[] = [
  [20, setItem],
  [6, deleteItem],
  [8, updateProfile],
  [6, claimItem],
  [3, setHalf],
  [6, setLarge],
  [6, updateLarge],
  [12, setPair],
  [4, deletePair],
  [10, increment],
  [10, transfer],
  [12, setShort],
  [4, touchShort],
  [4, setBytes],
  [2, setMany],
];
const weightSum = kinds.reduce((sum, [weight]) => sum + weight, 0);

function pickKind(random: Random): Kind {
  let left = random.float() * weightSum;
  for (const [weight, kind] of kinds) {
    left -= weight;
    if (left < 0) return kind;
  }
  return setItem;
}

function item(random: Random): { scope: string; key: string } {
  return { scope: `items-${whole(random, 3)}`, key: `item-${whole(random, 20)}` };
}

function setItem(random: Random, by: string): Pick<Proposal, 'mutations'> {
  const value = { by, text: textOf(random, whole(random, 400)) };
  return { mutations: [{ kind: 'set', ...item(random), value }] };
}

function deleteItem(random: Random): Pick<Proposal, 'mutations'> {
  return { mutations: [{ kind: 'delete', ...item(random) }] };
}

function updateProfile(random: Random, by: string): Pick<Proposal, 'mutations'> {
  const ref = { scope: 'profiles', key: `profile-${whole(random, 10)}` };
  if (random.float() < 0.4)
    return { mutations: [{ kind: 'set', ...ref, value: { seen: { by } } }] };
  const operations = [{ op: 'set', path: '/seen/by', value: by }] as const;
  return { mutations: [{ kind: 'update', ...ref, operations }] };
}

/** The second half is refused wherever a profile is there, and the first must go with it. */
function setHalf(random: Random, by: string): Pick<Proposal, 'mutations'> {
  const [profile] = updateProfile(random, by).mutations ?? [];
  const first: Mutation = { kind: 'set', ...item(random), value: { by } };
  return { mutations: [first, added('profiles', profile?.key ?? '', 1)] };
}

/** Create only if absent: often a conflict. */
function claimItem(random: Random, by: string): Pick<Proposal, 'checks' | 'mutations'> {
  const ref = item(random);
  return {
    checks: [{ kind: 'version', ...ref, version: 0 }],
    mutations: [{ kind: 'set', ...ref, value: { by } }],
  };
}

function large(random: Random): { scope: string; key: string } {
  return { scope: 'large', key: `large-${whole(random, 4)}` };
}

/** Above 4 KiB a value is stored apart from its entry. */
function setLarge(random: Random, by: string): Pick<Proposal, 'mutations'> {
  const value = { by, text: textOf(random, 4_200 + whole(random, 8_000)) };
  return { mutations: [{ kind: 'set', ...large(random), value }] };
}

/** Stored as its difference to the large value that it came from. */
function updateLarge(random: Random, by: string): Pick<Proposal, 'mutations'> {
  const operations = [{ op: 'set', path: '/by', value: by }] as const;
  return { mutations: [{ kind: 'update', ...large(random), operations }] };
}

function setPair(random: Random, by: string): Pick<Proposal, 'mutations'> {
  const key = `pair-${whole(random, 6)}`;
  const value = { by, text: textOf(random, whole(random, 200)) };
  return { mutations: sides.map((scope) => ({ kind: 'set', scope, key, value })) };
}

function deletePair(random: Random): Pick<Proposal, 'mutations'> {
  const key = `pair-${whole(random, 6)}`;
  return { mutations: sides.map((scope) => ({ kind: 'delete', scope, key })) };
}

export const sides = ['left', 'right'] as const;

function increment(random: Random): Pick<Proposal, 'mutations'> {
  return { mutations: [added('counters', `counter-${whole(random, 3)}`, 1 + whole(random, 5))] };
}

function transfer(random: Random): Pick<Proposal, 'mutations'> {
  const from = whole(random, 6);
  const to = (from + 1 + whole(random, 5)) % 6;
  const amount = 1 + whole(random, 100);
  const accounts = [added('accounts', `account-${from}`, -amount)];
  return { mutations: [...accounts, added('accounts', `account-${to}`, amount)] };
}

function added(scope: string, key: string, by: number): Mutation {
  return { kind: 'update', scope, key, operations: [{ op: 'increment', by }] };
}

function setShort(random: Random, by: string): Pick<Proposal, 'mutations'> {
  const ttlMs = 1 + whole(random, 60);
  const key = `short-${whole(random, 12)}`;
  return { mutations: [{ kind: 'set', scope: 'short', key, value: by, ttlMs }] };
}

function touchShort(random: Random): Pick<Proposal, 'mutations'> {
  const key = `short-${whole(random, 12)}`;
  return { mutations: [{ kind: 'touch', scope: 'short', key, ttlMs: 1 + whole(random, 100) }] };
}

function setBytes(random: Random): Pick<Proposal, 'mutations'> {
  const size = random.float() < 0.3 ? 5_000 : whole(random, 300);
  const value = new Uint8Array(size).map(() => whole(random, 256));
  return { mutations: [{ kind: 'set', scope: 'bytes', key: `bytes-${whole(random, 4)}`, value }] };
}

/** Wide enough to change many pages: a commit that a torn write could halve. */
function setMany(random: Random, by: string): Pick<Proposal, 'mutations'> {
  const text = textOf(random, 300);
  const keys = Array.from({ length: 25 }, (_, index) => `many-${index}`);
  return {
    mutations: keys.map((key) => ({ kind: 'set', scope: 'many', key, value: { by, text } })),
  };
}

function whole(random: Random, below: number): number {
  return Math.floor(random.float() * below);
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[whole(random, from.length)]!;
}

function textOf(random: Random, length: number): string {
  const letters = random.hex(16);
  return letters.repeat(Math.ceil(length / letters.length)).slice(0, length);
}

function mix(seed: number, writer: string, index: number): number {
  let mixed = seed ^ 0x9e3779b9;
  for (const letter of `${writer}:${index}`) {
    mixed = Math.imul(mixed ^ letter.charCodeAt(0), 0x01000193) ^ (mixed >>> 15);
  }
  return mixed >>> 0;
}
