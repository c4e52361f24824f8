/** Names that no app, scope, key, client or pin may have. */
import { limits, origin } from '../../../ledger/index.ts';
import { set } from '../acts.ts';
import { mutation, proposal } from './case.ts';
import type { Case, Wrong } from './case.ts';

const names: readonly (readonly [string, unknown])[] = [
  ['an empty name', ''],
  ['a name with NUL', 'a\0b'],
  ['a name with a lone surrogate', 'a\ud800'],
  ['a number as a name', 7],
  ['no name', undefined],
  ['null as a name', null],
  ['an object as a name', {}],
];

export const nameCases: readonly Case[] = names.flatMap(([what, name]): Case[] => [
  mutation(`a set with ${what} as its key`, 'invalid_name', set(name as Wrong, 1)),
  mutation(
    `a set with ${what} as its scope`,
    'invalid_name',
    set('k', 1, { scope: name as Wrong }),
  ),
  [`a read of ${what}`, 'invalid_name', (app) => app.read([{ scope: 's', key: name as Wrong }])],
  [`a scan of ${what}`, 'invalid_name', (app) => app.scan({ scope: name as Wrong })],
  [`a count of ${what}`, 'invalid_name', (app) => app.scope(name as Wrong)],
  [`an erasure of ${what}`, 'invalid_name', (app) => app.erase({ scope: 's', key: name as Wrong })],
  [`a pin called ${what}`, 'invalid_name', (app) => app.pin(name as Wrong, origin, 1000)],
]);

export const reserved: readonly Case[] = ['$ledger', '$ledger/values', '$sys', '$sys/apps'].flatMap(
  (scope): Case[] => [
    mutation(`a set in ${scope}`, 'invalid_name', set('k', 1, { scope })),
    [`a read of ${scope}`, 'invalid_name', (app) => app.read([{ scope, key: 'k' }])],
    [`a scan of ${scope}`, 'invalid_name', (app) => app.scan({ scope })],
  ],
);

export const tooLong: readonly Case[] = [
  mutation('a key over its limit', 'invalid_name', set('k'.repeat(limits.keyBytes + 1), 1)),
  mutation('a key over its limit in bytes', 'invalid_name', set('é'.repeat(513), 1)),
  mutation('a scope over its limit', 'invalid_name', set('k', 1, { scope: 's'.repeat(257) })),
  proposal('a client over its limit', 'invalid_name', {
    stamp: { client: 'c'.repeat(limits.clientNameBytes + 1), sequence: 1 },
  }),
];
