/**
 * What the handles of one app say that scopes may hold.
 *
 * Q1. A quota binds what is written through the handles that state it, and what is written beside
 *     them in one transaction or batch. The store's own rules bind everybody; where there
 *     are both, the tighter one decides.
 * Q2. Two handles of one scope that state different quotas contradict each other: the second is
 *     refused. A handle that states none contradicts nobody.
 *
 * Nothing is stored: another process may state another quota, and each keeps its own.
 */
import { HoldfastError } from '../../errors/index.ts';
import type { ScopeQuota } from '../../ledger/index.ts';

/** How much a scope may hold. */
export interface QuotaOptions {
  readonly entries?: number | undefined;
  /** Bytes of keys and values. */
  readonly bytes?: number | undefined;
}

/** As a proposal carries them. */
export type Quotas = readonly ScopeQuota[] | undefined;

/** Of the scopes that were declared last; a contradiction to an older one goes unnoticed. */
const declaredMax = 10_000;

export class DeclaredQuotas {
  /** The least recently declared come first. */
  readonly #declared = new Map<string, ScopeQuota>();

  /** What a handle's proposals carry. Throws `invalid_argument`. */
  declare(scope: string, quota: QuotaOptions | undefined): Quotas {
    if (quota === undefined) return undefined;
    const { entries, bytes } = checked(scope, quota);
    const known = this.#declared.get(scope);
    if (known !== undefined && (known.entries !== entries || known.bytes !== bytes)) {
      throw new HoldfastError(
        'invalid_argument',
        `another handle of scope '${scope}' states the quota ${textOf(known)}, this one ` +
          `${textOf({ entries, bytes })}; state it once, or the same everywhere`,
        { details: { scope } },
      );
    }
    const declared = known ?? { scope, entries, bytes };
    this.#declared.delete(scope);
    this.#declared.set(scope, declared);
    const [oldest] = this.#declared.size > declaredMax ? this.#declared.keys() : [];
    if (oldest !== undefined) this.#declared.delete(oldest);
    return [declared];
  }
}

function checked(scope: string, quota: QuotaOptions): QuotaOptions {
  const { entries, bytes, ...others } = Object(quota) as QuotaOptions;
  const amounts = [entries, bytes].filter((amount) => amount !== undefined);
  const areAmounts = amounts.every((amount) => Number.isSafeInteger(amount) && amount >= 0);
  const [unknown] = Object.keys(others);
  if (amounts.length > 0 && areAmounts && unknown === undefined) return { entries, bytes };
  throw new HoldfastError(
    'invalid_argument',
    `the quota of scope '${scope}' must be a whole number of entries, of bytes, or of both` +
      (unknown === undefined ? '' : `; there is no '${unknown}'`),
    { details: { scope } },
  );
}

function textOf({ entries, bytes }: QuotaOptions): string {
  return JSON.stringify({ entries, bytes });
}
