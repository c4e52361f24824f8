/** Schemas of three libraries do alike: the standard is enough, and none is favoured. */
import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { isHoldfastError, open } from '../../src/index.ts';
import type { HoldfastError, StandardSchema } from '../../src/index.ts';

interface Trip {
  readonly day: Date;
  readonly seats: number;
  readonly guests: readonly { readonly name: string }[];
}

interface TripInput {
  readonly day: string;
  readonly seats?: number | undefined;
  readonly guests: { name: string }[];
}

const schemas: Readonly<Record<string, StandardSchema<TripInput, Trip>>> = {
  zod: z.object({
    day: z.iso.date().transform((day) => new Date(day)),
    seats: z.number().min(0).default(1),
    guests: z.array(z.object({ name: z.string() })),
  }),
  'zod, asynchronous': z.object({
    day: z.iso.date().transform(async (day) => new Date(day)),
    seats: z.number().min(0).default(1),
    guests: z.array(z.object({ name: z.string() })),
  }),
  valibot: v.object({
    day: v.pipe(
      v.string(),
      v.isoDate(),
      v.transform((day) => new Date(day)),
    ),
    seats: v.optional(v.pipe(v.number(), v.minValue(0)), 1),
    guests: v.array(v.object({ name: v.string() })),
  }),
  'valibot, asynchronous': v.objectAsync({
    day: v.pipeAsync(
      v.string(),
      v.isoDate(),
      v.transformAsync(async (day) => new Date(day)),
    ),
    seats: v.optional(v.pipe(v.number(), v.minValue(0)), 1),
    guests: v.array(v.object({ name: v.string() })),
  }),
  arktype: type({
    day: 'string.date.iso.parse',
    seats: 'number >= 0 = 1',
    guests: [{ name: 'string' }, '[]'],
  }),
};

const rome: TripInput = { day: '2026-03-01', guests: [{ name: 'Ada' }] };
const romeRead: Trip = { day: new Date('2026-03-01'), seats: 1, guests: [{ name: 'Ada' }] };

function input({ day, seats, guests }: Trip): TripInput {
  return { day: day.toISOString().slice(0, 10), seats, guests: [...guests] };
}

async function refusalOf(refused: Promise<unknown>): Promise<HoldfastError> {
  const error = await refused.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (isHoldfastError(error, 'schema_mismatch')) return error;
  throw new Error(`no schema_mismatch: ${String(error)}`);
}

function pathOf({ details }: HoldfastError): unknown {
  const issues = details?.['issues'] as { path: string }[] | undefined;
  return issues?.[0]?.path;
}

describe.each(Object.entries(schemas))('%s', (_, schema) => {
  test('what is stored is the input, what is read is the output', async () => {
    await using store = await open('memory:');
    const trips = store.scope('trips', { schema });
    const { value } = await trips.set('rome', rome, { returns: 'values' });
    expect(value).toEqual(romeRead);
    expect(await trips.get('rome')).toEqual(romeRead);
    expect(await trips.getMany(['rome', 'oslo'])).toEqual([romeRead, undefined]);
    expect((await trips.page()).entries).toMatchObject([{ value: romeRead }]);
    expect(await store.scope('trips').get('rome')).toEqual(rome);
  });

  test('functions, operations and transactions go through it', async () => {
    await using store = await open('memory:');
    const trips = store.scope('trips', { schema });
    await trips.set('rome', rome);
    await trips.update('rome', (trip = romeRead) => ({ ...input(trip), seats: trip.seats + 1 }));
    await trips.update('rome', [{ op: 'append', path: '/guests', value: { name: 'Bob' } }]);
    await store.app('default').transact(async (tx) => {
      const staged = tx.scope(trips);
      const trip = (await staged.get('rome')) ?? romeRead;
      await staged.set('rome', { ...input(trip), day: '2026-04-01' });
    });
    expect(await trips.get('rome')).toEqual({
      day: new Date('2026-04-01'),
      seats: 2,
      guests: [{ name: 'Ada' }, { name: 'Bob' }],
    });
  });

  test('a refusal names the path, and writes nothing', async () => {
    await using store = await open('memory:');
    const trips = store.scope('trips', { schema });
    const nameless = { ...rome, guests: [{ name: 'Ada' }, { name: 7 as unknown as string }] };
    const refused = await refusalOf(trips.set('rome', nameless));
    expect(pathOf(refused)).toBe('guests[1].name');
    expect(refused.message).toContain(`'rome' in scope 'trips' (given)`);
    expect(refused.message).toContain('at guests[1].name');
    expect(pathOf(await refusalOf(trips.set('rome', { ...rome, day: 'soon' })))).toBe('day');
    expect(await trips.has('rome')).toBe(false);
    await trips.set('rome', rome);
    const fewer = trips.update('rome', [{ op: 'set', path: '/seats', value: -1 }]);
    expect(pathOf(await refusalOf(fewer))).toBe('seats');
    await store.scope('trips').set('oslo', { ...rome, day: 7 });
    const stored = await refusalOf(trips.get('oslo'));
    expect(stored.details).toMatchObject({ key: 'oslo', which: 'stored' });
    expect(pathOf(stored)).toBe('day');
  });

  test('an old value is migrated, then judged', async () => {
    await using store = await open('memory:');
    await store.scope('trips').setMany({ rome: '2026-03-01', oslo: 'soon' });
    const trips = store.scope('trips', {
      schema,
      version: 1,
      migrate: { 0: (day) => ({ day, guests: [{ name: 'Ada' }] }) },
    });
    expect(await trips.get('rome')).toEqual(romeRead);
    expect(pathOf(await refusalOf(trips.get('oslo')))).toBe('day');
    expect(await trips.migrateAll()).toMatchObject({ migrated: 1, refused: [{ key: 'oslo' }] });
    expect(await store.scope('trips').get('rome')).toEqual(rome);
  });

  test('lists judge their items by it', async () => {
    await using store = await open('memory:');
    const trips = store.list('trips', { schema });
    await trips.append(rome);
    expect(await trips.range()).toEqual([romeRead]);
    const refused = await refusalOf(trips.append(rome, { ...rome, day: 'soon' }));
    expect(pathOf(refused)).toBe('day');
    expect(await trips.length()).toBe(1);
  });
});
