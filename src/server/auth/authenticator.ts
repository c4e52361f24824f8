/**
 * From a token to a principal.
 *
 * A1. Every authentication reads the token's record: a revoked one is refused at once, by every
 *     process.
 * A2. Principals of open connections end when the record changes or its time is over: at once in
 *     the process that revoked it, in others when the ledger's watch tells, within a second.
 * A3. An unknown token and a wrong secret are told alike, and take alike long.
 */
import { HoldfastError } from '../../errors/index.ts';
import type { Clock, Timer } from '../../internal/clock.ts';
import type { Position } from '../../ledger/index.ts';
import { anonymous, Principal } from './principal.ts';
import type { TokenLimits } from './principal.ts';
import { stateOf, useStepMs } from './token-store.ts';
import type { Token, TokenStore } from './token-store.ts';
import { digestOf, hasDigest, parseToken, secretBytes } from './token-text.ts';
import { parentOf, verifyWorkerToken } from './worker-token.ts';

export interface AuthenticatorOptions {
  readonly tokens: TokenStore;
  readonly clock: Clock;
  /** Whether everybody may do everything. */
  readonly open: boolean;
  readonly limits: TokenLimits;
  /** Told of failures that nobody waits for. */
  readonly onError: (error: unknown) => void;
}

const nobody = digestOf(new Uint8Array(secretBytes));
/** Timers cannot be set for longer; a later end is looked at again. */
const timerMsMax = 2 ** 31 - 1;
const retryMs = 1000;

export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #anonymous: Principal;
  /** Of open connections, by the id of their token. */
  readonly #alive = new Map<string, Set<Principal>>();
  readonly #usedAt = new Map<string, number>();
  /** Counts ends, so that one that comes while a record is being read is not missed. */
  readonly #endedAt = new Map<string, number>();
  readonly #readAt = new WeakMap<Principal, number>();
  #ends = 0;
  readonly #stop = new AbortController();

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    const { limits } = options;
    this.#anonymous = anonymous(limits);
    this.nobody = new Principal({
      id: '',
      grants: [],
      actor: undefined,
      expiresAt: undefined,
      limits,
    });
  }

  /** Resolves once it hears of every change that comes. */
  async start(): Promise<void> {
    if (!this.#options.open) void this.#follow(await this.#options.tokens.position());
  }

  /** Who asks for what is told to everybody, and may do nothing else. */
  readonly nobody: Principal;

  /** Throws `unauthenticated`. */
  async authenticate(text: string | undefined): Promise<Principal> {
    if (this.#options.open) return this.#anonymous;
    if (text === undefined || text === '') {
      throw new HoldfastError('unauthenticated', 'this server asks for a token');
    }
    const now = this.#options.clock.now();
    const parent = parentOf(text);
    const readAt = this.#ends;
    const reading =
      parent === undefined ? this.#holder(text, now) : this.#worker(text, parent, now);
    const principal = await reading;
    this.#readAt.set(principal, readAt);
    this.#note(principal.id);
    return principal;
  }

  close(): void {
    this.#stop.abort();
  }

  /** Ends the principals of a token, in this process. */
  end(id: string, why = 'the token was revoked or changed'): void {
    this.#ends += 1;
    this.#endedAt.set(id, this.#ends);
    for (const principal of this.#alive.get(id) ?? []) {
      principal.end(new HoldfastError('unauthenticated', why));
    }
    this.#alive.delete(id);
  }

  async #holder(text: string, now: number): Promise<Principal> {
    const parts = parseToken(text);
    const token = parts === undefined ? undefined : await this.#options.tokens.find(parts.id);
    const secret = parts?.secret ?? new Uint8Array(secretBytes);
    const fits = hasDigest(secret, token?.digest ?? nobody);
    if (token === undefined || !fits) throw refused();
    this.#checkState(token, now);
    return new Principal({
      id: token.id,
      actor: `token:${token.name}`,
      grants: token.grants,
      expiresAt: token.expiresAt ?? undefined,
      limits: { ...this.#options.limits, ...token.limits },
    });
  }

  async #worker(text: string, parent: string, now: number): Promise<Principal> {
    const token = await this.#options.tokens.find(parent);
    if (token === undefined) throw refused();
    const claims = await verifyWorkerToken(text, token.publicKey, now);
    this.#checkState(token, now);
    return new Principal({
      id: token.id,
      actor: `worker:${token.name}`,
      grants: token.grants,
      within: claims.grants,
      request: claims.request,
      contextOf: claims.contextOf,
      expiresAt: Math.min(claims.expiresAt, token.expiresAt ?? Infinity),
      limits: { ...this.#options.limits, ...token.limits },
    });
  }

  #checkState(token: Token, now: number): void {
    const state = stateOf(token, now);
    if (state === 'active') return;
    this.end(token.id);
    const message = state === 'expired' ? 'the token has expired' : 'the token was revoked';
    throw new HoldfastError('unauthenticated', message);
  }

  /** Ends `principal` when its token does. Call `forget` when it is no longer needed. */
  keep(principal: Principal): { forget(): void } {
    if (principal.isAnonymous) return { forget: () => undefined };
    const { id } = principal;
    const kept = this.#alive.get(id) ?? new Set();
    this.#alive.set(id, kept.add(principal));
    const expiry = this.#endLater(principal);
    if ((this.#endedAt.get(id) ?? 0) > (this.#readAt.get(principal) ?? 0)) this.end(id);
    return {
      forget: () => {
        expiry.cancel();
        kept.delete(principal);
        if (kept.size === 0 && this.#alive.get(id) === kept) this.#alive.delete(id);
      },
    };
  }

  #endLater(principal: Principal): Timer {
    const { clock } = this.#options;
    const { expiresAt } = principal;
    if (expiresAt === undefined) return { cancel: () => undefined };
    const leftMs = Math.min(Math.max(0, expiresAt - clock.now()), timerMsMax);
    let timer = clock.after(leftMs, () => {
      if (clock.now() < expiresAt) {
        timer = this.#endLater(principal);
        return;
      }
      principal.end(new HoldfastError('unauthenticated', 'the token has expired'));
    });
    return { cancel: () => timer.cancel() };
  }

  #note(id: string): void {
    const now = this.#options.clock.now();
    if (now - (this.#usedAt.get(id) ?? -Infinity) < useStepMs) return;
    this.#usedAt.set(id, now);
    this.#options.tokens.used(id).catch(this.#options.onError);
  }

  async #follow(start: Position): Promise<void> {
    const { tokens, clock, onError } = this.#options;
    const { signal } = this.#stop;
    let after = start;
    while (!signal.aborted) {
      try {
        for await (const id of tokens.changes(signal, after)) this.end(id);
      } catch (error) {
        if (signal.aborted) return;
        onError(error);
        await clock.sleep(retryMs);
        after = await tokens.position().catch(() => after);
        // What changed meanwhile is not known: everybody has to come again.
        for (const id of this.#alive.keys()) this.end(id, 'the token has to be shown again');
      }
    }
  }
}

function refused(): HoldfastError {
  return new HoldfastError('unauthenticated', 'there is no such token');
}
