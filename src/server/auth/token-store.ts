/**
 * Tokens, in the server's own ledger of the store.
 *
 * K1. What is kept of a secret is a digest and a public key; the token itself is shown once.
 * K2. A revoked token is revoked for every process at its next look; see `Authenticator`.
 */
import { HoldfastError } from '../../errors/index.ts';
import type { Clock } from '../../internal/clock.ts';
import type { Random } from '../../internal/random.ts';
import type { Check, Ledger, Position } from '../../ledger/index.ts';
import { checkGrant } from './grant.ts';
import type { Grant } from './grant.ts';
import type { TokenLimits } from './principal.ts';
import { digestOf, formatToken, publicKeyOf, secretBytes } from './token-text.ts';

export interface TokenRecord {
  readonly name: string;
  readonly digest: string;
  readonly publicKey: string;
  readonly grants: readonly Grant[];
  readonly limits: Partial<TokenLimits>;
  readonly createdAt: number;
  /** Milliseconds since 1970; null: never. */
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  /** The id of the token that made it; absent for one that was made beside the store. */
  readonly createdBy?: string | undefined;
}

export interface Token extends TokenRecord {
  readonly id: string;
}

export interface ListedToken extends Omit<Token, 'digest' | 'publicKey'> {
  /** Milliseconds since 1970, to the minute; undefined: never. */
  readonly lastUsedAt: number | undefined;
  readonly state: 'active' | 'expired' | 'revoked';
}

export interface NewToken {
  /** 1 to 100 characters; stamped on what the token commits. Need not be unique. */
  readonly name: string;
  /** At least one. */
  readonly grants: readonly Grant[];
  /** Milliseconds since 1970. Left out: never. */
  readonly expiresAt?: number | undefined;
  /** In place of the server's own. */
  readonly limits?: Partial<TokenLimits> | undefined;
  /** The id of the token that makes it, which must be active to the end. */
  readonly createdBy?: string | undefined;
}

export interface CreatedToken {
  /** The text, which nobody can be told again. */
  readonly token: string;
  readonly id: string;
  readonly name: string;
  /** Null: never. */
  readonly expiresAt: number | null;
}

export const tokensScope = 'tokens';
const usesScope = 'uses';
/** Never deleted: that all tokens are gone must not open the doors. */
const everCreatedRef = { scope: 'settings', key: 'tokens' };
const idBytes = 8;
/** A revoked token is still listed for so long. */
const keptRevokedMs = 30 * 24 * 60 * 60 * 1000;
const nameChars = 100;
/** How exact `lastUsedAt` is. */
export const useStepMs = 60_000;

export class TokenStore {
  readonly #system: Ledger;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(system: Ledger, parts: { readonly clock: Clock; readonly random: Random }) {
    this.#system = system;
    this.#clock = parts.clock;
    this.#random = parts.random;
  }

  /**
   * A new token, durable when it resolves. Its text nobody can be told again: a digest is kept.
   * From the first token on a server that is started without `auth` asks everybody for one.
   * `expiresAt` is in milliseconds since 1970. Throws `invalid_argument`,
   * `invalid_name`, and `unauthenticated` if its maker has ended meanwhile.
   *
   * @example
   * import { open } from 'holdfast/client';
   * import { parseGrant, serve } from 'holdfast/server';
   *
   * await using server = await serve(store, { port: 0, auth: 'tokens' });
   * const grants = [parseGrant('shop:orders=read,write')];
   * const { token } = await server.tokens.create({ name: 'clerk', grants });
   * await using clerk = await open(server.url, { token });
   * await clerk.app('shop').scope('orders').set('o1', 1);
   * const { code } = await clerk.app('shop').scope('users').set('ada', 1).catch((error) => error);
   * code; // => 'forbidden'
   */
  async create(asked: NewToken): Promise<CreatedToken> {
    const { name, grants, expiresAt, limits = {}, createdBy } = asked;
    if (typeof name !== 'string' || name === '' || name.length > nameChars) {
      const message = `a token has a name of 1 to ${nameChars} characters`;
      throw new HoldfastError('invalid_argument', message);
    }
    if (grants.length === 0) {
      throw new HoldfastError('invalid_argument', 'a token needs at least one grant');
    }
    const now = this.#clock.now();
    if (expiresAt !== undefined && !(Number.isSafeInteger(expiresAt) && expiresAt > now)) {
      throw new HoldfastError('invalid_argument', 'a token expires in the future');
    }
    const id = this.#random.hex(idBytes);
    const secret = new Uint8Array(Buffer.from(this.#random.hex(secretBytes), 'hex'));
    const value: TokenRecord = {
      name: name.toWellFormed(),
      digest: digestOf(secret),
      publicKey: publicKeyOf(secret),
      grants: grants.map((grant) => checkGrant(grant)),
      limits,
      createdAt: now,
      expiresAt: expiresAt ?? null,
      revokedAt: null,
      createdBy,
    };
    const checks: Check[] = [{ kind: 'version', scope: tokensScope, key: id, version: 0 }];
    if (createdBy !== undefined) checks.push(await this.#stillActive(createdBy, now));
    const { kind } = await this.#system.commit({
      checks,
      mutations: [
        { kind: 'set', scope: tokensScope, key: id, value },
        { kind: 'set', ...everCreatedRef, value: true },
      ],
    });
    if (kind === 'conflict') throw makerEnded();
    return {
      token: formatToken({ id, secret }),
      id,
      name: value.name,
      expiresAt: value.expiresAt,
    };
  }

  /** So that a token that is revoked this moment leaves no other behind. */
  async #stillActive(id: string, now: number): Promise<Check> {
    const ref = { scope: tokensScope, key: id };
    const [entry] = await this.#system.read([ref]);
    const record = entry?.value.decode() as TokenRecord | undefined;
    if (entry === undefined || record === undefined) throw makerEnded();
    if (stateOf(record, now) !== 'active') throw makerEnded();
    return { kind: 'version', ...ref, version: entry.version };
  }

  /** Whether the store has ever had a token: nobody is served without one then. @internal */
  async everCreated(): Promise<boolean> {
    const [entry] = await this.#system.read([everCreatedRef]);
    return entry !== undefined;
  }

  /** With its digest. @internal */
  async find(id: string): Promise<Token | undefined> {
    const [entry] = await this.#system.read([{ scope: tokensScope, key: id }]);
    return entry === undefined ? undefined : { id, ...(entry.value.decode() as TokenRecord) };
  }

  /**
   * Takes tokens back by their id or name, those of them that `isAllowed` takes, and every worker's
   * token that was made of them. Returns the ids that were revoked now; none is no error. From then
   * on every server refuses them, and those that run end their connections, within a second.
   *
   * @example
   * import { parseGrant, serve } from 'holdfast/server';
   *
   * await using server = await serve(store, { port: 0, auth: 'tokens' });
   * const grants = [parseGrant('shop=read')];
   * const { token, id } = await server.tokens.create({ name: 'clerk', grants });
   * const revoked = await server.tokens.revoke('clerk');
   * revoked.map((one) => one === id); // => [true]
   * const headers = { authorization: `Bearer ${token}` };
   * const { status } = await fetch(`${server.url}/v1/apps`, { headers });
   * status; // => 401
   */
  async revoke(
    idOrName: string,
    isAllowed: (token: Token) => boolean = () => true,
  ): Promise<readonly string[]> {
    const revoked: string[] = [];
    for (const token of await this.#all()) {
      const isMeant = token.id === idOrName || token.name === idOrName;
      if (!isMeant || token.revokedAt !== null || !isAllowed(token)) continue;
      const { id, ...record } = token;
      const value = { ...record, revokedAt: this.#clock.now() };
      const ref = { scope: tokensScope, key: id };
      await this.#system.commit({
        mutations: [{ kind: 'set', ...ref, value, ttlMs: keptRevokedMs }],
      });
      revoked.push(id);
    }
    return revoked;
  }

  /**
   * All tokens, revoked ones for 30 days, without what they could be forged from. `lastUsedAt` is
   * exact to the minute.
   *
   * @example
   * import { parseGrant, serve } from 'holdfast/server';
   *
   * await using server = await serve(store, { port: 0, auth: 'tokens' });
   * await server.tokens.create({ name: 'clerk', grants: [parseGrant('shop=read')] });
   * const listed = await server.tokens.list();
   * listed.map(({ name, state: now }) => [name, now]); // => [['clerk', 'active']]
   */
  async list(): Promise<readonly ListedToken[]> {
    const tokens = await this.#all();
    const refs = tokens.map(({ id }) => ({ scope: usesScope, key: id }));
    const uses: (number | undefined)[] = [];
    for (let start = 0; start < refs.length; start += readShare) {
      const share = await this.#system.read(refs.slice(start, start + readShare));
      for (const entry of share) uses.push(entry?.value.decode() as number | undefined);
    }
    const now = this.#clock.now();
    return tokens.map(({ digest: _, publicKey: __, ...token }, index) => ({
      ...token,
      lastUsedAt: uses[index],
      state: stateOf(token, now),
    }));
  }

  /** Remembers that the token was used, to the minute. @internal */
  async used(id: string): Promise<void> {
    const value = Math.floor(this.#clock.now() / useStepMs) * useStepMs;
    const mutations = [{ kind: 'set', scope: usesScope, key: id, value } as const];
    await this.#system.commit({ mutations, durability: 'relaxed' });
  }

  /** Where `changes` from now on begin. @internal */
  async position(): Promise<Position> {
    return (await this.#system.head()).position;
  }

  /** The ids of tokens that are written after a position, as they are. @internal */
  async *changes(signal: AbortSignal, after: Position): AsyncGenerator<string> {
    const pages = this.#system.watch({ scope: tokensScope, keysOnly: true, after, signal });
    for await (const page of pages) {
      if (page.kind !== 'commits') {
        throw new HoldfastError(page.kind, 'the changes of tokens are gone from the log');
      }
      for (const { changes } of page.commits) for (const { key } of changes) yield key;
    }
  }

  async #all(): Promise<Token[]> {
    const found: Token[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.#system.scan({ scope: tokensScope, cursor, limit: readShare });
      for (const { key, value } of page.items) {
        found.push({ id: key, ...(value.decode() as TokenRecord) });
      }
      ({ cursor } = page);
    } while (cursor !== undefined);
    return found;
  }
}

const readShare = 500;

function makerEnded(): HoldfastError {
  return new HoldfastError('unauthenticated', 'the token was revoked or changed');
}

export function stateOf(
  { expiresAt, revokedAt }: Pick<TokenRecord, 'expiresAt' | 'revokedAt'>,
  now: number,
): ListedToken['state'] {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && expiresAt <= now ? 'expired' : 'active';
}
