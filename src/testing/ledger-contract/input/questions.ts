/** Questions of the wrong shape: reads, scans, logs, watches, pins, erasures, heartbeats. */
import { limits, origin } from '../../../ledger/index.ts';
import type { LogPage } from '../../../ledger/index.ts';
import type { Case, Wrong } from './case.ts';

function firstOf(watch: AsyncIterable<LogPage>): Promise<unknown> {
  return watch[Symbol.asyncIterator]().next();
}

export const questions: readonly Case[] = [
  ...[null, undefined, 7, {}, 'text'].map((refs, index): Case => [
    `a read of no list (${index})`,
    'invalid_argument',
    (app) => app.read(refs as Wrong),
  ]),
  ...[null, undefined, 7, 'ref'].map((ref, index): Case => [
    `a read of no ref (${index})`,
    'invalid_argument',
    (app) => app.read([ref as Wrong]),
  ]),
  ...[null, undefined, 7].map((query, index): Case => [
    `a scan of no query (${index})`,
    'invalid_argument',
    (app) => app.scan(query as Wrong),
  ]),
  ...[0, -1, 1.5, '1', limits.scanLimitMax + 1, null].flatMap((limit): Case[] => [
    [
      `a scan of ${limit}`,
      'invalid_argument',
      (app) => app.scan({ scope: 's', limit: limit as Wrong }),
    ],
    [`scopes of ${limit}`, 'invalid_argument', (app) => app.scopes({ limit: limit as Wrong })],
    [`a log of ${limit}`, 'invalid_argument', (app) => app.log(origin, { limit: limit as Wrong })],
  ]),
  ...['', 'nonsense', 'W10', '\ud800', 7, null].map((cursor, index): Case => [
    `a cursor that is none (${index})`,
    'invalid_argument',
    (app) => app.scan({ scope: 's', cursor: cursor as Wrong }),
  ]),
  ...(['prefix', 'from', 'to'] as const).flatMap((bound) =>
    [7, null, {}, '\ud800'].map((wrong, index): Case => [
      `a scan with a wrong ${bound} (${index})`,
      'invalid_argument',
      (app) => app.scan({ scope: 's', [bound]: wrong as Wrong }),
    ]),
  ),
  ...[null, undefined, 7, {}, { incarnation: 'x', revision: -1 }].flatMap((at, index): Case[] => [
    [`a log after no position (${index})`, 'invalid_argument', (app) => app.log(at as Wrong)],
    [`a pin at no position (${index})`, 'invalid_argument', (app) => app.pin('p', at as Wrong, 10)],
  ]),
  ...[null, 7, { incarnation: 'x', revision: -1 }].map((after, index): Case => [
    `a watch after no position (${index})`,
    'invalid_argument',
    (app) => firstOf(app.watch({ after: after as Wrong })),
  ]),
  ...[{ key: 'k' }, { prefix: 'k' }, { scope: 's', key: 7 }].flatMap((filter, index): Case[] => {
    const code = index === 2 ? 'invalid_name' : 'invalid_argument';
    return [
      [`a log with a wrong filter (${index})`, code, (app) => app.log(origin, filter as Wrong)],
      [
        `a watch with a wrong filter (${index})`,
        code,
        (app) => firstOf(app.watch(filter as Wrong)),
      ],
    ];
  }),
  ...[-1, 1.5, Number.NaN, '5'].flatMap((ttlMs): Case[] => [
    [`a pin for ${ttlMs}`, 'invalid_argument', (app) => app.pin('p', origin, ttlMs as Wrong)],
    [`a heartbeat for ${ttlMs}`, 'invalid_argument', (app) => app.heartbeat('m', ttlMs as Wrong)],
  ]),
  ...[null, undefined, 7].map((ref, index): Case => [
    `an erasure of no ref (${index})`,
    'invalid_argument',
    (app) => app.erase(ref as Wrong),
  ]),
  ...['', 7, null, 'a\0b'].map((member, index): Case => [
    `a heartbeat of nobody (${index})`,
    'invalid_name',
    (app) => app.heartbeat(member as Wrong, 10),
  ]),
];
