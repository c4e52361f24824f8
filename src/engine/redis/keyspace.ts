/**
 * The keys of a store in Redis, the record of their encoding. `redis-cli` shows all of it as text.
 *
 * K1. All keys of a ledger share the hash tag `{ledger}`: one slot of a cluster, one script.
 * K2. An entry is a field `scope NUL key` in two hashes: what it holds (`data`, as it was written)
 *     and what is known of it (`meta`), so that a version is compared without its value.
 * K3. `index` holds the same fields with score 0: Redis orders those by bytes, and the NUL keeps
 *     each scope together. Scopes that have entries are in `names`, emptied ones in `empty`.
 * K4. A group of commits is a row of `log` (score: its last revision; tags inside) and a field of
 *     `bodies`: a reader passes rows over without their bodies, and an erasure rewrites one.
 * K5. Nothing has a Redis time to live: expiry is a commit, found by `expiry`.
 * K6. What belongs to no ledger is in the slot of `{prefix}`. Nothing there is needed to read a
 *     ledger: in a cluster it cannot be written in one step with it.
 *
 * A change of this layout is a new `formatVersion`.
 */

export const formatVersion = 1;

export interface LedgerKeys {
  readonly head: string;
  readonly meta: string;
  readonly data: string;
  readonly index: string;
  readonly expiry: string;
  readonly scopes: string;
  readonly names: string;
  readonly empty: string;
  readonly log: string;
  readonly bodies: string;
  readonly incarnations: string;
  readonly stamps: string;
}

export class Keyspace {
  readonly prefix: string;
  /** Hash: `format`. */
  readonly store: string;
  /** Sorted set, score 0: the names of ledgers that may have commits. */
  readonly ledgers: string;
  /** Sorted set: ledgers by a moment at or before their earliest expiry. */
  readonly expiring: string;
  /** Sorted set: members by the moment at which they are gone. */
  readonly members: string;
  /** Channel: names of ledgers whose head moved. */
  readonly hints: string;

  constructor(prefix: string) {
    this.prefix = prefix;
    this.store = `{${prefix}}:store`;
    this.ledgers = `{${prefix}}:ledgers`;
    this.expiring = `{${prefix}}:expiring`;
    this.members = `{${prefix}}:members`;
    this.hints = `{${prefix}}:hints`;
  }

  of(ledger: string): LedgerKeys {
    const start = `${this.prefix}:{${ledger}}:`;
    return {
      head: `${start}head`,
      meta: `${start}meta`,
      data: `${start}data`,
      index: `${start}index`,
      expiry: `${start}expiry`,
      scopes: `${start}scopes`,
      names: `${start}names`,
      empty: `${start}empty`,
      log: `${start}log`,
      bodies: `${start}bodies`,
      incarnations: `${start}incarnations`,
      stamps: `${start}stamps`,
    };
  }
}
