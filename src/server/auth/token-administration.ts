/**
 * Tokens by the hand of whoever holds one: what a principal may make, see and revoke.
 *
 * M1. Whoever has `admin` of a place gives rights of its own there, and no others: for every grant
 *     of a new token the maker has `admin` and each of its rights in all of the grant's places.
 * M2. A new token lives no longer than its maker's, and may use no more of the server.
 * M3. A token is seen and revoked by those who have `admin` of all that it grants; others are not
 *     told that it is there.
 * M4. Workers make none: theirs are narrowed without asking, and end with their parent.
 */
import { HoldfastError } from '../../errors/index.ts';
import { checkGrant } from './grant.ts';
import { forbidden } from './principal.ts';
import type { Principal, TokenLimits } from './principal.ts';
import type { CreatedToken, ListedToken, NewToken, TokenStore } from './token-store.ts';

export class TokenAdministration {
  readonly #tokens: TokenStore;

  constructor(tokens: TokenStore) {
    this.#tokens = tokens;
  }

  /** Throws `forbidden`, `invalid_argument`, `invalid_name`, `unauthenticated`. */
  async create(principal: Principal, asked: NewToken): Promise<CreatedToken> {
    requireAdmin(principal);
    const grants = asked.grants.map((grant) => checkGrant(grant));
    for (const { app, scope, rights } of grants) {
      for (const right of ['admin', ...rights] as const) {
        if (!principal.covers(app, scope, right)) throw forbidden(right, app, scope);
      }
    }
    const { name, limits = {} } = asked;
    const expiresAt = endOf(principal, asked.expiresAt);
    if (principal.isAnonymous) return this.#tokens.create({ name, grants, expiresAt, limits });
    checkLimits(principal, limits);
    const maker = await this.#tokens.find(principal.id);
    return this.#tokens.create({
      name,
      grants,
      expiresAt,
      limits: { ...maker?.limits, ...limits },
      createdBy: principal.id,
    });
  }

  async list(principal: Principal): Promise<readonly ListedToken[]> {
    requireAdmin(principal);
    return (await this.#tokens.list()).filter((token) => administers(principal, token));
  }

  /** By id or name. Returns the ids that were revoked now. */
  async revoke(principal: Principal, idOrName: string): Promise<readonly string[]> {
    requireAdmin(principal);
    return this.#tokens.revoke(idOrName, (token) => administers(principal, token));
  }
}

function requireAdmin(principal: Principal): void {
  principal.checkAlive();
  if (!principal.isAdministrator) throw forbidden('admin', '*');
}

function administers(principal: Principal, { grants }: Pick<ListedToken, 'grants'>): boolean {
  return grants.every(({ app, scope }) => principal.covers(app, scope, 'admin'));
}

function endOf({ expiresAt: end }: Principal, asked: number | undefined): number | undefined {
  if (end === undefined || asked === undefined) return asked ?? end;
  if (asked <= end) return asked;
  throw tooMuch('a token cannot outlive the one that makes it', { expiresAt: end });
}

function checkLimits({ limits }: Principal, asked: Partial<TokenLimits>): void {
  for (const [name, limit] of Object.entries(asked)) {
    const own = limits[name as keyof TokenLimits];
    if (limit > own) throw tooMuch(`the limit ${name} is above that of its maker`, { [name]: own });
  }
}

function tooMuch(message: string, details: Readonly<Record<string, unknown>>): HoldfastError {
  return new HoldfastError('forbidden', message, { details });
}
