/**
 * Membership: which processes live, and which of them owns what.
 *
 * One heartbeat per process and ledger says that the process lives. It is not logged, so renewing
 * any number of ownerships costs no commit. An ownership is an entry of `$owners`: `{member,
 * epoch}`, or `{released}` for a day after its release, so that its epochs go on where they were.
 *
 * M1. Of two claimants at most one wins: a claim is written against the version that it saw.
 * M2. The epochs of a resource grow with every takeover; none is given twice. The first lies above
 *     every revision, hence every epoch, that was there before it.
 * M3. Only `check()` in a proposal fences. Who slept past its time to live may still hold the
 *     object while another owns the resource; the epoch refuses its proposals.
 * M4. An owner that lives is never displaced, and keeps its epoch when it claims again.
 */
import type { Ref } from '../engine/index.ts';
import { HoldfastError } from '../errors/index.ts';
import { systemClock } from '../internal/clock.ts';
import type { Clock, Timer } from '../internal/clock.ts';
import { systemRandom } from '../internal/random.ts';
import type { Random } from '../internal/random.ts';
import { ownersScope } from './keyspace/address.ts';
import type { Ledger } from './ledger.ts';
import { limits } from './limits.ts';
import { checkKey } from './names.ts';
import { Ownership, ownerOf } from './ownership.ts';

export interface MembershipOptions {
  /** How long the process counts as alive after a heartbeat. Default 10,000. */
  readonly ttlMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  /** Told of heartbeats that failed; the next one is sent all the same. Default: ignored. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Somebody else lives and owns it. */
export interface Held {
  readonly kind: 'held';
  readonly heldBy: string;
  readonly epoch: number;
}

const ttlDefaultMs = 10_000;
/** So that two heartbeats may be lost. */
const beatsPerLife = 3;
/** A claimant that finds somebody else's write looks again; each time somebody got ahead. */
const claimAttempts = 10;

export class Membership {
  /** Random, and this process's alone. */
  readonly member: string;
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #onError: (error: unknown) => void;
  readonly #held = new Map<string, Ownership>();
  /** Claims and releases of one resource wait for each other. */
  readonly #turns = new Map<string, Promise<unknown>>();
  #started: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  #beating: Promise<void> = Promise.resolve();
  #timer: Timer | undefined;
  /** Up to when everybody must take this process for alive, by both clocks: see `#hasLapsed`. */
  #aliveUntil = { monotonic: -Infinity, wall: -Infinity };

  constructor(ledger: Ledger, options: MembershipOptions = {}) {
    const { ttlMs = ttlDefaultMs, clock = systemClock, random = systemRandom } = options;
    if (!Number.isSafeInteger(ttlMs) || ttlMs < beatsPerLife) {
      throw new HoldfastError('invalid_argument', 'ttlMs must be a whole number of milliseconds', {
        details: { ttlMs },
      });
    }
    this.member = random.hex(8);
    this.#ledger = ledger;
    this.#clock = clock;
    this.#ttlMs = ttlMs;
    this.#onError = options.onError ?? (() => undefined);
  }

  /** Resolves with the first heartbeat. Called by the first claim if nobody else did. */
  start(): Promise<void> {
    if (this.#stopped !== undefined) {
      return Promise.reject(new HoldfastError('closed', 'the membership was stopped'));
    }
    this.#started ??= this.#beat().then(
      () => this.#beatLater(),
      (error: unknown) => {
        this.#started = undefined;
        throw error;
      },
    );
    return this.#started;
  }

  /** Says that the process left: what it owned is free at once. For good. */
  stop(): Promise<void> {
    this.#stopped ??= this.#leave();
    return this.#stopped;
  }

  /**
   * Takes what nobody who lives owns. Costs one commit; none if it is ours already, and then the
   * same object is returned. Throws `contended` if others write the ownership again and again.
   */
  async claim(resource: string): Promise<Ownership | Held> {
    checkKey(resource);
    await this.start();
    return this.#inTurn(resource, async () => {
      if (this.#hasLapsed()) await this.#beat();
      return this.#claim(resource);
    });
  }

  async #claim(resource: string): Promise<Ownership | Held> {
    const ref: Ref = { scope: ownersScope, key: resource };
    for (let attempt = 0; attempt < claimAttempts; attempt += 1) {
      const [entry] = await this.#ledger.read([ref]);
      const owner = ownerOf(entry);
      if (owner.member === this.member) return this.#own(resource, owner.epoch);
      this.#held.get(resource)?.lose();
      // Members are asked after the entry: whoever wrote it was one before.
      if (owner.member !== undefined && (await this.#isAlive(owner.member))) {
        return { kind: 'held', heldBy: owner.member, epoch: owner.epoch };
      }
      const last = owner.epoch > 0 ? owner.epoch : (await this.#ledger.head()).position.revision;
      const epoch = last + 1;
      const { kind } = await this.#ledger.commit({
        checks: [{ kind: 'version', ...ref, version: entry?.version ?? 0 }],
        mutations: [{ kind: 'set', ...ref, value: { member: this.member, epoch } }],
      });
      if (kind === 'committed') return this.#own(resource, epoch);
    }
    const message = `'${resource}' changed hands in each of ${claimAttempts} attempts to claim it`;
    throw new HoldfastError('contended', message, { details: { resource } });
  }

  async #isAlive(member: string): Promise<boolean> {
    const members = await this.#ledger.members();
    return members.some(({ id }) => id === member);
  }

  #own(resource: string, epoch: number): Ownership {
    if (this.#stopped !== undefined) {
      throw new HoldfastError(
        'closed',
        `the membership was stopped while it claimed '${resource}'`,
      );
    }
    const held = this.#held.get(resource);
    if (held?.epoch === epoch) return held;
    const ownership: Ownership = new Ownership(this.#ledger, {
      resource,
      epoch,
      inTurn: (work) => this.#inTurn(resource, work),
      onLost: () => {
        if (this.#held.get(resource) === ownership) this.#held.delete(resource);
      },
    });
    this.#held.set(resource, ownership);
    return ownership;
  }

  async #inTurn<T>(resource: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(resource);
    const turn = before === undefined ? work() : before.then(work, work);
    this.#turns.set(resource, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(resource) === turn) this.#turns.delete(resource);
    }
  }

  #beatLater(): void {
    if (this.#stopped !== undefined) return;
    this.#timer = this.#clock.after(Math.floor(this.#ttlMs / beatsPerLife), () => {
      void this.#beat()
        .catch(this.#onError)
        .then(() => this.#beatLater());
    });
  }

  #beat(): Promise<void> {
    this.#beating = this.#beating.catch(() => undefined).then(() => this.#beatOnce());
    return this.#beating;
  }

  async #beatOnce(): Promise<void> {
    if (this.#stopped !== undefined) return;
    const monotonic = this.#clock.monotonic() + this.#ttlMs;
    const wall = this.#clock.now() + this.#ttlMs;
    await this.#ledger.heartbeat(this.member, this.#ttlMs);
    // Nobody may have taken anything unless there was a moment without a heartbeat.
    const lapsed = this.#hasLapsed();
    this.#aliveUntil = { monotonic, wall };
    if (lapsed) await this.#confirmHeld();
  }

  /** A machine that slept shows it on the wall clock; monotonic time may have slept with it. */
  #hasLapsed(): boolean {
    const { monotonic, wall } = this.#aliveUntil;
    return this.#clock.monotonic() >= monotonic || this.#clock.now() >= wall;
  }

  async #confirmHeld(): Promise<void> {
    const held = [...this.#held.values()];
    for (let start = 0; start < held.length; start += limits.readRefs) {
      const share = held.slice(start, start + limits.readRefs);
      const refs = share.map(({ resource }) => ({ scope: ownersScope, key: resource }));
      const entries = await this.#ledger.read(refs);
      for (const [index, ownership] of share.entries()) {
        const owner = ownerOf(entries[index]);
        const isOurs = owner.member === this.member && owner.epoch === ownership.epoch;
        if (!isOurs) ownership.lose();
      }
    }
  }

  async #leave(): Promise<void> {
    this.#timer?.cancel();
    for (const ownership of this.#held.values()) ownership.lose();
    if (this.#started === undefined) return;
    // A heartbeat under way would bring the process back to life.
    await this.#beating.catch(() => undefined);
    await this.#ledger.heartbeat(this.member, 0);
  }
}
