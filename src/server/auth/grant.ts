/**
 * What a token may do: rights, each in the scopes of an app that a pattern names.
 *
 * A pattern is a name, or the start of names and `*`: `users`, `session/*`, `*`. The pattern of an
 * app likewise. A grant of `*` is one of the whole app.
 *
 * T1. A scope `$layer/<scope>` has the rights of `<scope>`, however often layers stand on layers. A
 *     `$` scope that serves no scope belongs to the whole app.
 * T2. An ownership has the rights of the scope that its resource is named after.
 */
import { HoldfastError } from '../../errors/index.ts';
import { checkApp } from '../../ledger/index.ts';

export const rights = ['read', 'write', 'watch', 'admin'] as const;
export type Right = (typeof rights)[number];

export interface Grant {
  readonly app: string;
  readonly scope: string;
  readonly rights: readonly Right[];
}

/** Where ownerships are kept, by the names of their resources. */
export const ownersScope = '$owners';

export function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

/** The scope whose rights count for `scope`; undefined if only those of the whole app do. */
export function servedScope(scope: string): string | undefined {
  let served = scope;
  while (served.startsWith('$')) {
    const slash = served.indexOf('/');
    if (slash < 0) return undefined;
    served = served.slice(slash + 1);
  }
  return served;
}

/** Whether `grants` give `right` in `scope`; for undefined, in the whole app. */
export function isGranted(
  grants: readonly Grant[],
  app: string,
  scope: string | undefined,
  right: Right,
): boolean {
  return grants.some((grant) => {
    if (!grant.rights.includes(right) || !matches(grant.app, app)) return false;
    return grant.scope === '*' || (scope !== undefined && matches(grant.scope, scope));
  });
}

/** Whether one of `grants` gives `right` in every place that the two patterns name. */
export function isCovered(
  grants: readonly Grant[],
  app: string,
  scope: string,
  right: Right,
): boolean {
  return grants.some(
    (grant) => grant.rights.includes(right) && spans(grant.app, app) && spans(grant.scope, scope),
  );
}

/** Whether `pattern` matches everything that `part` does. */
function spans(pattern: string, part: string): boolean {
  if (!pattern.endsWith('*')) return pattern === part;
  return (part.endsWith('*') ? part.slice(0, -1) : part).startsWith(pattern.slice(0, -1));
}

/**
 * A grant from `APP[:SCOPE]=RIGHT,RIGHT`; without a scope it is one of the whole app. Throws
 * `invalid_argument`, `invalid_name`.
 *
 * @example
 * import { parseGrant } from 'holdfast/server';
 *
 * const grant = parseGrant('shop:session/*=read,write');
 * grant; // => { app: 'shop', scope: 'session/*', rights: ['read', 'write'] }
 */
export function parseGrant(text: string): Grant {
  const equals = text.lastIndexOf('=');
  const place = text.slice(0, equals);
  const colon = place.indexOf(':');
  const app = colon < 0 ? place : place.slice(0, colon);
  const scope = colon < 0 ? '*' : place.slice(colon + 1);
  if (equals < 0) throw badGrant(`'${text}' is no grant: APP[:SCOPE]=RIGHT,…`);
  return checkGrant({ app, scope, rights: text.slice(equals + 1).split(',') });
}

/**
 * The text that `parseGrant` reads.
 *
 * @example
 * import { formatGrant } from 'holdfast/server';
 *
 * formatGrant({ app: 'shop', scope: '*', rights: ['read', 'watch'] }); // => 'shop=read,watch'
 */
export function formatGrant({ app, scope, rights: given }: Grant): string {
  return `${app}${scope === '*' ? '' : `:${scope}`}=${given.join(',')}`;
}

/** Throws `invalid_argument` or `invalid_name`. */
export function checkGrant(grant: {
  readonly app: unknown;
  readonly scope: unknown;
  readonly rights: unknown;
}): Grant {
  const { app, scope } = grant;
  if (typeof app !== 'string' || typeof scope !== 'string' || scope === '') {
    throw badGrant('a grant names an app and a scope, each by a pattern');
  }
  if (app !== '*') checkApp(app.endsWith('*') ? app.slice(0, -1) : app);
  const given: unknown[] = Array.isArray(grant.rights) ? grant.rights : [];
  const unknown = given.find((right) => !rights.includes(right as Right));
  if (given.length === 0 || unknown !== undefined) {
    const found = unknown === undefined ? 'none' : `'${JSON.stringify(unknown)}'`;
    throw badGrant(`the rights are ${rights.join(', ')}, not ${found}`);
  }
  return { app, scope, rights: given as Right[] };
}

function badGrant(message: string): HoldfastError {
  return new HoldfastError('invalid_argument', message);
}
