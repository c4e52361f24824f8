/** Transactions: a proposal of checks and mutations, all or nothing. */
import type { z } from 'zod';
import { HoldfastError } from '../../../errors/index.ts';
import { fromBase64 } from '../../../internal/bytes.ts';
import type { Check, Mutation, Proposal } from '../../../ledger/index.ts';
import { jsonResponse } from '../http-call.ts';
import { route } from '../route.ts';
import type { Route } from '../route.ts';
import { conflictMembers, positionFrom, receiptText } from '../wire/json-text.ts';
import { problem } from '../wire/problem.ts';
import { answers, proposal, queries } from '../wire/schemas.ts';
import { stampOf } from './entries.ts';

export const commitRoutes: readonly Route[] = [
  route({
    method: 'post',
    path: '/v1/apps/{app}/commits',
    id: 'commit',
    summary: 'Commits mutations, all or nothing, if every check holds',
    query: queries.none,
    headers: { 'Idempotency-Key': 'a repeat with the same key returns the first receipt' },
    body: { schema: proposal, contentTypes: ['application/json'] },
    answers: {
      200: { description: 'The receipt', schema: answers.receipt },
      409: {
        description: 'A check failed; nothing was changed',
        schema: answers.problem,
        contentType: 'application/problem+json',
      },
    },
    async handle(call) {
      const asked = await call.json(proposal);
      const answer = await call.ledger.commit({ ...proposalOf(asked), stamp: stampOf(call) });
      if (answer.kind === 'committed') return jsonResponse(receiptText(answer));
      const detail = `${answer.failures.length} of the checks failed; nothing was changed`;
      return problem('conflict', detail, conflictMembers(answer));
    },
  }),
];

type Asked = z.output<typeof proposal>;

function proposalOf({ checks = [], mutations = [], ...terms }: Asked): Proposal {
  return {
    ...terms,
    checks: checks.map(checkOf),
    // What an operation may be is the ledger's to say.
    mutations: mutations.map((mutation) =>
      mutation.kind === 'set' ? valued(mutation) : mutation,
    ) as Mutation[],
  };
}

function checkOf(check: NonNullable<Asked['checks']>[number]): Check {
  if (check.kind === 'unchanged') return { ...check, since: positionFrom(check.since) };
  return check.kind === 'value' ? valued(check) : check;
}

type Valued = { readonly value?: unknown; readonly base64?: string | undefined };

/** With a value in place of what stands for one. Throws `invalid_value`. */
function valued<T extends Valued>({ value, base64, ...rest }: T) {
  if ((value === undefined) === (base64 === undefined)) {
    throw new HoldfastError('invalid_value', 'there must be one of `value` and `base64`');
  }
  const bytes = base64 === undefined ? undefined : fromBase64(base64);
  return { ...rest, value: bytes ?? value };
}
