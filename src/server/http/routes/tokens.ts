/** Tokens: made, listed and revoked by whoever administers what they grant. */
import type { TokenLimits } from '../../auth/principal.ts';
import type { TokenAdministration } from '../../auth/token-administration.ts';
import { jsonResponse } from '../http-call.ts';
import { route } from '../route.ts';
import type { Route } from '../route.ts';
import { problem } from '../wire/problem.ts';
import { answers, newToken, queries } from '../wire/schemas.ts';

export function tokenRoutes(tokens: TokenAdministration): readonly Route[] {
  const create = route({
    method: 'post',
    path: '/v1/tokens',
    id: 'createToken',
    summary: 'Makes a token, and shows it this once; needs admin of all that it grants',
    query: queries.none,
    body: { schema: newToken, contentTypes: ['application/json'] },
    answers: { 201: { description: 'The token', schema: answers.newToken } },
    async handle(call) {
      const { limits, ...asked } = await call.json(newToken);
      const made = await tokens.create(call.principal, {
        ...asked,
        grants: asked.grants.map(({ scope = '*', ...grant }) => ({ ...grant, scope })),
        limits: limits as Partial<TokenLimits> | undefined,
      });
      return jsonResponse(JSON.stringify(made), 201);
    },
  });
  const list = route({
    method: 'get',
    path: '/v1/tokens',
    id: 'listTokens',
    summary: 'The tokens that the caller administers, without their secrets',
    query: queries.none,
    answers: { 200: { description: 'The tokens', schema: answers.tokens } },
    async handle({ principal }) {
      return jsonResponse(JSON.stringify({ tokens: await tokens.list(principal) }));
    },
  });
  const revoke = route({
    method: 'delete',
    path: '/v1/tokens/{token}',
    id: 'revokeToken',
    summary: 'Ends a token at once, by its id or name; needs admin of all that it grants',
    query: queries.none,
    answers: { 200: { description: 'The ids that were revoked', schema: answers.revoked } },
    async handle(call) {
      const named = call.name('token');
      const revoked = await tokens.revoke(call.principal, named);
      if (revoked.length === 0) return problem('not_found', `there is no active token '${named}'`);
      return jsonResponse(JSON.stringify({ revoked }));
    },
  });
  return [create, list, revoke];
}
